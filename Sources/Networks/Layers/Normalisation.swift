/// Normalisation over the channels of each pixel, with learned scale and shift: (N, H, W, C) → (N, H, W, C).
public struct NormLayer: Sendable {
    let scale: Variable
    let shift: Variable

    public init(_ scope: ParameterScope, channels: Int) throws {
        scale = try scope.parameter("scale", .vector(channels), .constant(1))
        shift = try scope.parameter("shift", .vector(channels), .constant(0))
    }

    public func callAsFunction(_ x: Variable) -> Variable { layerNorm(x, scale: scale, shift: shift) }
}
