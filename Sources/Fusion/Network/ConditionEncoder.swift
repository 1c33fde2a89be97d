import Networks

/// What the denoising network is told about the sources: one feature map per level, (N, H/2, W/2, C₀), (N, H/4, W/4, C₁), ...
///
/// It does not depend on the timestep: it is computed once per pair.
public struct Condition: Sendable {
    let levels: [Variable]
}

/// Encodes one modality on its own: a Haar-Transformer block at every level, Haar transforms between the levels.
struct ModalityEncoder: Sendable {
    let stem: ConvolutionLayer
    let blocks: [HaarTransformerBlock]
    let downs: [HaarDown]

    init(_ scope: ParameterScope, channels: [Int], ablation: Ablation?) throws {
        stem = try ConvolutionLayer(scope("stem"), kernel: 3, inputs: 4, outputs: channels[0])
        blocks = try channels.enumerated().map { try HaarTransformerBlock(scope("block\($0)"), channels: $1, usesHaar: ablation != .haar) }
        downs = try zip(channels, channels.dropFirst()).enumerated().map {
            try HaarDown(scope("down\($0)"), inputs: $1.0, outputs: $1.1)
        }
    }

    /// The features of `source` (N, H, W, 1) at every level.
    func callAsFunction(_ source: Variable) -> [Variable] {
        var levels: [Variable] = []
        var x = stem(haar(source))
        for (index, block) in blocks.enumerated() {
            if index > 0 { x = downs[index - 1](x) }
            x = block(x)
            levels.append(x)
        }
        return levels
    }
}

/// Both modalities encoded, each attending to the other at every level, merged into one condition.
struct ConditionEncoder: Sendable {
    let first: ModalityEncoder
    let second: ModalityEncoder
    /// One per level; none without cross-attention.
    let firstToSecond: [CrossAttention]
    let secondToFirst: [CrossAttention]
    let merges: [ConvolutionLayer]

    init(_ scope: ParameterScope, channels: [Int], ablation: Ablation? = nil) throws {
        first = try ModalityEncoder(scope("first"), channels: channels, ablation: ablation)
        second = try ModalityEncoder(scope("second"), channels: channels, ablation: ablation)
        let attentive = ablation == .attention ? [] : channels
        firstToSecond = try attentive.enumerated().map { try CrossAttention(scope("first_to_second\($0)"), channels: $1) }
        secondToFirst = try attentive.enumerated().map { try CrossAttention(scope("second_to_first\($0)"), channels: $1) }
        merges = try channels.enumerated().map {
            try ConvolutionLayer(scope("merge\($0)"), kernel: 1, inputs: 2 * $1, outputs: $1)
        }
    }

    /// - Parameters:
    ///   - mri: (N, H, W, 1) in −1...1, H and W multiples of 16.
    ///   - other: the other modality, the same shape.
    func callAsFunction(mri: Variable, other: Variable) -> Condition {
        let (a, b) = (first(mri), second(other))
        return Condition(
            levels: merges.indices.map { level in
                guard !firstToSecond.isEmpty else { return merges[level](concatenate([a[level], b[level]])) }
                return merges[level](
                    concatenate([
                        firstToSecond[level](a[level], attendingTo: b[level]),
                        secondToFirst[level](b[level], attendingTo: a[level]),
                    ]))
            })
    }
}
