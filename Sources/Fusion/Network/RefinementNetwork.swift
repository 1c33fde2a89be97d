import Networks

/// n_θ(x̃_0, x_m1, x_m2, t): a small Restormer-style network that turns the noisy estimate into x̄_0, as a residual on x̃_0.
///
/// A fused image follows one source or the other nearly everywhere, and noise that stays in x̃_0 is hard to cancel by a sum: so the
/// residual has two decisions per pixel, s between the sources and k for keeping what they say, and a bounded rest r:
///
///     x̄_0 = x̃_0 + k·(s·x_m1 + (1 − s)·x_m2 − x̃_0) + r,    s = σ(s'), k = σ(k'), r = tanh(r')
struct RefinementNetwork: Sendable {
    let time: TimestepEmbedding
    let stem: ConvolutionLayer
    let modulation: ConvolutionLayer
    let encoder: TransformerBlock
    let down: HaarDown
    let bottomModulation: ConvolutionLayer
    let bottom: TransformerBlock
    let up: HaarUp
    let decoder: TransformerBlock
    let head: ConvolutionLayer

    init(_ scope: ParameterScope, channels: [Int], embedding: Int) throws {
        time = try TimestepEmbedding(scope("time"), sinusoids: 64, channels: embedding)
        stem = try ConvolutionLayer(scope("stem"), kernel: 3, inputs: 12, outputs: channels[0])
        modulation = try ConvolutionLayer(scope("modulation"), kernel: 1, inputs: embedding, outputs: 2 * channels[0], gain: 0.1)
        encoder = try TransformerBlock(scope("encoder"), channels: channels[0])
        down = try HaarDown(scope("down"), inputs: channels[0], outputs: channels[1])
        bottomModulation = try ConvolutionLayer(
            scope("bottom_modulation"), kernel: 1, inputs: embedding, outputs: 2 * channels[1], gain: 0.1)
        bottom = try TransformerBlock(scope("bottom"), channels: channels[1])
        up = try HaarUp(scope("up"), inputs: channels[1], outputs: channels[0])
        decoder = try TransformerBlock(scope("decoder"), channels: channels[0])
        head = try ConvolutionLayer(scope("head"), kernel: 3, inputs: channels[0], outputs: 12, gain: 0.1)
    }

    /// - Parameters:
    ///   - estimate: x̃_0, (N, H, W, 1) in −1...1, H and W multiples of 4.
    ///   - mri, other: the sources, the same shape.
    ///   - timesteps: t of each image.
    /// - Returns: x̄_0, (N, H, W, 1).
    func callAsFunction(_ estimate: Variable, mri: Variable, other: Variable, timesteps: [Int]) -> Variable {
        let embedding = time(timesteps)
        let features = encoder(modulate(stem(haar(concatenate([estimate, mri, other]))), by: modulation(embedding)))
        let deep = bottom(modulate(down(features), by: bottomModulation(embedding)))
        let decisions = inverseHaar(head(decoder(features + up(deep))))
        let rest = slice(decisions, 0..<1).affine(scale: 2).logistic.affine(scale: 2, offset: -1)
        let (choice, keep) = (slice(decisions, 1..<2).logistic, slice(decisions, 2..<3).logistic)
        return estimate + keep * (other + choice * (mri - other) - estimate) + rest
    }
}
