import Networks

/// The kernels that inference spends its time in, on data that lies in the cache, on one thread: how near they come to the processor's
/// peak. Each run is held against a peak that is measured around it, since a processor's speed changes with its neighbours.
public enum KernelBenchmark {
    public static func run(runs: Int) -> [Timing] {
        var source = Philox(seed: 3)
        var timings: [Timing] = []
        func add(_ name: String, operations: Int, _ body: () -> Void) {
            timings.append(measure(name, operations: Double(operations), runs: runs, besidePeak: true, body))
        }
        // Two rows of a block with their neighbours: as many pixels as are expanded together, see `LocalProjection`.
        let pixels = 2 * (Block.widest + 2)
        let repeats = 32
        for (inputs, outputs) in [(32, 96), (32, 128), (48, 192), (64, 32), (96, 48), (128, 64)] {
            let weights = source.normal(.matrix(inputs, outputs))
            let matrix = PackedMatrix(
                inputs: inputs, outputs: outputs, bias: { _ in 0 }, weight: { Double(weights.pointer[$0 * outputs + $1]) })
            let (x, y) = (source.normal(.matrix(pixels, inputs)), Tensor(.matrix(pixels, outputs)))
            add("product \(inputs)→\(outputs), \(pixels) pixels", operations: repeats * 2 * pixels * inputs * outputs) {
                for _ in 0..<repeats {
                    matrix.multiply(.init(x.pointer, stride: inputs), count: pixels, into: y.pointer, outStride: outputs)
                }
            }
        }
        let large = (source.normal(Shape(1, 32, 32, 1024)), Convolution.pack(source.normal(Shape(1, 1, 1024, 1024))))
        let threads = ThreadPool.threads
        ThreadPool.threads = 1
        add("product 1024×1024 by 1024×1024", operations: 2 << 30) { _ = Convolution.forward(large.0, large.1) }
        ThreadPool.threads = threads

        let lines = (0..<4).map { _ in source.normal(.matrix(Block.widest + 2, 16)) }
        let filters = PackedDepthwise(source.normal(Shape(3, 3, 1, 16)), bias: source.normal(.vector(16)))
        let filtered = Tensor(.matrix(2 * Block.widest, 16))
        add("depthwise 3×3, two rows of \(Block.widest) pixels, 16 channels", operations: 8 * repeats * 18 * 2 * Block.widest * 16) {
            let rows: PackedDepthwise.Lines = (
                UnsafePointer(lines[0].pointer), UnsafePointer(lines[1].pointer), UnsafePointer(lines[2].pointer),
                UnsafePointer(lines[3].pointer)
            )
            for _ in 0..<8 * repeats {
                filters.rows(
                    panel: 0, rows, count: Block.widest, into: filtered.pointer, filtered.pointer + Block.widest * 16, outStride: 16)
            }
        }
        for channels in [32, 48, 64] {
            let layer = WinogradConvolution(source.normal(Shape(3, 3, channels, channels)), bias: source.normal(.vector(channels)))
            let (x, y) = (source.normal(Shape(1, 24, 64, channels)), Tensor(Shape(1, 24, 64, channels)))
            let scratch = Tensor(.vector(layer.scratch))
            add("3×3 by Winograd \(channels)→\(channels), 24×64", operations: 18 * 24 * 64 * channels * channels) {
                let cut = WinogradConvolution.Cut(height: 24, width: 64)
                for block in 0..<cut.count {
                    layer.run(block: block, of: cut, FeatureMap(x), into: FeatureMap(y), layer.plain(), scratch: scratch.pointer)
                }
            }
        }
        return timings
    }
}
