import Foundation
import Networks

/// One line of a benchmark.
public struct Timing: Sendable, Codable {
    public let name: String
    /// Median seconds of wall time.
    public let seconds: Double
    /// Median seconds of processor time over all threads.
    public let processorSeconds: Double
    /// Floating-point operations (a multiply-add counts as two), where they were counted.
    public let operations: Double?
}

/// Times `body` after one warm-up call: at least `runs` calls, medians.
public func measure(_ name: String, operations: Double? = nil, runs: Int = 7, _ body: () throws -> Void) rethrows -> Timing {
    try body()
    var (wall, processor): ([Double], [Double]) = ([], [])
    for _ in 0..<max(1, runs) {
        let (start, used) = (ContinuousClock.now, processorTime())
        try body()
        wall.append(start.secondsSince())
        processor.append(processorTime() - used)
    }
    return Timing(
        name: name, seconds: wall.sorted()[wall.count / 2], processorSeconds: processor.sorted()[processor.count / 2],
        operations: operations)
}

/// Processor seconds of this process, over all threads.
private func processorTime() -> Double {
    var usage = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &usage)
    return Double(usage.tv_sec) + Double(usage.tv_nsec) * 1e-9
}

/// The parts of a fusion, as the sampler runs them.
public enum NetworkBenchmark {
    /// Times the condition, ε_θ, n_θ and their sum per step on random images of `side` × `side` pixels.
    public static func run(_ model: FusionModel, side: Int, runs: Int = 7) -> [Timing] {
        var source = Philox(seed: 1)
        let shape = Shape(1, side, side, 1)
        let (mri, other, x) = (source.normal(shape), source.normal(shape), source.normal(shape))
        let refined = Tensor(uninitialized: shape)
        let plan = InferencePlan(model, height: side, width: side)
        let t = model.description.schedule.steps / 2
        return [
            measure("condition", runs: runs) { plan.encode(mri: mri, other: other) },
            measure("noise network", runs: runs) { plan.predictNoise(t) },
            measure("refinement network", runs: runs) { plan.refine(t) },
            measure("step", runs: runs) { plan.estimate(x, at: t, into: refined) },
        ]
    }

    /// Times the operations that the networks are made of, on the shapes that they have for 256×256 images.
    public static func operations(runs: Int = 15) -> [Timing] {
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
