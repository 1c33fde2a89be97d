/// A matrix (inputs × outputs) with a bias, packed once for many products: the weights of a 1×1 convolution and of what can be
/// written as one.
///
///     out[p][o] = bias[o] + Σ_k left[p][k] · w[k][o] (+ residual[p][o])
package struct PackedMatrix: Sendable {
    package let inputs: Int
    /// A multiple of 16.
    package let outputs: Int
    /// [outputs / 16][inputs][16], then the bias.
    private let storage: Tensor

    /// - Parameters:
    ///   - inputs: k.
    ///   - outputs: o, a multiple of 16.
    package init(inputs: Int, outputs: Int) {
        require(outputs % 16 == 0, "a packed matrix has a multiple of 16 columns, not \(outputs)")
        (self.inputs, self.outputs) = (inputs, outputs)
        storage = Tensor(.vector((inputs + 1) * outputs))
    }

    /// A matrix with the elements `weight(k, o)`.
    package init(inputs: Int, outputs: Int, bias: (Int) -> Double, weight: (Int, Int) -> Double) {
        self.init(inputs: inputs, outputs: outputs)
        for o in 0..<outputs {
            self.bias[o] = Float(bias(o))
            for k in 0..<inputs { row(k, panel: o / 16)[o % 16] = Float(weight(k, o)) }
        }
    }

    /// The bias, to be written by whoever owns the matrix while nobody multiplies.
    package var bias: UnsafeMutablePointer<Float> { storage.pointer + inputs * outputs }

    /// The 16 elements of row k that belong to a panel, likewise.
    package func row(_ k: Int, panel: Int) -> UnsafeMutablePointer<Float> { storage.pointer + (panel * inputs + k) * 16 }

    /// Where pixels in a row lie.
    package struct Pixels {
        let first: UnsafePointer<Float>
        /// Floats from one pixel to the next.
        let stride: Int
        /// Floats from one run of channels of a pixel to the next, where they do not lie side by side.
        let panel: Int

        package init(_ first: UnsafePointer<Float>, stride: Int, panel: Int = 16) {
            (self.first, self.stride, self.panel) = (first, stride, panel)
        }
    }

    /// Products of `count` pixels in a row.
    ///
    /// - Parameters:
    ///   - left: the pixels' inputs, in `segments` runs of equal length: one where they lie side by side, two for a 2×2 window, one
    ///     for each sixteen channels that lie `panel` floats apart.
    ///   - out: the first pixel's outputs; the next pixel's are `outStride` floats further.
    ///   - residual: what is added; it may be `out` itself.
    ///
    /// O(count · inputs · outputs). Each output is one sum in the order of k, beginning with the bias: it does not depend on the cut
    /// into rows. Error at most (inputs + 2) · u · (|bias| + Σ|left · w| + |residual|).
    package func multiply(
        _ left: Pixels, segments: Int = 1, count: Int, into out: UnsafeMutablePointer<Float>, outStride: Int, adding residual: Pixels? = nil
    ) {
        for panel in stride(from: 0, to: outputs / 16, by: 2) {
            multiply(
                panel: panel, next: panel + 1 < outputs / 16 ? 1 : nil, left, segments: segments, count: count, into: out + panel * 16,
                outStride: outStride, outPanel: 16,
                adding: residual.map { Pixels($0.first + panel * $0.panel, stride: $0.stride, panel: $0.panel) })
        }
    }

    /// `multiply` for sixteen outputs, or for twice sixteen.
    ///
    /// - Parameters:
    ///   - panel: which sixteen.
    ///   - next: how many panels behind the first a second one follows; nil for one alone.
    ///   - outPanel: floats from the outputs of a panel to those of the one behind it.
    ///   - residual: of `panel`.
    package func multiply(
        panel: Int, next: Int?, _ left: Pixels, segments: Int = 1, count: Int, into out: UnsafeMutablePointer<Float>, outStride: Int,
        outPanel: Int, adding residual: Pixels? = nil
    ) {
        RowProduct(
            left: left, segments: segments, length: inputs / segments, right: UnsafePointer(row(0, panel: panel)),
            next: next.map { $0 * inputs * 16 }, start: (bias + panel * 16).panel,
            nextStart: next.map { (bias + (panel + $0) * 16).panel } ?? Panel(), out: out, outStride: outStride,
            outNext: (next ?? 0) * outPanel, residual: residual, residualNext: (next ?? 0) * (residual?.panel ?? 0)
        ).run(count)
    }
}
