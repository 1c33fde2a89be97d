import Networks

/// Features split by the Haar transform: the low band through a Transformer block, the three detail bands through convolutions, joined
/// again by the inverse transform: (N, H, W, C) → (N, H, W, C), H and W even.
///
/// Attention sees the global, low frequencies at a quarter of the cost; edges stay local.
struct HaarTransformerBlock: Sendable {
    let transformer: TransformerBlock
    let detailLocal: DepthwiseLayer
    let detailMix: ConvolutionLayer
    let channels: Int
    let usesHaar: Bool

    init(_ scope: ParameterScope, channels: Int, usesHaar: Bool = true) throws {
        (self.channels, self.usesHaar) = (channels, usesHaar)
        transformer = try TransformerBlock(scope("transformer"), channels: channels)
        detailLocal = try DepthwiseLayer(scope("detail_local"), channels: 3 * channels)
        detailMix = try ConvolutionLayer(scope("detail_mix"), kernel: 1, inputs: 3 * channels, outputs: 3 * channels, gain: 0.5)
    }

    func callAsFunction(_ x: Variable) -> Variable {
        let bands = usesHaar ? haar(x) : corners(x)
        let low = transformer(slice(bands, 0..<channels))
        let details = slice(bands, channels..<4 * channels)
        let result = concatenate([low, detailMix(silu(detailLocal(details)), residual: details)])
        return usesHaar ? inverseHaar(result) : picture(corners: result)
    }
}

/// Halves height and width without loss: Haar transform, then a mix of its four bands: (N, H, W, C) → (N, H/2, W/2, O).
struct HaarDown: Sendable {
    let mix: ConvolutionLayer

    init(_ scope: ParameterScope, inputs: Int, outputs: Int) throws {
        mix = try ConvolutionLayer(scope, kernel: 1, inputs: 4 * inputs, outputs: outputs)
    }

    func callAsFunction(_ x: Variable) -> Variable { mix(haar(x)) }
}

/// Doubles height and width: four bands from a mix, then the inverse Haar transform: (N, H, W, C) → (N, 2H, 2W, O).
struct HaarUp: Sendable {
    let mix: ConvolutionLayer

    init(_ scope: ParameterScope, inputs: Int, outputs: Int) throws {
        mix = try ConvolutionLayer(scope, kernel: 1, inputs: inputs, outputs: 4 * outputs)
    }

    func callAsFunction(_ x: Variable) -> Variable { inverseHaar(mix(x)) }
}
