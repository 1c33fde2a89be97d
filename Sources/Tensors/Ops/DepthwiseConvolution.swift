/// 3×3 convolution of each channel with its own filter, stride 1, zero padding.
///
///     y[n, i, j, c] = bias[c] + Σ_{u,v} x[n, i + u − 1, j + v − 1, c] · w[u, v, 0, c]
public enum DepthwiseConvolution {
    /// The convolution of `input` (N, H, W, C) with `weights` (3, 3, 1, C) and `bias` (1, 1, 1, C). O(9·count).
    public static func forward(_ input: Tensor, _ weights: Tensor, bias: Tensor? = nil) -> Tensor {
        filter(input, weights, bias: bias, flipped: false)
    }

    /// The gradient of the input: the gradient of the output filtered with the filters turned by 180°. O(9·count).
    public static func inputGradient(_ outputGradient: Tensor, _ weights: Tensor) -> Tensor {
        filter(outputGradient, weights, bias: nil, flipped: true)
    }

    /// Pixels that are worked on for all channels before the next ones: three rows of them stay in the first-level cache.
    private static let tile = 16

    private static func filter(_ input: Tensor, _ weights: Tensor, bias: Tensor?, flipped: Bool) -> Tensor {
        let s = input.shape
        require(weights.shape == Shape(3, 3, 1, s.c), "weights \(weights.shape) do not fit \(s.c) channels")
        let output = Tensor(uninitialized: s)
        let zeros = Tensor(.matrix(s.w, s.c))
        let w = UnsafePointer(weights.pointer)
        func tap(_ index: Int) -> UnsafePointer<Float> { w + (flipped ? 8 - index : index) * s.c }
        let taps = (tap(0), tap(1), tap(2), tap(3), tap(4), tap(5), tap(6), tap(7), tap(8))
        let whole = s.c / lanes * lanes
        ThreadPool.ranges(s.n * s.h, grain: max(1, 32_768 / (s.w * s.c))) { range in
            for row in range {
                let rows = Rows(around: row, of: input, outside: zeros)
                let out = output.pointer + row * s.w * s.c
                for first in stride(from: 0, to: s.w, by: tile) {
                    let last = min(first + tile, s.w)
                    for c in stride(from: 0, to: whole, by: lanes) {
                        let (w0, w1, w2) = ((taps.0 + c).vector, (taps.1 + c).vector, (taps.2 + c).vector)
                        let (w3, w4, w5) = ((taps.3 + c).vector, (taps.4 + c).vector, (taps.5 + c).vector)
                        let (w6, w7, w8) = ((taps.6 + c).vector, (taps.7 + c).vector, (taps.8 + c).vector)
                        let start = bias.map { (UnsafePointer($0.pointer) + c).vector } ?? Vector()
                        // Each column of the input serves three outputs: `next` has seen its first column, `current` its first two.
                        var next = start
                        if first > 0 {
                            let (a, b, d) = rows.column((first - 1) * s.c + c)
                            next = next.addingProduct(a, w0).addingProduct(b, w3).addingProduct(d, w6)
                        }
                        var (a, b, d) = rows.column(first * s.c + c)
                        var current = next.addingProduct(a, w1).addingProduct(b, w4).addingProduct(d, w7)
                        next = start.addingProduct(a, w0).addingProduct(b, w3).addingProduct(d, w6)
                        var at = first * s.c + c
                        for _ in first + 1..<max(first + 1, last) {
                            (a, b, d) = rows.column(at + s.c)
                            (out + at).vector = current.addingProduct(a, w2).addingProduct(b, w5).addingProduct(d, w8)
                            current = next.addingProduct(a, w1).addingProduct(b, w4).addingProduct(d, w7)
                            next = start.addingProduct(a, w0).addingProduct(b, w3).addingProduct(d, w6)
                            at += s.c
                        }
                        if last < s.w {
                            (a, b, d) = rows.column(at + s.c)
                            current = current.addingProduct(a, w2).addingProduct(b, w5).addingProduct(d, w8)
                        }
                        (out + at).vector = current
                    }
                }
                for c in whole..<s.c {
                    for x in 0..<s.w {
                        var sum = bias.map { $0.pointer[c] } ?? 0
                        for v in 0..<3 where x + v >= 1 && x + v <= s.w {
                            let at = (x + v - 1) * s.c + c
                            sum += rows.above[at] * w[(flipped ? 8 - v : v) * s.c + c]
                            sum += rows.middle[at] * w[(flipped ? 5 - v : 3 + v) * s.c + c]
                            sum += rows.below[at] * w[(flipped ? 2 - v : 6 + v) * s.c + c]
                        }
                        out[x * s.c + c] = sum
                    }
                }
            }
        }
        return output
    }

    /// A row of an image and its neighbours; a row of zeros where there is none.
    private struct Rows {
        let above: UnsafePointer<Float>
        let middle: UnsafePointer<Float>
        let below: UnsafePointer<Float>

        /// - Parameter row: counted over all images of the batch.
        @inline(__always)
        init(around row: Int, of image: Tensor, outside zeros: Tensor) {
            let (s, y) = (image.shape, row % image.shape.h)
            let line = s.w * s.c
            middle = UnsafePointer(image.pointer) + row * line
            above = y > 0 ? middle - line : UnsafePointer(zeros.pointer)
            below = y + 1 < s.h ? middle + line : UnsafePointer(zeros.pointer)
        }

        /// Eight channels of three pixels one above the other.
        @inline(__always)
        func column(_ at: Int) -> (Vector, Vector, Vector) { ((above + at).vector, (middle + at).vector, (below + at).vector) }
    }

    /// The gradient of the weights, (3, 3, 1, C). O(9·count).
    public static func weightGradient(input: Tensor, outputGradient: Tensor) -> Tensor {
        let s = input.shape
        let zeros = Tensor(.matrix(s.w, s.c))
        let whole = s.c / lanes * lanes
        return Reduction.pieces(s.n * s.h, grain: max(1, 65_536 / (s.w * s.c)), result: Shape(3, 3, 1, s.c)) { range, sums in
            for row in range {
                let rows = Rows(around: row, of: input, outside: zeros)
                let gradient = UnsafePointer(outputGradient.pointer) + row * s.w * s.c
                for first in stride(from: 0, to: s.w, by: tile) {
                    let last = min(first + tile, s.w)
                    for c in stride(from: 0, to: whole, by: lanes) {
                        accumulate(rows.above, gradient, s, first..<last, c, into: sums + c)
                        accumulate(rows.middle, gradient, s, first..<last, c, into: sums + 3 * s.c + c)
                        accumulate(rows.below, gradient, s, first..<last, c, into: sums + 6 * s.c + c)
                    }
                }
                for c in whole..<s.c {
                    for (u, line) in [rows.above, rows.middle, rows.below].enumerated() {
                        for v in 0..<3 {
                            var sum: Float = 0
                            for x in 0..<s.w where x + v >= 1 && x + v <= s.w {
                                sum += line[(x + v - 1) * s.c + c] * gradient[x * s.c + c]
                            }
                            sums[(u * 3 + v) * s.c + c] += sum
                        }
                    }
                }
            }
        }
    }

    /// Adds Σ_x line[x + v − 1] · gradient[x] over a tile to the sums of the three taps of one kernel row, for eight channels from `c` on.
    @inline(__always)
    private static func accumulate(
        _ line: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, _ s: Shape, _ tile: Range<Int>, _ c: Int,
        into sums: UnsafeMutablePointer<Float>
    ) {
        var (a, b, d) = (sums.vector, (sums + s.c).vector, (sums + 2 * s.c).vector)
        var at = tile.lowerBound * s.c + c
        var before = tile.lowerBound > 0 ? (line + at - s.c).vector : Vector()
        var here = (line + at).vector
        for x in tile {
            let after = x + 1 < s.w ? (line + at + s.c).vector : Vector()
            let g = (gradient + at).vector
            a.addProduct(before, g)
            b.addProduct(here, g)
            d.addProduct(after, g)
            (before, here) = (here, after)
            at += s.c
        }
        sums.vector = a
        (sums + s.c).vector = b
        (sums + 2 * s.c).vector = d
    }
}
