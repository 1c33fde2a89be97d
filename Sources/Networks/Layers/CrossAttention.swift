/// Cross-attention from one modality to the other (ViLBERT, Lu et al. 2019; LXMERT, Tan and Bansal 2019), channel by channel:
/// (N, H, W, C) and (N, H, W, C) → (N, H, W, C).
///
///     x + Softmax(Q_x K_yᵀ · τ) V_y
public struct CrossAttention: Sendable {
    let queryNorm: NormLayer
    let keyValueNorm: NormLayer
    let query: ConvolutionLayer
    let queryLocal: DepthwiseLayer
    let keyValue: ConvolutionLayer
    let keyValueLocal: DepthwiseLayer
    let project: ConvolutionLayer
    let temperature: Variable
    let heads: Int

    /// - Parameter channels: a multiple of 16; there is one head per 16 channels.
    public init(_ scope: ParameterScope, channels: Int) throws {
        heads = channels / 16
        queryNorm = try NormLayer(scope("query_norm"), channels: channels)
        keyValueNorm = try NormLayer(scope("key_value_norm"), channels: channels)
        query = try ConvolutionLayer(scope("query"), kernel: 1, inputs: channels, outputs: channels)
        queryLocal = try DepthwiseLayer(scope("query_local"), channels: channels)
        keyValue = try ConvolutionLayer(scope("key_value"), kernel: 1, inputs: channels, outputs: 2 * channels)
        keyValueLocal = try DepthwiseLayer(scope("key_value_local"), channels: 2 * channels)
        project = try ConvolutionLayer(scope("project"), kernel: 1, inputs: channels, outputs: channels)
        temperature = try scope.parameter("temperature", .vector(heads), .constant(1))
    }

    public func callAsFunction(_ x: Variable, attendingTo y: Variable) -> Variable {
        let q = queryLocal(query(queryNorm(x)))
        let kv = keyValueLocal(keyValue(keyValueNorm(y)))
        return project(channelCrossAttention(query: q, keyValue: kv, heads: heads, temperature: temperature), residual: x)
    }
}
