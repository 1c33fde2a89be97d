import Foundation
import Tensors
import TestSupport
import Testing

/// Transposed attention against a naive twin in double precision; its gradients are checked by differences and PyTorch beside `Autodiff`.
struct ChannelAttentionTests {
    static let cases: [(Shape, Int)] = [
        (Shape(1, 1, 1, 1), 1), (Shape(1, 1, 1, 7), 1), (Shape(2, 3, 5, 16), 1), (Shape(1, 3, 3, 34), 2), (Shape(1, 5, 7, 15), 5),
        (Shape(2, 23, 24, 18), 3), (Shape(1, 40, 39, 32), 2),
    ]

    /// The twin also finds a head's channels by itself: a stride of the whole tensor, an offset of the operand.
    private func twin(
        _ q: (Tensor, Int), _ k: (Tensor, Int), _ v: (Tensor, Int), channels: Int, heads: Int, temperature: Tensor
    ) -> [Double] {
        let (s, d) = (q.0.shape, channels / heads)
        let area = s.h * s.w
        func column(_ x: (Tensor, Int), _ n: Int, _ channel: Int) -> [Double] {
            (0..<area).map { Double(x.0.values[(n * area + $0) * x.0.shape.c + x.1 + channel]) }
        }
        var result = [Double](repeating: 0, count: s.n * area * channels)
        for n in 0..<s.n {
            for head in 0..<heads {
                let (qs, ks, vs) = (
                    (0..<d).map { column(q, n, head * d + $0) }, (0..<d).map { column(k, n, head * d + $0) },
                    (0..<d).map { column(v, n, head * d + $0) }
                )
                func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
                for i in 0..<d {
                    let logits = ks.map {
                        Double(temperature.values[head]) * dot(qs[i], $0) / max((dot(qs[i], qs[i]) * dot($0, $0)).squareRoot(), 1e-12)
                    }
                    let weights = logits.map { exp($0 - logits.max()!) }
                    let total = weights.reduce(0, +)
                    for p in 0..<area {
                        result[(n * area + p) * channels + head * d + i] = zip(weights, vs).reduce(0) { $0 + $1.0 / total * $1.1[p] }
                    }
                }
            }
        }
        return result
    }

    /// A logit errs by area · u of τ, which the softmax hands on; d products follow: (τ · area + d + 8) · u of the largest value.
    private func tolerance(_ s: Shape, heads: Int, temperature: Tensor, value: Tensor) -> Double {
        (2 * largest(temperature) * Double(s.h * s.w) + Double(s.c / heads) + 8) * unitRoundoff * largest(value)
    }

    @Test(arguments: cases)
    func selfAttention_AgreesWithItsTwin(_ s: Shape, heads: Int) {
        let (x, temperature) = (Tensor.random(s.with(channels: 3 * s.c), seed: 1), Tensor.positive(.vector(heads), seed: 2))
        let y = ChannelAttention.forward(
            query: .init(x), key: .init(x, offset: s.c), value: .init(x, offset: 2 * s.c), channels: s.c, heads: heads,
            temperature: temperature)
        let expected = twin((x, 0), (x, s.c), (x, 2 * s.c), channels: s.c, heads: heads, temperature: temperature)
        #expect(y.output.shape == s)
        #expect(mismatch(y.output, expected, tolerance: tolerance(s, heads: heads, temperature: temperature, value: x)) == nil)
    }

    @Test(arguments: cases)
    func crossAttention_AgreesWithItsTwin(_ s: Shape, heads: Int) {
        let (x, y) = (Tensor.random(s, seed: 1), Tensor.random(s.with(channels: 2 * s.c), seed: 2))
        let temperature = Tensor.positive(.vector(heads), seed: 3)
        let result = ChannelAttention.forward(
            query: .init(x), key: .init(y), value: .init(y, offset: s.c), channels: s.c, heads: heads, temperature: temperature)
        let expected = twin((x, 0), (y, 0), (y, s.c), channels: s.c, heads: heads, temperature: temperature)
        #expect(mismatch(result.output, expected, tolerance: tolerance(s, heads: heads, temperature: temperature, value: y)) == nil)
    }

    /// A channel of nothing but zeros has no direction: its logits are 0, its attention even, and no gradient is infinite.
    @Test func silentChannels_AttendEvenly() {
        let x = Tensor(Shape(1, 2, 2, 6), (0..<24).map { $0 % 6 < 4 ? 0 : Float($0) })
        let (q, k, v) = (ChannelAttention.Operand(x), ChannelAttention.Operand(x, offset: 2), ChannelAttention.Operand(x, offset: 4))
        let temperature = Tensor(.vector(1), repeating: 1)
        let (y, state) = ChannelAttention.forward(query: q, key: k, value: v, channels: 2, heads: 1, temperature: temperature)
        y.shape.forEach { n, i, j, c in #expect(y[n, i, j, c] == (x[n, i, j, 4] + x[n, i, j, 5]) / 2) }
        let share = Tensor(uninitialized: x.shape)
        let slope = ChannelAttention.gradients(
            query: q, key: k, value: v, channels: 2, heads: 1, temperature: temperature, state: state,
            outputGradient: Tensor(y.shape, repeating: 1), into: .init(share), .init(share, offset: 2), .init(share, offset: 4))
        #expect(share.values.allSatisfy { $0.isFinite })
        #expect(slope.scalar == 0)
    }

    /// The direction of a channel counts, not its length: scaled by a power of two, queries and keys give the same bytes.
    @Test func lengthOfQueriesAndKeys_DoesNotMatter() {
        let (x, temperature) = (Tensor.random(Shape(1, 5, 5, 24), seed: 1), Tensor(.vector(2), [1, 3]))
        var scaled = x.values
        x.shape.forEach { n, i, j, c in scaled[(i * 5 + j) * 24 + c] *= c < 8 ? 1024 : c < 16 ? 0x1p-12 : 1 }
        func attend(_ x: Tensor) -> [Float] {
            ChannelAttention.forward(
                query: .init(x), key: .init(x, offset: 8), value: .init(x, offset: 16), channels: 8, heads: 2, temperature: temperature
            ).output.values
        }
        #expect(attend(x) == attend(Tensor(x.shape, scaled)))
    }
}
