import Networks

/// What separates a result from its reference, by its worst element; nil where every element is within its tolerance.
///
/// `tolerance` has one bound per element, derived from the computation (a dot product of K terms: K · ε · Σ|a||b|).
public func mismatch(_ actual: Tensor, _ expected: [Double], tolerance: [Double]) -> String? {
    guard actual.count == expected.count, tolerance.count == expected.count else {
        return "\(actual.shape) has \(actual.count) elements, the reference \(expected.count), the tolerance \(tolerance.count)"
    }
    var worst = (excess: 1.0, index: -1)
    for (index, (value, reference)) in zip(actual.values, expected).enumerated() {
        let error = abs(Double(value) - reference)
        // Written so that a NaN on either side, or as the tolerance, is a mismatch.
        let excess = error <= tolerance[index] ? 0 : error.isNaN ? .infinity : error / max(tolerance[index], .leastNormalMagnitude)
        if excess > worst.excess || (worst.index < 0 && !(error <= tolerance[index])) { worst = (excess, index) }
    }
    guard worst.index >= 0 else { return nil }
    let i = worst.index
    return "element \(actual.shape.place(of: i)) of \(actual.shape) is \(actual.values[i]) instead of \(expected[i]), "
        + "\(worst.excess) times the tolerance \(tolerance[i])"
}

/// One bound for all elements.
public func mismatch(_ actual: Tensor, _ expected: [Double], tolerance: Double) -> String? {
    mismatch(actual, expected, tolerance: Array(repeating: tolerance, count: expected.count))
}

/// One bound for all elements.
public func mismatch(_ actual: Tensor, _ expected: Tensor, tolerance: Double) -> String? {
    guard actual.shape == expected.shape else { return "shape \(actual.shape) instead of \(expected.shape)" }
    return mismatch(actual, expected.values.map(Double.init), tolerance: tolerance)
}

/// The largest magnitude of an element, at least the smallest normal number.
public func largest(_ x: Tensor) -> Double { x.values.reduce(Double(Float.leastNormalMagnitude)) { max($0, Double($1.magnitude)) } }

/// The gap between 1 and the next larger Float, halved: the largest relative error of one rounding.
public let unitRoundoff = 0x1p-24
