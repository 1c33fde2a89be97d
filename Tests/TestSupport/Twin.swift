import Networks

/// The output of a naive twin of a kernel: sums in double, and with each the sum of its terms' magnitudes.
///
/// A sum of K products in any order, each rounded, errs by at most K · u · Σ|a·b| to first order (Higham, "Accuracy and Stability of
/// Numerical Algorithms", section 3.1): the tolerance of a comparison with the kernel.
public struct Twin {
    public let shape: Shape
    public var values: [Double]
    public var magnitudes: [Double]

    public init(_ shape: Shape) {
        (self.shape, values) = (shape, Array(repeating: 0, count: shape.count))
        magnitudes = values
    }

    /// Adds a term to an element.
    public mutating func add(_ term: Double, to n: Int, _ y: Int, _ x: Int, _ c: Int) {
        let index = ((n * shape.h + y) * shape.w + x) * shape.c + c
        values[index] += term
        magnitudes[index] += abs(term)
    }

    /// What separates a kernel's output from this one by more than `roundings` · u · Σ|terms|.
    public func mismatch(_ actual: Tensor, roundings: Int) -> String? {
        guard actual.shape == shape else { return "shape \(actual.shape) instead of \(shape)" }
        return TestSupport.mismatch(actual, values, tolerance: magnitudes.map { $0 * Double(roundings) * unitRoundoff + 1e-37 })
    }
}

extension Shape {
    /// Calls `body` with the four indices of each element, in order.
    public func forEach(_ body: (Int, Int, Int, Int) -> Void) {
        for i in 0..<n { for y in 0..<h { for x in 0..<w { for z in 0..<c { body(i, y, x, z) } } } }
    }
}
