/// The moments and steps of Adam (Kingma and Ba 2015, arXiv:1412.6980, Algorithm 1) on the elements of one tensor in 0...1, uphill.
public struct AscentStep {
    private let mean: Tensor
    private let square: Tensor
    private let decay: (mean: Float, square: Float)
    private var powers: (mean: Float, square: Float) = (1, 1)

    /// Before the first step.
    ///
    /// - Parameter decay: β₁ and β₂, 0..<1.
    public init(_ shape: Shape, decay: (mean: Float, square: Float)) {
        (mean, square) = (Tensor(shape), Tensor(shape))
        self.decay = decay
    }

    /// Moves `x` in place, within 0...1. Elements whose slopes were 0 in every step stay as they are. O(count).
    ///
    /// - Parameters:
    ///   - slope: of x's shape.
    ///   - rate: the step's size, where the slope's sign is steady and the slope far larger than `damping`.
    ///   - damping: Adam's ε, above 0.
    public mutating func callAsFunction(_ x: Tensor, slope: Tensor, rate: Float, damping: Float) {
        require(x.shape == mean.shape && slope.shape == mean.shape, "\(x.shape) or its slope \(slope.shape) is not of shape \(mean.shape)")
        powers = (powers.mean * decay.mean, powers.square * decay.square)
        let (rate, correction) = (rate / (1 - powers.mean), 1 / (1 - powers.square))
        let (mean, square, slope) = (mean.pointer, square.pointer, UnsafePointer(slope.pointer))
        Elementwise.update(x) { value, i in
            let slope = (slope + i).vector
            let m = ((mean + i).vector * decay.mean).addingProduct(slope, Vector(repeating: 1 - decay.mean))
            let v = ((square + i).vector * decay.square).addingProduct(slope * slope, Vector(repeating: 1 - decay.square))
            (mean + i).vector = m
            (square + i).vector = v
            let moved = value + rate * m / (root(v * correction) + damping)
            return smaller(larger(moved, Vector()), Vector(repeating: 1))
        }
    }
}
