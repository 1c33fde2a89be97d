/// The filters of a 3×3 depthwise convolution with their bias, for rows that a producer keeps in the cache.
package struct PackedDepthwise: Sendable {
    package let channels: Int
    /// [9][channels], then the bias.
    private let storage: Tensor

    /// - Parameters:
    ///   - weights: (3, 3, 1, C), C a multiple of 8.
    ///   - bias: (1, 1, 1, C).
    package init(_ weights: Tensor, bias: Tensor) {
        channels = weights.shape.c
        require(channels % 8 == 0 && weights.count == 9 * channels && bias.count == channels, "filters \(weights.shape) cannot be packed")
        storage = Tensor(.vector(10 * channels))
        storage.pointer.update(from: weights.pointer, count: 9 * channels)
        (storage.pointer + 9 * channels).update(from: bias.pointer, count: channels)
    }

    /// Filters side by side: those of `first`, then those of `second`.
    package init(_ first: PackedDepthwise, _ second: PackedDepthwise) {
        channels = first.channels + second.channels
        storage = Tensor(.vector(10 * channels))
        for tap in 0..<10 {
            let to = storage.pointer + tap * channels
            to.update(from: first.storage.pointer + tap * first.channels, count: first.channels)
            (to + first.channels).update(from: second.storage.pointer + tap * second.channels, count: second.channels)
        }
    }

    /// Pixels that are worked on for all channels before the next ones: three rows of them stay in the first-level cache.
    private static let tile = 16

    /// `count` output pixels of the channels in `range`, whose bounds are multiples of 8.
    ///
    /// - Parameters:
    ///   - above, middle, below: three rows of `count` + 2 pixels of all channels: one pixel more at each end, zeros outside the image.
    ///   - stride: floats from one of their pixels to the next.
    ///   - out: the first pixel's first channel of `range`; the next pixel is `outStride` floats further.
    ///
    /// O(9 · count · channels). Error at most 10 · u · (|bias| + Σ|x · w|).
    package func row(
        _ above: UnsafePointer<Float>, _ middle: UnsafePointer<Float>, _ below: UnsafePointer<Float>, stride step: Int, count: Int,
        channels range: Range<Int>, into out: UnsafeMutablePointer<Float>, outStride: Int
    ) {
        let taps = UnsafePointer(storage.pointer)
        for first in stride(from: 0, to: count, by: Self.tile) {
            let pixels = min(Self.tile, count - first)
            for c in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
                let w = taps + c
                let (w0, w1, w2) = (w.vector, (w + channels).vector, (w + 2 * channels).vector)
                let (w3, w4, w5) = ((w + 3 * channels).vector, (w + 4 * channels).vector, (w + 5 * channels).vector)
                let (w6, w7, w8) = ((w + 6 * channels).vector, (w + 7 * channels).vector, (w + 8 * channels).vector)
                let start = (w + 9 * channels).vector
                var (pa, pb, pd) = (above + first * step + c, middle + first * step + c, below + first * step + c)
                // Each column of the input serves three outputs: `next` has seen its first column, `current` its first two.
                var (a, b, d) = (pa.vector, pb.vector, pd.vector)
                var current = start.addingProduct(a, w0).addingProduct(b, w3).addingProduct(d, w6)
                (a, b, d) = ((pa + step).vector, (pb + step).vector, (pd + step).vector)
                current = current.addingProduct(a, w1).addingProduct(b, w4).addingProduct(d, w7)
                var next = start.addingProduct(a, w0).addingProduct(b, w3).addingProduct(d, w6)
                (pa, pb, pd) = (pa + 2 * step, pb + 2 * step, pd + 2 * step)
                var to = out + first * outStride + c - range.lowerBound
                for _ in 0..<pixels {
                    (a, b, d) = (pa.vector, pb.vector, pd.vector)
                    to.vector = current.addingProduct(a, w2).addingProduct(b, w5).addingProduct(d, w8)
                    current = next.addingProduct(a, w1).addingProduct(b, w4).addingProduct(d, w7)
                    next = start.addingProduct(a, w0).addingProduct(b, w3).addingProduct(d, w6)
                    (pa, pb, pd, to) = (pa + step, pb + step, pd + step, to + outStride)
                }
            }
        }
    }
}
