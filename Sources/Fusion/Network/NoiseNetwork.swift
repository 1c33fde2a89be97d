import Networks

/// ε_θ(x_t, condition, t): a U-Net on the Haar bands of x_t, with the condition added at every level.
///
/// White noise stays white under the orthonormal Haar transform, so the network works at half resolution and nothing is lost.
struct NoiseNetwork: Sendable {
    let time: TimestepEmbedding
    let stem: ConvolutionLayer
    let conditionMixes: [ConvolutionLayer]
    let encoders: [ResidualBlock]
    let downs: [HaarDown]
    let bottom: TransformerBlock
    let bottomBlock: ResidualBlock
    let ups: [HaarUp]
    let skips: [ConvolutionLayer]
    let decoders: [ResidualBlock]
    let head: ConvolutionLayer

    init(_ scope: ParameterScope, channels: [Int], embedding: Int) throws {
        time = try TimestepEmbedding(scope("time"), sinusoids: 64, channels: embedding)
        stem = try ConvolutionLayer(scope("stem"), kernel: 3, inputs: 4, outputs: channels[0])
        conditionMixes = try channels.enumerated().map {
            try ConvolutionLayer(scope("condition\($0)"), kernel: 1, inputs: $1, outputs: $1)
        }
        encoders = try channels.enumerated().map { try ResidualBlock(scope("encoder\($0)"), channels: $1, embedding: embedding) }
        let steps = Array(zip(channels, channels.dropFirst()).enumerated())
        downs = try steps.map { try HaarDown(scope("down\($0)"), inputs: $1.0, outputs: $1.1) }
        bottom = try TransformerBlock(scope("bottom"), channels: channels.last!)
        bottomBlock = try ResidualBlock(scope("bottom_block"), channels: channels.last!, embedding: embedding)
        ups = try steps.map { try HaarUp(scope("up\($0)"), inputs: $1.1, outputs: $1.0) }
        skips = try steps.map { try ConvolutionLayer(scope("skip\($0)"), kernel: 1, inputs: 2 * $1.0, outputs: $1.0) }
        decoders = try steps.map { try ResidualBlock(scope("decoder\($0)"), channels: $1.0, embedding: embedding) }
        head = try ConvolutionLayer(scope("head"), kernel: 3, inputs: channels[0], outputs: 4, gain: 0.1)
    }

    /// The part of the condition's path that does not depend on t.
    func prepare(_ condition: Condition) -> Condition {
        Condition(levels: zip(conditionMixes, condition.levels).map { $0($1) })
    }

    /// - Parameters:
    ///   - x: x_t, (N, H, W, 1), H and W multiples of 8.
    ///   - prepared: from `prepare`.
    ///   - timesteps: t of each image.
    /// - Returns: the predicted noise, (N, H, W, 1).
    func callAsFunction(_ x: Variable, prepared: Condition, timesteps: [Int]) -> Variable {
        let embedding = time(timesteps)
        var h = stem(haar(x), residual: prepared.levels[0])
        var kept: [Variable] = []
        for (level, encoder) in encoders.enumerated() {
            if level > 0 { h = downs[level - 1](h) + prepared.levels[level] }
            h = encoder(h, embedding: embedding)
            kept.append(h)
        }
        h = bottomBlock(bottom(h), embedding: embedding)
        for level in ups.indices.reversed() {
            h = skips[level](concatenate([ups[level](h), kept[level]]))
            h = decoders[level](h, embedding: embedding)
        }
        return inverseHaar(head(h))
    }
}
