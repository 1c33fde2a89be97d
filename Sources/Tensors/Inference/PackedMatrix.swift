/// A matrix (inputs × outputs) with a bias, packed once for many products: the weights of a 1×1 convolution and of what can be
/// written as one.
///
///     out[p][o] = bias[o] + Σ_s Σ_k left[p][s][k] · w[s · length + k][o] (+ residual[p][o])
///
/// The inputs of a pixel lie in `segments` runs of `length` floats: one for a 1×1 convolution, two (rows) for a 2×2 window.
package struct PackedMatrix: Sendable {
    package let inputs: Int
    /// A multiple of 16.
    package let outputs: Int
    let segments: Int
    /// [outputs / 16][inputs][16], then the bias.
    private let storage: Tensor

    /// - Parameters:
    ///   - inputs: k.
    ///   - outputs: o, a multiple of 16.
    ///   - segments: in how many runs the inputs of a pixel lie.
    package init(inputs: Int, outputs: Int, segments: Int = 1) {
        require(outputs % 16 == 0 && inputs % segments == 0, "a packed matrix has a multiple of 16 columns, not \(inputs)×\(outputs)")
        (self.inputs, self.outputs, self.segments) = (inputs, outputs, segments)
        storage = Tensor(.vector((inputs + 1) * outputs))
    }

    /// A matrix with the elements `weight(k, o)`.
    package init(inputs: Int, outputs: Int, segments: Int = 1, bias: (Int) -> Double, weight: (Int, Int) -> Double) {
        self.init(inputs: inputs, outputs: outputs, segments: segments)
        for o in 0..<outputs {
            self.bias[o] = Float(bias(o))
            for k in 0..<inputs { row(k, panel: o / 16)[o % 16] = Float(weight(k, o)) }
        }
    }

    /// The bias, to be written by whoever owns the matrix while nobody multiplies.
    package var bias: UnsafeMutablePointer<Float> { storage.pointer + inputs * outputs }

    /// The 16 elements of row k that belong to a panel, likewise.
    package func row(_ k: Int, panel: Int) -> UnsafeMutablePointer<Float> { storage.pointer + (panel * inputs + k) * 16 }

    /// Products of `count` pixels in a row.
    ///
    /// - Parameters:
    ///   - left: the first pixel's inputs; the next pixel's are `leftStride` floats further, a pixel's next run `segment` floats.
    ///   - out: the first pixel's outputs; the next pixel's are `outStride` floats further.
    ///   - residual: what is added, in the layout of `residualStride`; it may be `out` itself.
    ///
    /// O(count · inputs · outputs). Each output is one sum in the order of k, beginning with the bias: it does not depend on the cut
    /// into rows. Error at most (inputs + 2) · u · (|bias| + Σ|left · w| + |residual|).
    package func multiply(
        _ left: UnsafePointer<Float>, leftStride: Int, segment: Int = 0, count: Int,
        into out: UnsafeMutablePointer<Float>, outStride: Int, adding residual: UnsafePointer<Float>? = nil, residualStride: Int = 0
    ) {
        let length = inputs / segments
        for panel in stride(from: 0, to: outputs / 16, by: RegisterBlock.panels) {
            let isPair = RegisterBlock.panels == 2 && panel + 1 < outputs / 16
            let right = UnsafePointer(row(0, panel: panel))
            let start = ((bias + panel * 16).panel, isPair ? (bias + panel * 16 + 16).panel : Panel())
            for pixel in stride(from: 0, to: count, by: RegisterBlock.rows) {
                let rows = min(RegisterBlock.rows, count - pixel)
                var block = RegisterBlock(row: start.0, start.1)
                let left = LeftRows(left + pixel * leftStride, stride: leftStride, rows: rows)
                let to = out + pixel * outStride + panel * 16
                let more = residual.map { $0 + pixel * residualStride + panel * 16 }
                func put(_ row: Int, _ columns: Panel, _ offset: Int) {
                    (to + row * outStride + offset).panel = more.map { columns + ($0 + row * residualStride + offset).panel } ?? columns
                }
                if isPair {
                    block.addProduct(
                        left, leftStep: 1, leftSegment: segment, right, rightStep: 16, rightSegment: length * 16, segments: segments,
                        length: length, next: inputs * 16)
                    block.forEachRowOfSecond(rows) { put($0, $1, 16) }
                } else {
                    block.addProduct(
                        left, leftStep: 1, leftSegment: segment, right, rightStep: 16, rightSegment: length * 16, segments: segments,
                        length: length)
                }
                block.forEachRow(rows) { put($0, $1, 0) }
            }
        }
    }
}
