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

    private static func filter(_ input: Tensor, _ weights: Tensor, bias: Tensor?, flipped: Bool) -> Tensor {
        let s = input.shape
        require(weights.shape == Shape(3, 3, 1, s.c), "weights \(weights.shape) do not fit \(s.c) channels")
        let output = Tensor(uninitialized: s)
        let padded = Padding.zeros(input)
        let line = (s.w + 2) * s.c
        let w = UnsafePointer(weights.pointer)
        func tap(_ index: Int) -> UnsafePointer<Float> { w + (flipped ? 8 - index : index) * s.c }
        let taps = (tap(0), tap(1), tap(2), tap(3), tap(4), tap(5), tap(6), tap(7), tap(8))
        let whole = s.c & ~7
        ThreadPool.ranges(s.n * s.h, grain: max(1, 32_768 / (s.w * s.c))) { range in
            for row in range {
                let r0 = UnsafePointer(padded.pointer) + (row + 2 * (row / s.h)) * line
                let (r1, r2) = (r0 + line, r0 + 2 * line)
                let out = output.pointer + row * s.w * s.c
                for c in stride(from: 0, to: whole, by: 8) {
                    let (w0, w1, w2) = ((taps.0 + c).vector, (taps.1 + c).vector, (taps.2 + c).vector)
                    let (w3, w4, w5) = ((taps.3 + c).vector, (taps.4 + c).vector, (taps.5 + c).vector)
                    let (w6, w7, w8) = ((taps.6 + c).vector, (taps.7 + c).vector, (taps.8 + c).vector)
                    let start = bias.map { (UnsafePointer($0.pointer) + c).vector } ?? Vector()
                    var at = c
                    for _ in 0..<s.w {
                        var a = start.addingProduct((r0 + at).vector, w0)
                        var b = (r0 + at + s.c).vector * w1
                        var d = (r0 + at + 2 * s.c).vector * w2
                        a.addProduct((r1 + at).vector, w3)
                        b.addProduct((r1 + at + s.c).vector, w4)
                        d.addProduct((r1 + at + 2 * s.c).vector, w5)
                        a.addProduct((r2 + at).vector, w6)
                        b.addProduct((r2 + at + s.c).vector, w7)
                        d.addProduct((r2 + at + 2 * s.c).vector, w8)
                        (out + at).vector = a + (b + d)
                        at += s.c
                    }
                }
                for c in whole..<s.c {
                    for x in 0..<s.w {
                        let at = x * s.c + c
                        var sum = bias.map { $0.pointer[c] } ?? 0
                        for v in 0..<3 {
                            sum += r0[at + v * s.c] * w[(flipped ? 8 - v : v) * s.c + c]
                            sum += r1[at + v * s.c] * w[(flipped ? 5 - v : 3 + v) * s.c + c]
                            sum += r2[at + v * s.c] * w[(flipped ? 2 - v : 6 + v) * s.c + c]
                        }
                        out[at] = sum
                    }
                }
            }
        }
        return output
    }

    /// The gradient of the weights, (3, 3, 1, C). O(9·count).
    public static func weightGradient(input: Tensor, outputGradient: Tensor) -> Tensor {
        let s = input.shape
        let padded = Padding.zeros(input)
        let line = (s.w + 2) * s.c
        let rowsPerPiece = max(1, 65_536 / (s.w * s.c))
        let whole = s.c & ~7
        return Reduction.pieces(s.n * s.h, grain: rowsPerPiece, result: Shape(3, 3, 1, s.c)) { range, sums in
            for row in range {
                let r0 = UnsafePointer(padded.pointer) + (row + 2 * (row / s.h)) * line
                let gradient = UnsafePointer(outputGradient.pointer) + row * s.w * s.c
                for u in 0..<3 {
                    let r = r0 + u * line
                    for c in stride(from: 0, to: whole, by: 8) {
                        let t = sums + u * 3 * s.c + c
                        var (a, b, d) = (t.vector, (t + s.c).vector, (t + 2 * s.c).vector)
                        var at = c
                        for _ in 0..<s.w {
                            let g = (gradient + at).vector
                            a.addProduct((r + at).vector, g)
                            b.addProduct((r + at + s.c).vector, g)
                            d.addProduct((r + at + 2 * s.c).vector, g)
                            at += s.c
                        }
                        t.vector = a
                        (t + s.c).vector = b
                        (t + 2 * s.c).vector = d
                    }
                    for c in whole..<s.c {
                        for v in 0..<3 {
                            var sum: Float = 0
                            for x in 0..<s.w { sum += r[(x + v) * s.c + c] * gradient[x * s.c + c] }
                            sums[(u * 3 + v) * s.c + c] += sum
                        }
                    }
                }
            }
        }
    }
}
