import Networks

/// The kernels that training is made of, on the shapes that they have for 256×256 images; inference runs them fused: see `LayerBenchmark`.
public enum OperationBenchmark {
    public static func run(runs: Int) -> [Timing] {
        var source = Philox(seed: 2)
        func random(_ n: Int, _ h: Int, _ w: Int, _ c: Int) -> Tensor { source.normal(Shape(n, h, w, c)) }
        var timings: [Timing] = []
        for (side, c, o, k) in [
            (128, 32, 32, 3), (64, 48, 48, 3), (32, 64, 64, 3), (128, 12, 32, 3), (128, 32, 4, 3), (128, 32, 96, 1), (128, 64, 32, 1),
            (128, 32, 128, 1), (64, 128, 48, 1),
        ] {
            let (x, w) = (random(1, side, side, c), Convolution.pack(random(k, k, c, o)))
            timings.append(
                measure("convolution \(k)×\(k) \(c)→\(o) at \(side)²", operations: 2 * Double(side * side * c * o * k * k), runs: runs) {
                    _ = Convolution.forward(x, w)
                })
        }
        for (side, c) in [(128, 96), (128, 128), (64, 144)] {
            let (x, w) = (random(1, side, side, c), random(3, 3, 1, c))
            timings.append(
                measure("depthwise 3×3 \(c) at \(side)²", operations: 18 * Double(side * side * c), runs: runs) {
                    _ = DepthwiseConvolution.forward(x, w)
                })
        }
        let x = random(1, 128, 128, 32)
        let (scale, shift) = (random(1, 1, 1, 32), random(1, 1, 1, 32))
        timings.append(measure("layer norm 32 at 128²", runs: runs) { _ = LayerNorm.forward(x, scale: scale, shift: shift) })
        let m = random(1, 1, 1, 64)
        timings.append(measure("modulation 32 at 128²", runs: runs) { _ = Modulation.forward(x, m) })
        timings.append(measure("SiLU 32 at 128²", runs: runs) { _ = Activation.silu(x) })
        timings.append(measure("add 32 at 128²", runs: runs) { _ = Elementwise.add(x, x) })
        timings.append(measure("Haar 32 at 128²", runs: runs) { _ = Haar.forward(x) })
        let wide = random(1, 128, 128, 128)
        timings.append(measure("GELU gate 128 at 128²", runs: runs) { _ = Activation.geluGate(wide) })
        let qkv = random(1, 128, 128, 96)
        let temperature = Tensor(.vector(2), repeating: 1)
        timings.append(
            measure("channel attention 32 at 128²", operations: 4 * 16 * 32 * 16384, runs: runs) {
                _ = ChannelAttention.forward(
                    query: .init(qkv), key: .init(qkv, offset: 32), value: .init(qkv, offset: 64), channels: 32, heads: 2,
                    temperature: temperature)
            })
        return timings
    }
}
