/// The filters of a 3×3 depthwise convolution with their bias, for rows that a producer keeps in the cache.
package struct PackedDepthwise: Sendable {
    package let channels: Int
    /// [9][channels], then the bias.
    private let storage: Tensor

    /// - Parameters:
    ///   - weights: (3, 3, 1, C), C a multiple of 16.
    ///   - bias: (1, 1, 1, C).
    package init(_ weights: Tensor, bias: Tensor) {
        channels = weights.shape.c
        require(channels % 16 == 0 && weights.count == 9 * channels && bias.count == channels, "filters \(weights.shape) cannot be packed")
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

    /// `count` output pixels of the channels in `range`, whose bounds are multiples of 16.
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
            for c in stride(from: range.lowerBound, to: range.upperBound, by: lanes) {
                let w = taps + c
                let (w0, w1, w2) = (w.vector, (w + channels).vector, (w + 2 * channels).vector)
                let (w3, w4, w5) = ((w + 3 * channels).vector, (w + 4 * channels).vector, (w + 5 * channels).vector)
                let (w6, w7, w8) = ((w + 6 * channels).vector, (w + 7 * channels).vector, (w + 8 * channels).vector)
                let start = (w + 9 * channels).vector
                var (pa, pb, pd) = (above + first * step + c, middle + first * step + c, below + first * step + c)
                var to = out + first * outStride + c - range.lowerBound
                // Two outputs at a time: of four columns that are loaded each sees three.
                for pixel in stride(from: 0, to: pixels, by: 2) {
                    let (a0, b0, d0) = (pa.vector, pb.vector, pd.vector)
                    let (a1, b1, d1) = ((pa + step).vector, (pb + step).vector, (pd + step).vector)
                    let (a2, b2, d2) = ((pa + 2 * step).vector, (pb + 2 * step).vector, (pd + 2 * step).vector)
                    var x = start.addingProduct(a0, w0).addingProduct(b0, w3).addingProduct(d0, w6)
                    x = x.addingProduct(a1, w1).addingProduct(b1, w4).addingProduct(d1, w7)
                    to.vector = x.addingProduct(a2, w2).addingProduct(b2, w5).addingProduct(d2, w8)
                    guard pixel + 1 < pixels else { break }
                    let (a3, b3, d3) = ((pa + 3 * step).vector, (pb + 3 * step).vector, (pd + 3 * step).vector)
                    var y = start.addingProduct(a1, w0).addingProduct(b1, w3).addingProduct(d1, w6)
                    y = y.addingProduct(a2, w1).addingProduct(b2, w4).addingProduct(d2, w7)
                    (to + outStride).vector = y.addingProduct(a3, w2).addingProduct(b3, w5).addingProduct(d3, w8)
                    (pa, pb, pd, to) = (pa + 2 * step, pb + 2 * step, pd + 2 * step, to + 2 * outStride)
                }
            }
        }
    }
}
