/// Convolution with stride 1 and zero padding ("same" size), kernel 1×1 or 3×3, all channels to all channels.
///
///     y[n, i, j, o] = bias[o] + Σ_{u,v,c} x[n, i + u − r, j + v − r, c] · w[u, v, c, o],   r = (k − 1) / 2
///
/// (Cross-correlation, as every deep-learning framework has it.) Channels last, a 1×1 convolution is a plain matrix product, and a
/// 3×3 convolution three accumulating products over rows of a padded copy of the input: no im2col.
public enum Convolution {
    /// Weights in the order in which the inner loop reads them: panels of 16 output channels, (⌈O/16⌉, k·k·C, 16), zero-filled.
    public struct PackedWeights: Sendable {
        /// Kernel side: 1 or 3.
        public let kernel: Int
        /// Input channels of the product.
        public let inputs: Int
        /// Output channels of the product.
        public let outputs: Int
        let panels: Tensor

        /// Floats of one panel.
        var panelCount: Int { kernel * kernel * inputs * 16 }
    }

    /// Packs weights (k, k, C, O) for `forward`.
    public static func pack(_ weights: Tensor) -> PackedWeights {
        pack(weights, inputs: weights.shape.w, outputs: weights.shape.c) { u, v, c, o, shape in
            ((u * shape.h + v) * shape.w + c) * shape.c + o
        }
    }

    /// Packs weights (k, k, C, O) so that `forward` maps a gradient with O channels to one with C: turned by 180° and transposed.
    public static func packForInputGradient(_ weights: Tensor) -> PackedWeights {
        pack(weights, inputs: weights.shape.c, outputs: weights.shape.w) { u, v, c, o, shape in
            (((shape.n - 1 - u) * shape.h + (shape.h - 1 - v)) * shape.w + o) * shape.c + c
        }
    }

    private static func pack(
        _ weights: Tensor, inputs: Int, outputs: Int, _ source: (Int, Int, Int, Int, Shape) -> Int
    ) -> PackedWeights {
        let kernel = weights.shape.n
        require(weights.shape.h == kernel && (kernel == 1 || kernel == 3), "kernel \(weights.shape) is neither 1×1 nor 3×3")
        let panels = Tensor(.matrix((outputs + 15) / 16, kernel * kernel * inputs * 16))
        let (from, to) = (weights.pointer, panels.pointer)
        var position = 0
        for panel in stride(from: 0, to: outputs, by: 16) {
            for u in 0..<kernel {
                for v in 0..<kernel {
                    for c in 0..<inputs {
                        for o in 0..<min(16, outputs - panel) {
                            to[position + o] = from[source(u, v, c, panel + o, weights.shape)]
                        }
                        position += 16
                    }
                }
            }
        }
        return PackedWeights(kernel: kernel, inputs: inputs, outputs: outputs, panels: panels)
    }

    /// The convolution of `input` (N, H, W, C), plus the bias (1, 1, 1, O), plus a residual (N, H, W, O), as one pass over the output.
    ///
    /// O(N·H·W·k²·C·O). The accumulation order of one output element depends on the kernel and channels alone.
    public static func forward(
        _ input: Tensor, _ weights: PackedWeights, bias: Tensor? = nil, residual: Tensor? = nil
    ) -> Tensor {
        let shape = input.shape
        require(shape.c == weights.inputs, "input \(shape) does not have \(weights.inputs) channels")
        require(bias.map { $0.count == weights.outputs } ?? true, "bias does not have \(weights.outputs) elements")
        let output = Tensor(uninitialized: shape.with(channels: weights.outputs))
        require(residual.map { $0.shape == output.shape } ?? true, "residual is not of shape \(output.shape)")

        // A 1×1 convolution sees one long row of pixels; a 3×3 convolution one row of the image at a time.
        let padded = weights.kernel == 3 ? Padding.zeros(input) : input
        let (rows, width) = weights.kernel == 3 ? (shape.n * shape.h, shape.w) : ((shape.pixels + 95) / 96, 96)
        let work = width * weights.panelCount
        ThreadPool.ranges(rows, grain: max(1, 400_000 / max(1, work))) { range in
            for panel in stride(from: 0, to: weights.outputs, by: 32) {
                for row in range {
                    let (first, image) = (row * width * weights.outputs + panel, row / shape.h)
                    let pixel = weights.kernel == 3 ? (row + 2 * image) * (shape.w + 2) : row * width
                    multiplyRow(
                        .init(padded.pointer + pixel * shape.c, stride: shape.c, panel: (shape.w + 2) * shape.c),
                        pixels: min(width, shape.pixels - row * width), weights, firstOutput: panel,
                        bias: bias.map { UnsafePointer($0.pointer) + panel }, residual: residual.map { UnsafePointer($0.pointer) + first },
                        output.pointer + first)
                }
            }
        }
        return output
    }

    /// One row of output pixels for the outputs of a register block.
    private static func multiplyRow(
        _ left: PackedMatrix.Pixels, pixels: Int, _ weights: PackedWeights, firstOutput: Int, bias: UnsafePointer<Float>?,
        residual: UnsafePointer<Float>?, _ out: UnsafeMutablePointer<Float>
    ) {
        let (columns, outputs) = (min(32, weights.outputs - firstOutput), weights.outputs)
        func run(into out: UnsafeMutablePointer<Float>, stride: Int, adding residual: PackedMatrix.Pixels?) {
            func start(_ panel: Int) -> Panel {
                bias.map { load($0 + panel * 16, columns: min(16, max(0, columns - panel * 16))) } ?? Panel()
            }
            RowProduct(
                left: left, segments: weights.kernel, length: weights.kernel * weights.inputs,
                right: UnsafePointer(weights.panels.pointer) + firstOutput / 16 * weights.panelCount,
                next: columns > 16 ? weights.panelCount : nil, start: start(0), nextStart: start(1), out: out, outStride: stride,
                outNext: 16, residual: residual, residualNext: 16
            ).run(pixels)
        }
        if columns % 16 == 0 { return run(into: out, stride: outputs, adding: residual.map { .init($0, stride: outputs) }) }
        // The last outputs fill no panel: by way of memory that has room for one.
        let whole = (columns + 15) & ~15
        withUnsafeTemporaryAllocation(of: Float.self, capacity: pixels * whole) { buffer in
            let sums = buffer.baseAddress!
            run(into: sums, stride: whole, adding: nil)
            for pixel in 0..<pixels {
                let (from, to) = (sums + pixel * whole, out + pixel * outputs)
                for j in 0..<columns { to[j] = from[j] + (residual?[pixel * outputs + j] ?? 0) }
            }
        }
    }

    /// The gradient of the weights, (k, k, C, O), from the input (N, H, W, C) and the gradient of the output (N, H, W, O).
    ///
    /// O(N·H·W·k²·C·O).
    public static func weightGradient(input: Tensor, outputGradient: Tensor, kernel: Int) -> Tensor {
        let (shape, outputs) = (input.shape, outputGradient.shape.c)
        let result = Tensor(Shape(kernel, kernel, shape.c, outputs))
        if kernel == 1 {
            // Chunks of pixels that stay in the cache while every block of the result passes over them.
            TransposedProduct.accumulate(
                into: result.pointer, rows: shape.c, columns: outputs, rowStride: outputs,
                chunks: (shape.pixels + 511) / 512
            ) { chunk in
                let first = chunk * 512
                return .init(
                    left: UnsafePointer(input.pointer) + first * shape.c, leftStep: shape.c, leftSegment: 0,
                    right: UnsafePointer(outputGradient.pointer) + first * outputs, rightStep: outputs, rightSegment: 0,
                    segments: 1, length: min(512, shape.pixels - first))
            }
            return result
        }
        let padded = Padding.zeros(input)
        let rowsPerChunk = max(1, 512 / shape.w)
        let chunksPerImage = (shape.h + rowsPerChunk - 1) / rowsPerChunk
        let line = (shape.w + 2) * shape.c
        for u in 0..<3 {
            TransposedProduct.accumulate(
                into: result.pointer + u * 3 * shape.c * outputs, rows: 3 * shape.c, columns: outputs, rowStride: outputs,
                chunks: shape.n * chunksPerImage
            ) { chunk in
                let (image, piece) = chunk.quotientAndRemainder(dividingBy: chunksPerImage)
                let first = piece * rowsPerChunk
                return .init(
                    left: UnsafePointer(padded.pointer) + (image * (shape.h + 2) + first + u) * line,
                    leftStep: shape.c, leftSegment: line,
                    right: UnsafePointer(outputGradient.pointer) + (image * shape.h + first) * shape.w * outputs,
                    rightStep: outputs, rightSegment: shape.w * outputs,
                    segments: min(rowsPerChunk, shape.h - first), length: shape.w)
            }
        }
        return result
    }
}
