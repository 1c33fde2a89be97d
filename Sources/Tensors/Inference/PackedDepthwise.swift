/// The filters of a 3×3 depthwise convolution with their bias, for rows that a producer keeps in the cache, sixteen channels at a time.
package struct PackedDepthwise: Sendable {
    package let channels: Int
    /// [channels / 16][9 taps, then the bias][16]
    private let storage: Tensor

    /// - Parameters:
    ///   - weights: (3, 3, 1, C), C a multiple of 16.
    ///   - bias: (1, 1, 1, C).
    package init(_ weights: Tensor, bias: Tensor) {
        channels = weights.shape.c
        require(channels % 16 == 0 && weights.count == 9 * channels && bias.count == channels, "filters \(weights.shape) cannot be packed")
        storage = Tensor(.vector(10 * channels))
        for tap in 0..<10 {
            let from = tap < 9 ? weights.pointer + tap * channels : bias.pointer
            for c in stride(from: 0, to: channels, by: 16) { (storage.pointer + c * 10 + tap * 16).update(from: from + c, count: 16) }
        }
    }

    /// Filters side by side: those of `first`, then those of `second`.
    package init(_ first: PackedDepthwise, _ second: PackedDepthwise) {
        channels = first.channels + second.channels
        storage = Tensor(.vector(10 * channels))
        storage.pointer.update(from: first.storage.pointer, count: 10 * first.channels)
        (storage.pointer + 10 * first.channels).update(from: second.storage.pointer, count: 10 * second.channels)
    }

    /// Four rows of one panel: `count` + 2 pixels of 16 channels each, one pixel more at each end, zeros outside the image.
    package typealias Lines = (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>)

    /// Two rows of `count` output pixels.
    ///
    /// - Parameters:
    ///   - panel: which sixteen channels.
    ///   - lines: the row above the two, the two, and the row below.
    ///   - upper, lower: the first pixels' sixteen channels; the next pixel is `outStride` floats further.
    ///
    /// O(18 · 16 · count). Error at most 10 · u · (|bias| + Σ|x · w|).
    package func rows(
        panel: Int, _ lines: Lines, count: Int, into upper: UnsafeMutablePointer<Float>, _ lower: UnsafeMutablePointer<Float>,
        outStride: Int
    ) {
        for half in stride(from: 0, to: 16, by: lanes) {
            let w = UnsafePointer(storage.pointer) + panel * 160 + half
            let (w0, w1, w2) = (w.vector, (w + 16).vector, (w + 32).vector)
            let (w3, w4, w5) = ((w + 48).vector, (w + 64).vector, (w + 80).vector)
            let (w6, w7, w8) = ((w + 96).vector, (w + 112).vector, (w + 128).vector)
            let bias = w + 144
            var (a, b, c, d) = (lines.0 + half, lines.1 + half, lines.2 + half, lines.3 + half)
            // Each column of four pixels is loaded once and goes into three columns of the output, of which `x` and `y` are the upper
            // and the lower pixel: it ends the ones, continues the next and begins the last.
            var (to, toLower) = (upper + half, lower + half)
            @inline(__always) func load() -> (Vector, Vector, Vector, Vector) {
                let column = (a.vector, b.vector, c.vector, d.vector)
                (a, b, c, d) = (a + 16, b + 16, c + 16, d + 16)
                return column
            }
            @inline(__always) func begin(_ p: Vector, _ q: Vector, _ r: Vector) -> Vector {
                bias.vector.addingProduct(p, w0).addingProduct(q, w3).addingProduct(r, w6)
            }
            @inline(__always) func carry(_ sum: Vector, _ p: Vector, _ q: Vector, _ r: Vector) -> Vector {
                sum.addingProduct(p, w1).addingProduct(q, w4).addingProduct(r, w7)
            }
            @inline(__always) func end(_ sum: Vector, _ p: Vector, _ q: Vector, _ r: Vector) -> Vector {
                sum.addingProduct(p, w2).addingProduct(q, w5).addingProduct(r, w8)
            }
            var (p, q, r, s) = load()
            var (x, y) = (begin(p, q, r), begin(q, r, s))
            (p, q, r, s) = load()
            (x, y) = (carry(x, p, q, r), carry(y, q, r, s))
            var (nextX, nextY) = (begin(p, q, r), begin(q, r, s))
            for _ in 0..<count {
                let (p, q, r, s) = load()
                (to.vector, toLower.vector) = (end(x, p, q, r), end(y, q, r, s))
                (x, y) = (carry(nextX, p, q, r), carry(nextY, q, r, s))
                (nextX, nextY) = (begin(p, q, r), begin(q, r, s))
                (to, toLower) = (to + outStride, toLower + outStride)
            }
        }
    }
}
