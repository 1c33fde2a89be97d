import Foundation

/// Adam with decoupled weight decay (Kingma and Ba 2015; Loshchilov and Hutter 2019), with clipping of the gradient's global norm.
public final class AdamW {
    public var beta1: Float = 0.9
    public var beta2: Float = 0.999
    public var epsilon: Float = 1e-8
    /// Decoupled decay per step, times the learning rate; applied to convolution weights alone, not to biases, scales and temperatures.
    public var weightDecay: Float = 1e-4
    /// The largest global L2 norm of the gradient; larger ones are scaled down to it.
    public var largestNorm: Float = 1
    /// How many steps have been taken.
    public private(set) var steps = 0

    private let variables: [Variable]
    private var means: [Tensor]
    private var squares: [Tensor]

    public init(_ variables: [Variable]) {
        self.variables = variables
        means = variables.map { Tensor($0.shape) }
        squares = variables.map { Tensor($0.shape) }
    }

    /// One step along the gradients of the variables, which are cleared. O(parameters).
    ///
    /// A gradient that is not finite leaves everything as it is.
    /// - Returns: the global norm of the gradient before clipping.
    @discardableResult
    public func step(learningRate: Float) -> Float {
        defer { variables.forEach { $0.clearGradient() } }
        let norm = variables.reduce(0.0) { $0 + ($1.gradient.map(squaredNorm) ?? 0) }.squareRoot()
        guard norm.isFinite else { return Float(norm) }
        steps += 1
        let scale = min(1, largestNorm / max(Float(norm), 1e-12))
        let correction1 = 1 - pow(beta1, Float(steps))
        let correction2 = (1 - pow(beta2, Float(steps))).squareRoot()
        let (beta1, beta2, epsilon) = (beta1, beta2, epsilon)
        for (index, variable) in variables.enumerated() {
            guard let gradient = variable.gradient else { continue }
            let (m, v, g) = (means[index].pointer, squares[index].pointer, gradient.pointer)
            let decay = variable.shape.n * variable.shape.h * variable.shape.w > 1 ? weightDecay * learningRate : 0
            variable.update { w in
                for i in 0..<variable.shape.count {
                    let slope = g[i] * scale
                    m[i] += (1 - beta1) * (slope - m[i])
                    v[i] += (1 - beta2) * (slope * slope - v[i])
                    w[i] -= learningRate * (m[i] / correction1) / (v[i].squareRoot() / correction2 + epsilon) + decay * w[i]
                }
            }
        }
        return Float(norm)
    }

    private func squaredNorm(_ x: Tensor) -> Double {
        var sum = 0.0
        for i in 0..<x.count { sum += Double(x.pointer[i]) * Double(x.pointer[i]) }
        return sum
    }

    /// The running moments by name, for a checkpoint.
    public func state(names: [String]) -> [String: Tensor] {
        var result: [String: Tensor] = [:]
        for (index, name) in names.enumerated() {
            result["adam.mean." + name] = means[index]
            result["adam.square." + name] = squares[index]
        }
        return result
    }

    /// Takes up the moments of a checkpoint.
    ///
    /// - Throws: `ParameterError` when one is missing or of another shape.
    public func restore(_ tensors: [String: Tensor], names: [String], steps: Int) throws {
        func find(_ name: String, _ shape: Shape) throws -> Tensor {
            guard let tensor = tensors[name] else { throw ParameterError.missing(name: name) }
            guard tensor.shape == shape else { throw ParameterError.wrongShape(name: name, found: tensor.shape, needed: shape) }
            return tensor.copy()
        }
        means = try names.enumerated().map { try find("adam.mean." + $1, variables[$0].shape) }
        squares = try names.enumerated().map { try find("adam.square." + $1, variables[$0].shape) }
        self.steps = steps
    }
}
