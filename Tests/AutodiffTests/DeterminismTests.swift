import Autodiff
import TestSupport
import Testing

/// The same bytes with 1, 2 and 3 threads, forward and backward, on tensors large enough to be cut into several pieces.
///
/// The number of threads belongs to the process: these tests run one after another and restore it.
@Suite(.serialized)
struct DeterminismTests {
    /// An operation and its inputs.
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let inputs: [Shape]
        let function: @Sendable ([Variable]) -> Variable

        init(_ name: String, _ inputs: Shape..., function: @escaping @Sendable ([Variable]) -> Variable) {
            (self.name, self.inputs, self.function) = (name, inputs, function)
        }

        var testDescription: String { name }
    }

    private static let x = Shape(2, 38, 46, 32)
    private static let image = Shape(3, 150, 151, 1)

    static let cases = [
        Case("convolution 1×1", x, Shape(1, 1, 32, 40), .vector(40), x.with(channels: 40)) {
            convolution($0[0], $0[1], bias: $0[2], residual: $0[3])
        },
        Case("convolution 3×3", x, Shape(3, 3, 32, 24), .vector(24)) { convolution($0[0], $0[1], bias: $0[2]) },
        Case("depthwise convolution", Shape(2, 60, 61, 37), Shape(3, 3, 1, 37), .vector(37)) {
            depthwiseConvolution($0[0], $0[1], bias: $0[2])
        },
        Case("layer normalisation", x, .vector(32), .vector(32)) { layerNorm($0[0], scale: $0[1], shift: $0[2]) },
        Case("modulation of each", x, Shape(2, 1, 1, 64)) { modulate($0[0], by: $0[1]) },
        Case("modulation of all", Shape(1, 70, 71, 32), Shape(1, 1, 1, 64)) { modulate($0[0], by: $0[1]) },
        Case("SiLU", x) { silu($0[0]) },
        Case("GELU gate", x) { geluGate($0[0]) },
        Case("self-attention", x.with(channels: 96), .vector(2)) { channelAttention($0[0], heads: 2, temperature: $0[1] + 4) },
        Case("cross-attention", x, x.with(channels: 64), .vector(2)) {
            channelCrossAttention(query: $0[0], keyValue: $0[1], heads: 2, temperature: $0[2] + 4)
        },
        Case("Haar", x) { haar($0[0]) },
        Case("inverse Haar", x) { inverseHaar($0[0]) },
        Case("concatenation and slices", x, x) { slice(concatenate([$0[0], $0[1], $0[0]]), 3..<70) },
        Case("filter", image) { filter($0[0], rows: [1, 2, 3], columns: [3, -1]) },
        Case("arithmetic", x, x) { ($0[0] + $0[1]) * ($0[0] - $0[1]) * ($0[1].magnitude + 1) },
        Case("kinks", x) { $0[0].clamped(-1, 1) * $0[0].magnitude },
        Case("mean", x) { ($0[0] * $0[0]).mean },
    ]

    @Test(arguments: cases)
    func bytes_AreTheSame_WithAnyNumberOfThreads(_ c: Case) {
        func run() -> [[UInt32]] {
            let inputs = c.inputs.enumerated().map { Variable(Tensor.random($1, seed: UInt64($0)), isTracked: true) }
            let output = c.function(inputs)
            output.backward(Tensor.random(output.shape, seed: 99))
            return ([output.value] + inputs.map { $0.gradient! }).map { $0.values.map(\.bitPattern) }
        }
        let before = ThreadPool.threads
        defer { ThreadPool.threads = before }
        ThreadPool.threads = 1
        let expected = run()
        for threads in [2, 3, 2, 3] {
            ThreadPool.threads = threads
            #expect(run() == expected, "\(threads) threads")
        }
    }

    @Test func randomNumbers_AreTheSame_WithAnyNumberOfThreads() {
        let before = ThreadPool.threads
        defer { ThreadPool.threads = before }
        let draws = [1, 2, 3].map { threads in
            ThreadPool.threads = threads
            return Tensor.random(.vector(100_001), seed: 5).values
        }
        #expect(draws[0] == draws[1] && draws[0] == draws[2])
    }
}
