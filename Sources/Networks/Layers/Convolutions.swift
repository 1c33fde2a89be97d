/// Dense convolution with bias, kernel 1 or 3: (N, H, W, inputs) → (N, H, W, outputs).
public struct ConvolutionLayer: Sendable {
    let weight: Variable
    let bias: Variable

    /// - Parameter gain: the scale of the first weights; 0 makes a layer that starts silent.
    public init(_ scope: ParameterScope, kernel: Int, inputs: Int, outputs: Int, gain: Float = 1) throws {
        let fan = kernel * kernel * inputs
        weight = try scope.parameter("weight", Shape(kernel, kernel, inputs, outputs), .scaled(inputs: fan, gain: gain))
        bias = try scope.parameter("bias", .vector(outputs), .constant(0))
    }

    public func callAsFunction(_ x: Variable, residual: Variable? = nil) -> Variable {
        convolution(x, weight, bias: bias, residual: residual)
    }
}

/// 3×3 convolution of each channel by itself, with bias: (N, H, W, C) → (N, H, W, C).
public struct DepthwiseLayer: Sendable {
    let weight: Variable
    let bias: Variable

    public init(_ scope: ParameterScope, channels: Int) throws {
        weight = try scope.parameter("weight", Shape(3, 3, 1, channels), .scaled(inputs: 9))
        bias = try scope.parameter("bias", .vector(channels), .constant(0))
    }

    public func callAsFunction(_ x: Variable) -> Variable { depthwiseConvolution(x, weight, bias: bias) }
}
