/// Transposed self-attention (MDTA): see `ChannelAttention`.
///
/// - Parameters:
///   - qkv: (N, H, W, 3C): query, key and value side by side.
///   - heads: a divisor of C.
///   - temperature: (1, 1, 1, heads).
/// - Returns: (N, H, W, C).
public func channelAttention(_ qkv: Variable, heads: Int, temperature: Variable) -> Variable {
    let channels = qkv.shape.c / 3
    let operands = (0..<3).map { ChannelAttention.Operand(qkv.value, offset: $0 * channels) }
    let (value, state) = ChannelAttention.forward(
        query: operands[0], key: operands[1], value: operands[2], channels: channels, heads: heads, temperature: temperature.value)
    return Variable(value, from: [qkv, temperature]) { gradient in
        let share = Tensor(uninitialized: qkv.shape)
        let into = (0..<3).map { ChannelAttention.Operand(share, offset: $0 * channels) }
        let temperatureGradient = ChannelAttention.gradients(
            query: operands[0], key: operands[1], value: operands[2], channels: channels, heads: heads,
            temperature: temperature.value, state: state, outputGradient: gradient, into: into[0], into[1], into[2])
        qkv.receive(share)
        temperature.receive(temperatureGradient)
    }
}

/// Transposed cross-attention: queries from one modality, keys and values from the other.
///
/// - Parameters:
///   - query: (N, H, W, C).
///   - keyValue: (N, H, W, 2C): key and value side by side.
///   - heads: a divisor of C.
///   - temperature: (1, 1, 1, heads).
/// - Returns: (N, H, W, C).
public func channelCrossAttention(query: Variable, keyValue: Variable, heads: Int, temperature: Variable) -> Variable {
    let channels = query.shape.c
    let q = ChannelAttention.Operand(query.value)
    let k = ChannelAttention.Operand(keyValue.value)
    let v = ChannelAttention.Operand(keyValue.value, offset: channels)
    let (value, state) = ChannelAttention.forward(
        query: q, key: k, value: v, channels: channels, heads: heads, temperature: temperature.value)
    return Variable(value, from: [query, keyValue, temperature]) { gradient in
        let (queryShare, keyValueShare) = (Tensor(uninitialized: query.shape), Tensor(uninitialized: keyValue.shape))
        let temperatureGradient = ChannelAttention.gradients(
            query: q, key: k, value: v, channels: channels, heads: heads, temperature: temperature.value, state: state,
            outputGradient: gradient,
            into: .init(queryShare), .init(keyValueShare), .init(keyValueShare, offset: channels))
        query.receive(queryShare)
        keyValue.receive(keyValueShare)
        temperature.receive(temperatureGradient)
    }
}
