import Networks

/// Compares the gradients of a function with central differences, in a way that single precision can bear.
///
/// The output y is projected to f = Σ w·y with fixed normal weights w, summed in double. Each input moves by ±h and ±2h along random
/// sign vectors and along single elements; the differences of f are set against Σ g·Δx, with Δx as the floats really moved.
///
/// The tolerance has three parts:
/// - truncation: central differences err by O(h²); Richardson's combination (4D(h) − D(2h)) / 3 errs by O(h⁴), and its distance from D(h)
///   bounds what is left. A wrong gradient does not widen it: both differences see the function alone.
/// - rounding of y: `depth` roundings on the way to an element, each of the unit roundoff, independent: 4 · √depth · u · ‖w·y‖₂ per value of f.
/// - rounding of g: the same for the gradient, 4 · √depth · u · ‖g·Δx‖₂.
///
/// - Parameters:
///   - step: h. The function must have no kink within 2h (times the largest element moved) of the inputs.
///   - depth: roundings on the way to one element: about the length of the longest sum.
/// - Returns: one message per direction in which they differ; empty where the gradients are right.
public func gradientProblems(
    of inputs: [Tensor], step: Float = 1 / 32, depth: Double = 64, seed: UInt64 = 7, _ function: ([Variable]) -> Variable
) -> [String] {
    let tracked = inputs.map { Variable($0.copy(), isTracked: true) }
    let output = function(tracked)
    let weights = Tensor.random(output.shape, seed: seed, stream: 1)
    let projection = Projection(weights: weights, y: output.value, depth: depth)
    output.backward(weights)
    func value(_ index: Int, _ moved: Tensor) -> Double {
        let variables = inputs.indices.map { Variable($0 == index ? moved : inputs[$0]) }
        return projection(function(variables).value)
    }
    var problems: [String] = []
    for (index, input) in inputs.enumerated() {
        guard let gradient = tracked[index].gradient, gradient.shape == input.shape else {
            problems.append("input \(index) has no gradient of its shape \(input.shape)")
            continue
        }
        for (name, direction) in directions(input.shape, seed: seed &+ UInt64(index)) {
            func difference(_ h: Float) -> (finite: Double, analytic: Double, rounding: Double) {
                let ahead = Tensor(input.shape, zip(input.values, direction).map { $0 + h * $1 })
                let behind = Tensor(input.shape, zip(input.values, direction).map { $0 - h * $1 })
                let moves = zip(ahead.values, behind.values).map { Double($0) - Double($1) }
                let shares = zip(gradient.values, moves).map { Double($0) * $1 }
                return (
                    value(index, ahead) - value(index, behind), shares.reduce(0, +),
                    4 * depth.squareRoot() * unitRoundoff * shares.reduce(0) { $0 + $1 * $1 }.squareRoot()
                )
            }
            let (near, far) = (difference(step), difference(2 * step))
            let best = (4 * near.finite - far.finite / 2) / 3
            let tolerance = abs(best - near.finite) + 4 * projection.rounding + near.rounding
            if !(abs(best - near.analytic) <= tolerance) {
                problems.append(
                    "input \(index) \(input.shape) along \(name): gradient \(near.analytic / Double(2 * step)), "
                        + "differences \(best / Double(2 * step)), tolerance \(tolerance / Double(2 * step))")
            }
        }
    }
    return problems
}

/// f = Σ w·y and the rounding error to be expected of it.
private struct Projection {
    let weights: Tensor
    let rounding: Double

    init(weights: Tensor, y: Tensor, depth: Double) {
        self.weights = weights
        // An element that came out small by cancellation carries the error of its larger terms: none counts less than the mean square.
        let level = y.values.reduce(0) { $0 + Double($1) * Double($1) } / Double(max(1, y.count))
        let squares = zip(weights.values, y.values).map { Double($0) * Double($0) * max(level, Double($1) * Double($1)) }
        rounding = 4 * depth.squareRoot() * unitRoundoff * squares.reduce(0, +).squareRoot()
    }

    func callAsFunction(_ y: Tensor) -> Double {
        zip(weights.values, y.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
}

/// Two vectors of random signs, and single elements: the first, the last and up to four between.
private func directions(_ shape: Shape, seed: UInt64) -> [(name: String, vector: [Float])] {
    var generator = Philox(seed: seed, stream: 2)
    var result = (0..<2).map {
        (name: "signs \($0)", vector: (0..<shape.count).map { _ in Bool.random(using: &generator) ? Float(1) : -1 })
    }
    let picks = Set([0, shape.count - 1] + (0..<4).map { _ in Int.random(in: 0..<shape.count, using: &generator) })
    for pick in picks.sorted() {
        var vector = [Float](repeating: 0, count: shape.count)
        vector[pick] = 1
        result.append((name: "element \(shape.place(of: pick))", vector: vector))
    }
    return result
}
