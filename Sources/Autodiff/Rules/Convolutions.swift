/// Dense convolution, stride 1, zero padding: see `Convolution.forward`.
///
/// - Parameters:
///   - x: (N, H, W, C).
///   - weights: (k, k, C, O), k = 1 or 3.
///   - bias: (1, 1, 1, O).
///   - residual: (N, H, W, O), added to the result.
public func convolution(_ x: Variable, _ weights: Variable, bias: Variable? = nil, residual: Variable? = nil) -> Variable {
    let value = Convolution.forward(x.value, weights.packed, bias: bias?.value, residual: residual?.value)
    return Variable(value, from: [x, weights] + [bias, residual].compactMap { $0 }) { gradient in
        x.receive(Convolution.forward(gradient, weights.packedForInputGradient))
        weights.receive(Convolution.weightGradient(input: x.value, outputGradient: gradient, kernel: weights.shape.n))
        bias?.receive(Reduction.overPixels(gradient))
        residual?.receive(gradient, owned: false)
    }
}

/// 3×3 convolution of each channel by itself: see `DepthwiseConvolution.forward`.
///
/// - Parameters:
///   - x: (N, H, W, C).
///   - weights: (3, 3, 1, C).
///   - bias: (1, 1, 1, C).
public func depthwiseConvolution(_ x: Variable, _ weights: Variable, bias: Variable? = nil) -> Variable {
    let value = DepthwiseConvolution.forward(x.value, weights.value, bias: bias?.value)
    return Variable(value, from: [x, weights] + [bias].compactMap { $0 }) { gradient in
        x.receive(DepthwiseConvolution.inputGradient(gradient, weights.value))
        weights.receive(DepthwiseConvolution.weightGradient(input: x.value, outputGradient: gradient))
        bias?.receive(Reduction.overPixels(gradient))
    }
}
