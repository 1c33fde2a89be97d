extension PackedMatrix {
    /// A 1×1 convolution. Outputs are rounded up to a multiple of 16 with zeros.
    package init(_ layer: ConvolutionLayer) {
        let (weight, bias) = (layer.weight.value, layer.bias.value)
        let outputs = weight.shape.c
        self.init(
            inputs: weight.shape.w, outputs: (outputs + 15) & ~15, bias: { $0 < outputs ? Double(bias.pointer[$0]) : 0 },
            weight: { $1 < outputs ? Double(weight.pointer[$0 * outputs + $1]) : 0 })
    }

    /// 1×1 convolutions behind a LayerNorm each, side by side, for an input that is normalised without scale and shift:
    ///
    ///     w·(γ∘n + β) + b = (w∘γ)·n + (w·β + b)
    package init(normalised layers: [(norm: NormLayer, convolution: ConvolutionLayer)]) {
        let inputs = layers[0].convolution.weight.shape.w
        let columns = layers.flatMap { layer in (0..<layer.convolution.weight.shape.c).map { (layer.norm, layer.convolution, $0) } }
        func weight(_ k: Int, _ o: Int) -> Double {
            let (_, convolution, column) = columns[o]
            return Double(convolution.weight.value.pointer[k * convolution.weight.shape.c + column])
        }
        self.init(
            inputs: inputs, outputs: columns.count,
            bias: { o in
                let (norm, convolution, column) = columns[o]
                return (0..<inputs).reduce(Double(convolution.bias.value.pointer[column])) {
                    $0 + weight($1, o) * Double(norm.shift.value.pointer[$1])
                }
            },
            weight: { weight($0, $1) * Double(columns[$1].0.scale.value.pointer[$0]) })
    }
}

extension PackedDepthwise {
    package init(_ layer: DepthwiseLayer) { self.init(layer.weight.value, bias: layer.bias.value) }
}

extension WinogradConvolution {
    /// A 3×3 convolution.
    package init(_ layer: ConvolutionLayer) { self.init(layer.weight.value, bias: layer.bias.value) }

    /// A 3×3 convolution of Haar bands that reads corners instead: see `HaarFolding`.
    package init(readingCorners layer: ConvolutionLayer) { self.init(HaarFolding.readingCorners(layer), bias: layer.bias.value) }

    /// A 3×3 convolution to Haar bands that writes corners instead.
    package init(writingCorners layer: ConvolutionLayer) {
        let (weight, bias) = HaarFolding.writingCorners(layer)
        self.init(weight, bias: bias)
    }
}

/// LayerNorm, then a 1×1 convolution, then a 3×3 depthwise convolution, whose rows never leave the cache.
package struct LocalProjection: Sendable {
    package let matrix: PackedMatrix
    package let filters: PackedDepthwise

    init(_ norm: NormLayer, _ expand: ConvolutionLayer, _ local: DepthwiseLayer) {
        (matrix, filters) = (PackedMatrix(normalised: [(norm, expand)]), PackedDepthwise(local))
    }

    init(matrix: PackedMatrix, filters: PackedDepthwise) { (self.matrix, self.filters) = (matrix, filters) }

    /// Floats of scratch memory for a window and two normalised rows.
    package var scratch: Int { RowWindow.scratch(channels: matrix.outputs) + normalised + PixelRows.normalisationScratch }
    private var normalised: Int { 2 * (Block.widest + 2) * matrix.inputs }

    /// The window for a block; `scratch` is shared with what follows.
    func window(_ block: Block, height: Int, width: Int, scratch: UnsafeMutablePointer<Float>) -> RowWindow {
        RowWindow(
            block, height: height, width: width, channels: matrix.outputs,
            memory: scratch + normalised + PixelRows.normalisationScratch)
    }

    /// Normalises the rows that enter the window.
    ///
    /// - Parameter input: the first pixel of a row's columns that are filled; the next pixel is `stride` floats further.
    @inline(__always)
    func normalise(_ window: RowWindow, stride: Int, scratch: UnsafeMutablePointer<Float>, input: (_ row: Int) -> UnsafePointer<Float>) {
        let count = window.filled.count
        for (place, row) in window.entering.enumerated() {
            PixelRows.normalise(
                input(row), stride: stride, channels: matrix.inputs, count: count, into: scratch + place * count * matrix.inputs,
                outStride: matrix.inputs, scratch: scratch + normalised)
        }
    }

    /// Carries on with sixteen channels, and with those `next` panels behind them: the rows that enter are expanded, the rows that leave
    /// are filtered into `upper` and `lower` (written even where but one leaves), the second sixteen `outNext` floats behind the first.
    func run(
        _ window: RowWindow, panel: Int, next: Int? = nil, scratch: UnsafePointer<Float>, into upper: UnsafeMutablePointer<Float>,
        _ lower: UnsafeMutablePointer<Float>, outStride: Int, outNext: Int
    ) {
        let count = window.filled.count
        for (place, row) in window.entering.enumerated() {
            matrix.multiply(
                panel: panel, next: next, .init(scratch + place * count * matrix.inputs, stride: matrix.inputs), count: count,
                into: window.start(row, panel: panel), outStride: 16, outPanel: window.panel)
        }
        guard !window.leaving.isEmpty else { return }
        func filter(_ panel: Int, _ place: Int) {
            filters.rows(
                panel: panel, window.lines(panel: panel), count: window.count, into: upper + place * outNext, lower + place * outNext,
                outStride: outStride)
        }
        filter(panel, 0)
        if let next { filter(panel + next, 1) }
    }
}
