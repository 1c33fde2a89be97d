import Diffusion
import Imaging
import Networks
import Tensors

/// Draws from p_θ(x_0 | x_m1, x_m2): what ε_θ alone has learned of Φ(P), as the network n_θ and the guidance have not yet decided.
///
/// ε_θ is trained towards candidates x_0 ~ Φ(P), so its reverse chain draws from them: they differ where the fusion is a choice, and by what
/// ε_θ does not know. n_θ and the guidance take that choice, nearly the same from every start; pictures that they have finished say
/// little of it. The chain is ancestral (DDIM with η = 1), with steps dense near the image, where they take out the grain.
struct PriorDraws {
    /// Steps of the chain, unless the schedule has fewer. With 4 the grain drowns what uniform tissue should have less of; 12 change little.
    static let mostSteps = 8

    private let schedule: NoiseSchedule
    private let estimator: RoughEstimator
    private let background: Background
    private let size: (height: Int, width: Int)
    private let sampler: DDIMSampler

    /// Encodes a pair of one size.
    init(_ model: FusionModel, mri: Plane, other: Plane) throws {
        schedule = model.description.schedule
        size = (mri.height, mri.width)
        let (first, second) = (Padding.sized(mri), Padding.sized(other))
        estimator = RoughEstimator(model, mri: first, other: second)
        background = Background(first, second)
        sampler = try DDIMSampler(schedule: schedule, count: Self.steps(schedule), spacing: .quadratic, eta: 1)
    }

    /// Steps of a draw.
    static func steps(_ schedule: NoiseSchedule) -> Int { min(mostSteps, schedule.steps) }

    /// One draw, (1, H, W, 1) in −1...1, a function of the seed.
    ///
    /// - Parameter willStep: called before each step with the steps done; what it throws ends the draw.
    func callAsFunction(seed: UInt64, willStep: (_ completed: Int) throws -> Void = { _ in }) throws -> Tensor {
        let shape = Shape(1, background.inside.shape.h, background.inside.shape.w, 1)
        let x = try sampler.sample(shape: shape, seed: seed, willStep: { done, _ in try willStep(done) }) { x, t in
            background.cleared(Elementwise.clamp(try estimator(x, at: t), -1, 1))
        }
        return Padding.crop(x, height: size.height, width: size.width)
    }
}

/// x̃_0 from x_t for one pair: ε_θ without n_θ.
enum RoughEstimator {
    case plan(InferencePlan, NoiseSchedule)
    case networks(FusionModel, mri: Variable, other: Variable, prepared: Condition)

    /// - Parameters: both sources (1, H, W, 1) in −1...1, sides multiples of `FusionModel.sideMultiple`.
    init(_ model: FusionModel, mri: Tensor, other: Tensor) {
        if model.description.ablation == nil {
            let plan = InferencePlan(model, height: mri.shape.h, width: mri.shape.w)
            plan.encode(mri: mri, other: other)
            self = .plan(plan, model.description.schedule)
        } else {
            let (mri, other) = (Variable(mri), Variable(other))
            self = .networks(model, mri: mri, other: other, prepared: model.predictor.prepare(model.encoder(mri: mri, other: other)))
        }
    }

    func callAsFunction(_ x: Tensor, at t: Int) throws -> Tensor {
        switch self {
        case .plan(let plan, let schedule):
            return try schedule.origin(of: x, noise: plan.noise(in: x, at: t), at: [t])
        case .networks(let model, let mri, let other, let prepared):
            let answer = try model.estimate(Variable(x), mri: mri, other: other, prepared: prepared, timesteps: [t]).noise.value
            // Without diffusion the network answers x̃_0 itself, the same from every x_t.
            return model.description.ablation == .diffusion ? answer : try model.description.schedule.origin(of: x, noise: answer, at: [t])
        }
    }
}

extension Padding {
    /// A plane in −1...1, its edges repeated to sides that the networks take.
    static func sized(_ plane: Plane) -> Tensor {
        edge(Tensor(normalizing: plane), height: FusionModel.padded(plane.height), width: FusionModel.padded(plane.width))
    }
}
