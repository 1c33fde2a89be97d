/// The Haar transform as part of the weights of the convolution beside it.
///
/// The transform and the convolution are both linear, so that a mix of the four bands is a mix of the 2×2 pixels that they were made of
/// (and back): a level of the transform costs nothing, and costs no pass over memory. "Corners" are the pixels of a 2×2 window in reading
/// order; features of corners are [picture][corner], those of bands [band][picture] as everywhere else.
package enum HaarFolding {
    /// ½ · the sign of a corner in a band: the matrix of the transform, symmetric.
    static func factor(band: Int, corner: Int) -> Double {
        let signs: [[Double]] = [[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]
        return signs[band][corner] / 2
    }

    /// A convolution that reads bands, reading corners: (k, k, 4M, O).
    package static func readingCorners(_ layer: ConvolutionLayer) -> Tensor {
        let weight = layer.weight.value
        let (pictures, outputs) = (weight.shape.w / 4, weight.shape.c)
        let result = Tensor(weight.shape)
        for tap in 0..<weight.shape.n * weight.shape.h {
            for input in 0..<weight.shape.w {
                let (picture, corner) = input.quotientAndRemainder(dividingBy: 4)
                for o in 0..<outputs {
                    let sum = (0..<4).reduce(0.0) {
                        let row = tap * weight.shape.w + $1 * pictures + picture
                        return $0 + factor(band: $1, corner: corner) * Double(weight.pointer[row * outputs + o])
                    }
                    result.pointer[(tap * weight.shape.w + input) * outputs + o] = Float(sum)
                }
            }
        }
        return result
    }

    /// A convolution that writes bands, writing corners: weights (k, k, C, 4M) and bias (1, 1, 1, 4M).
    package static func writingCorners(_ layer: ConvolutionLayer) -> (weight: Tensor, bias: Tensor) {
        func folded(_ x: Tensor) -> Tensor {
            let pictures = x.shape.c / 4
            let result = Tensor(x.shape)
            for row in 0..<x.shape.pixels {
                for output in 0..<x.shape.c {
                    let (picture, corner) = output.quotientAndRemainder(dividingBy: 4)
                    result.pointer[row * x.shape.c + output] = Float(
                        (0..<4).reduce(0.0) {
                            $0 + factor(band: $1, corner: corner) * Double(x.pointer[row * x.shape.c + $1 * pictures + picture])
                        })
                }
            }
            return result
        }
        return (folded(layer.weight.value), folded(layer.bias.value))
    }
}

/// Haar transform of a picture of one channel and a 3×3 convolution of its bands: a product of three runs of twelve corners. With so few
/// inputs Winograd's transforms would cost more than they save.
package struct PackedHaarStem: Sendable {
    private let matrix: PackedMatrix

    /// - Parameter layer: (3, 3, 4, O), O a multiple of 16.
    package init(_ layer: ConvolutionLayer) {
        let (weight, bias, outputs) = (HaarFolding.readingCorners(layer), layer.bias.value, layer.weight.shape.c)
        matrix = PackedMatrix(inputs: 36, outputs: outputs, bias: { Double(bias.pointer[$0]) }) {
            Double(weight.pointer[$0 * outputs + $1])
        }
    }

    /// (H, W, 4) → (H, W, O), plus `residual`.
    ///
    /// - Parameter corners: a picture's, with a border of zeros: see `Arena.borderedMap`.
    package func run(_ corners: FeatureMap, into out: FeatureMap, adding residual: FeatureMap? = nil, workers: Workers) {
        require(corners.channels == 4 && corners.line >= (corners.width + 2) * 4, "the corners of a picture have a border")
        workers.rows(out.height) { rows, _ in
            for y in rows {
                matrix.multiply(
                    .init(corners.at(y - 1, -1), stride: 4, panel: corners.line), segments: 3, count: out.width, into: out.at(y),
                    outStride: out.stride, adding: residual.map { .init($0.at(y), stride: $0.stride) })
            }
        }
    }
}

/// Haar transform and mix of the bands: a 2×2 convolution of stride 2.
package struct PackedHaarDown: Sendable {
    private let matrix: PackedMatrix

    /// - Parameter mix: (1, 1, 4C, O).
    package init(_ mix: ConvolutionLayer) {
        let weight = HaarFolding.readingCorners(mix)
        let (channels, outputs) = (weight.shape.w / 4, weight.shape.c)
        // In memory the inputs of a window are two rows of two pixels of C channels.
        matrix = PackedMatrix(inputs: 4 * channels, outputs: outputs, bias: { Double(mix.bias.value.pointer[$0]) }) {
            let (corner, channel) = $0.quotientAndRemainder(dividingBy: channels)
            return Double(weight.pointer[(channel * 4 + corner) * outputs + $1])
        }
    }

    /// (2H, 2W, C) → (H, W, O), plus `residual`, then under a modulation.
    package func run(
        _ x: FeatureMap, into out: FeatureMap, adding residual: FeatureMap? = nil,
        modulation: (scale: UnsafePointer<Float>, offset: UnsafePointer<Float>)? = nil, workers: Workers
    ) {
        require(x.stride == x.channels, "a window's pixels lie side by side")
        workers.rows(out.height) { rows, _ in
            for y in rows {
                matrix.multiply(
                    .init(x.at(2 * y), stride: 2 * x.stride, panel: x.line), segments: 2, count: out.width, into: out.at(y),
                    outStride: out.stride, adding: residual.map { .init($0.at(y), stride: $0.stride) })
                if let modulation { PixelRows.modulate(out.at(y), channels: out.channels, count: out.width, modulation) }
            }
        }
    }
}

/// Mix into four bands and inverse Haar transform: a transposed 2×2 convolution of stride 2; a following 1×1 convolution of the result
/// beside skipped features is folded in.
package struct PackedHaarUp: Sendable {
    /// The upper and the lower row of a window.
    private let rows: (PackedMatrix, PackedMatrix)
    private let skip: PackedMatrix?

    /// - Parameter mix: (1, 1, C, 4·O).
    package init(_ mix: ConvolutionLayer) {
        let (weight, bias) = HaarFolding.writingCorners(mix)
        let (inputs, outputs) = (weight.shape.w, weight.shape.c / 4)
        rows = Self.rows(inputs: inputs, outputs: outputs) {
            Double(bias.pointer[4 * $1 + $0])
        } weight: {
            Double(weight.pointer[$1 * 4 * outputs + 4 * $2 + $0])
        }
        skip = nil
    }

    /// - Parameter skip: (1, 1, 2·O, P), its first inputs from here, its last from the skipped features.
    package init(_ mix: ConvolutionLayer, skip: ConvolutionLayer) {
        let (weight, bias) = HaarFolding.writingCorners(mix)
        let (inputs, middle, outputs) = (weight.shape.w, weight.shape.c / 4, skip.weight.shape.c)
        let (merge, mergeBias) = (skip.weight.value.pointer, skip.bias.value.pointer)
        func mixed(_ row: UnsafeMutablePointer<Float>, _ corner: Int, _ output: Int) -> Double {
            (0..<middle).reduce(0.0) { $0 + Double(row[4 * $1 + corner]) * Double(merge[$1 * outputs + output]) }
        }
        rows = Self.rows(inputs: inputs, outputs: outputs) {
            Double(mergeBias[$1]) + mixed(bias.pointer, $0, $1)
        } weight: {
            mixed(weight.pointer + $1 * 4 * middle, $0, $2)
        }
        self.skip = PackedMatrix(inputs: middle, outputs: outputs, bias: { _ in 0 }) { Double(merge[(middle + $0) * outputs + $1]) }
    }

    private static func rows(
        inputs: Int, outputs: Int, bias: (_ corner: Int, _ output: Int) -> Double,
        weight: (_ corner: Int, _ input: Int, _ output: Int) -> Double
    ) -> (PackedMatrix, PackedMatrix) {
        func row(_ y: Int) -> PackedMatrix {
            PackedMatrix(inputs: inputs, outputs: 2 * outputs) {
                bias(2 * y + $0 / outputs, $0 % outputs)
            } weight: {
                weight(2 * y + $1 / outputs, $0, $1 % outputs)
            }
        }
        return (row(0), row(1))
    }

    /// (H, W, C) → (2H, 2W, O), plus `other`: features that are added, or that go through the skip's convolution first where there is one.
    package func run(_ x: FeatureMap, with other: FeatureMap, into out: FeatureMap, workers: Workers) {
        require(out.stride == out.channels && other.stride == other.channels, "a window's pixels lie side by side")
        workers.rows(x.height) { range, _ in
            for y in range {
                for corner in 0...1 {
                    let matrix = corner == 0 ? rows.0 : rows.1
                    let to = out.at(2 * y + corner)
                    let from = UnsafePointer(other.at(2 * y + corner))
                    matrix.multiply(
                        .init(x.at(y), stride: x.stride), count: x.width, into: to, outStride: 2 * out.stride,
                        adding: skip == nil ? .init(from, stride: 2 * other.stride) : nil)
                    skip?.multiply(
                        .init(from, stride: other.stride), count: out.width, into: to, outStride: out.stride,
                        adding: .init(to, stride: out.stride))
                }
            }
        }
    }
}
