import Tensors

/// What the schedules, the samplers and the bound refuse.
public enum DiffusionError: Error, Equatable, CustomStringConvertible {
    /// A schedule of this many steps: outside `NoiseSchedule.allowedSteps`.
    case steps(Int)
    /// A β outside (0, 1), given or resulting.
    case beta(Double)
    /// A cosine schedule's offset that is negative, infinite or not a number.
    case offset(Double)
    /// At this timestep so little signal or noise is left that single precision cannot divide by it.
    case degenerate(timestep: Int)
    /// A timestep outside 1...steps.
    case timestep(Int, steps: Int)
    /// A sub-sequence of this many timesteps: fewer than one or more than the schedule has.
    case subsequence(count: Int, steps: Int)
    /// A sub-sequence that does not strictly descend: the offending timestep and its predecessor.
    case order(Int, after: Int)
    /// A decoder's variance that is not positive and finite.
    case variance(Double)
    /// DDIM's η outside 0...1.
    case eta(Double)
    /// A shape with an axis below one, or too large to address.
    case shape(Shape)
    /// Two tensors that should have one shape.
    case shapes(expected: Shape, found: Shape)
    /// As many timesteps, errors or samples were expected as the first number says.
    case count(expected: Int, found: Int)

    /// One sentence for the log or the reply.
    public var description: String {
        switch self {
        case .steps(let steps): "a schedule cannot have \(steps) steps; allowed are \(NoiseSchedule.allowedSteps)"
        case .beta(let beta): "β = \(beta) does not lie between 0 and 1"
        case .offset(let offset): "a cosine schedule cannot have the offset \(offset)"
        case .degenerate(let t): "no signal or no noise is left at timestep \(t)"
        case .timestep(let t, let steps): "timestep \(t) does not lie in 1...\(steps)"
        case .subsequence(let count, let steps): "cannot choose \(count) of \(steps) timesteps"
        case .order(let t, let previous): "timestep \(t) follows \(previous), but timesteps must descend"
        case .variance(let variance): "a decoder cannot have the variance \(variance)"
        case .eta(let eta): "η = \(eta) does not lie in 0...1"
        case .shape(let shape): "nothing can be sampled in the shape \(shape)"
        case .shapes(let expected, let found): "expected the shape \(expected), found \(found)"
        case .count(let expected, let found): "expected \(expected) items, found \(found)"
        }
    }
}
