import Foundation

/// The timestep as a vector: sinusoids (Vaswani et al. 2017, section 3.5; Ho et al. 2020, appendix B), then two dense layers.
public struct TimestepEmbedding: Sendable {
    let first: ConvolutionLayer
    let second: ConvolutionLayer
    let sinusoids: Int

    /// - Parameters:
    ///   - sinusoids: how many numbers the sinusoids make, even.
    ///   - channels: size of the embedding, a multiple of 8.
    public init(_ scope: ParameterScope, sinusoids: Int, channels: Int) throws {
        self.sinusoids = sinusoids
        first = try ConvolutionLayer(scope("first"), kernel: 1, inputs: sinusoids, outputs: channels)
        second = try ConvolutionLayer(scope("second"), kernel: 1, inputs: channels, outputs: channels)
    }

    /// The embeddings of one timestep per image: (N, 1, 1, channels), already through the last SiLU.
    public func callAsFunction(_ timesteps: [Int]) -> Variable {
        silu(second(silu(first(Variable(Self.sinusoids(timesteps, count: sinusoids))))))
    }

    /// sin(t·f_i), then cos(t·f_i), with f_i = 10000^(−i / (count/2)): (N, 1, 1, count).
    public static func sinusoids(_ timesteps: [Int], count: Int) -> Tensor {
        let result = Tensor(uninitialized: Shape(timesteps.count, 1, 1, count))
        for (n, t) in timesteps.enumerated() { sinusoids(t, count: count, into: result.pointer + n * count) }
        return result
    }

    /// `sinusoids` of one timestep.
    static func sinusoids(_ t: Int, count: Int, into out: UnsafeMutablePointer<Float>) {
        let half = count / 2
        for i in 0..<half {
            let angle = Double(t) * exp(-log(10_000) * Double(i) / Double(half))
            (out[i], out[half + i]) = (Float(sin(angle)), Float(cos(angle)))
        }
    }
}

/// A residual block whose inside is modulated by the timestep: x + Conv(SiLU(FiLM_t(Conv(LN(x))))): (N, H, W, C) → (N, H, W, C).
public struct ResidualBlock: Sendable {
    let norm: NormLayer
    let first: ConvolutionLayer
    let modulation: ConvolutionLayer
    let second: ConvolutionLayer

    /// - Parameters:
    ///   - channels: C, a multiple of 8.
    ///   - embedding: size of the timestep embedding.
    public init(_ scope: ParameterScope, channels: Int, embedding: Int) throws {
        norm = try NormLayer(scope("norm"), channels: channels)
        first = try ConvolutionLayer(scope("first"), kernel: 3, inputs: channels, outputs: channels, gain: 1.4)
        modulation = try ConvolutionLayer(scope("modulation"), kernel: 1, inputs: embedding, outputs: 2 * channels, gain: 0.1)
        second = try ConvolutionLayer(scope("second"), kernel: 3, inputs: channels, outputs: channels, gain: 0.5)
    }

    /// - Parameter embedding: (N, 1, 1, embedding).
    public func callAsFunction(_ x: Variable, embedding: Variable) -> Variable {
        second(silu(modulate(first(norm(x)), by: modulation(embedding))), residual: x)
    }
}
