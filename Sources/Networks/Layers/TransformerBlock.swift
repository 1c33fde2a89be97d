/// Multi-Dconv transposed self-attention (MDTA; Zamir et al. 2022, section 3.1): (N, H, W, C) → (N, H, W, C).
public struct TransposedAttention: Sendable {
    let expand: ConvolutionLayer
    let local: DepthwiseLayer
    let project: ConvolutionLayer
    let temperature: Variable
    let heads: Int

    public init(_ scope: ParameterScope, channels: Int, heads: Int) throws {
        expand = try ConvolutionLayer(scope("expand"), kernel: 1, inputs: channels, outputs: 3 * channels)
        local = try DepthwiseLayer(scope("local"), channels: 3 * channels)
        project = try ConvolutionLayer(scope("project"), kernel: 1, inputs: channels, outputs: channels)
        temperature = try scope.parameter("temperature", .vector(heads), .constant(1))
        self.heads = heads
    }

    /// The attention of `x`, projected, plus `residual`.
    public func callAsFunction(_ x: Variable, residual: Variable) -> Variable {
        project(channelAttention(local(expand(x)), heads: heads, temperature: temperature), residual: residual)
    }
}

/// Gated-Dconv feed-forward network (GDFN; Zamir et al. 2022, section 3.2): (N, H, W, C) → (N, H, W, C).
public struct GatedFeedForward: Sendable {
    let expand: ConvolutionLayer
    let local: DepthwiseLayer
    let project: ConvolutionLayer

    /// - Parameter hidden: channels of the gated signal, a multiple of 16; Restormer takes 2.66 C.
    public init(_ scope: ParameterScope, channels: Int, hidden: Int) throws {
        expand = try ConvolutionLayer(scope("expand"), kernel: 1, inputs: channels, outputs: 2 * hidden)
        local = try DepthwiseLayer(scope("local"), channels: 2 * hidden)
        project = try ConvolutionLayer(scope("project"), kernel: 1, inputs: hidden, outputs: channels)
    }

    /// The feed-forward of `x`, plus `residual`.
    public func callAsFunction(_ x: Variable, residual: Variable) -> Variable {
        project(geluGate(local(expand(x))), residual: residual)
    }
}

/// The Transformer block of Restormer: x + MDTA(LN(x)), then x + GDFN(LN(x)): (N, H, W, C) → (N, H, W, C).
public struct TransformerBlock: Sendable {
    let attentionNorm: NormLayer
    let attention: TransposedAttention
    let feedForwardNorm: NormLayer
    let feedForward: GatedFeedForward

    /// - Parameters:
    ///   - channels: a multiple of 16.
    ///   - heads: one per 16 channels unless given.
    ///   - hidden: channels of the gate; 2 C unless given.
    public init(_ scope: ParameterScope, channels: Int, heads: Int? = nil, hidden: Int? = nil) throws {
        attentionNorm = try NormLayer(scope("attention_norm"), channels: channels)
        attention = try TransposedAttention(scope("attention"), channels: channels, heads: heads ?? channels / 16)
        feedForwardNorm = try NormLayer(scope("feed_forward_norm"), channels: channels)
        feedForward = try GatedFeedForward(scope("feed_forward"), channels: channels, hidden: hidden ?? 2 * channels)
    }

    public func callAsFunction(_ x: Variable) -> Variable {
        let attended = attention(attentionNorm(x), residual: x)
        return feedForward(feedForwardNorm(attended), residual: attended)
    }
}
