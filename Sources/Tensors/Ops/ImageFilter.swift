/// Fixed filters on single-channel images, for scores that are differentiated: only pixels where the whole window lies inside.
public enum ImageFilter {
    /// Σ_{u,v} x[n, i + u, j + v] · rows[u] · columns[v]: (N, H, W, 1) → (N, H − U + 1, W − V + 1, 1). O(count·(U + V)).
    public static func separable(_ x: Tensor, rows: [Float], columns: [Float]) -> Tensor {
        filter(x, rows, columns, border: (0, 0))
    }

    /// The gradient of `separable` with respect to its input: (N, H − U + 1, W − V + 1, 1) → (N, H, W, 1).
    public static func separableGradient(_ gradient: Tensor, rows: [Float], columns: [Float]) -> Tensor {
        filter(gradient, rows.reversed(), columns.reversed(), border: (rows.count - 1, columns.count - 1))
    }

    /// `separable` of an image with so many rows of zeros above and below and so many columns of them at the left and the right.
    private static func filter(_ x: Tensor, _ rows: [Float], _ columns: [Float], border: (rows: Int, columns: Int)) -> Tensor {
        let (s, wide) = (x.shape, x.shape.w + 2 * border.columns)
        let (h, w) = (s.h + 2 * border.rows - rows.count + 1, wide - columns.count + 1)
        require(s.c == 1 && h > 0 && w > 0, "a \(rows.count) × \(columns.count) window does not fit \(s)")
        let output = Tensor(uninitialized: Shape(s.n, h, w, 1))
        ThreadPool.ranges(s.n * h, grain: max(8, s.n * h / 8)) { range in
            let line = Tensor(.vector(wide))
            for row in range {
                let (n, top) = (row / h, row % h - border.rows)
                let taps = max(0, -top)..<min(rows.count, s.h - top)
                weightedSum(
                    line.pointer + border.columns, x.pointer + (n * s.h + top + taps.lowerBound) * s.w, stride: s.w, rows[taps], count: s.w)
                weightedSum(output.pointer + row * w, line.pointer, stride: 1, columns[...], count: w)
            }
        }
        return output
    }

    /// Every second pixel of every second row, from the first on: (N, H, W, C) → (N, ⌈H/2⌉, ⌈W/2⌉, C). O(output).
    public static func everySecond(_ x: Tensor) -> Tensor {
        let s = x.shape
        let output = Tensor(uninitialized: Shape(s.n, (s.h + 1) / 2, (s.w + 1) / 2, s.c))
        forEverySecond(s) { at, half in (output.pointer + half).update(from: x.pointer + at, count: s.c) }
        return output
    }

    /// The gradient of `everySecond` for an input of shape `shape`: the pixels back in their places, 0 between them.
    public static func everySecondGradient(_ gradient: Tensor, shape: Shape) -> Tensor {
        let output = Tensor(shape)
        forEverySecond(shape) { at, half in (output.pointer + at).update(from: gradient.pointer + half, count: shape.c) }
        return output
    }

    /// Calls `body(position in the whole, position in the half)` for the first channel of every pixel that is kept.
    private static func forEverySecond(_ s: Shape, _ body: (Int, Int) -> Void) {
        var half = 0
        for n in 0..<s.n {
            for y in stride(from: 0, to: s.h, by: 2) {
                for x in stride(from: 0, to: s.w, by: 2) {
                    body(((n * s.h + y) * s.w + x) * s.c, half)
                    half += s.c
                }
            }
        }
    }

    /// to[i] = Σ_k from[i + k·stride] · weights[k].
    @inline(__always)
    private static func weightedSum(
        _ to: UnsafeMutablePointer<Float>, _ from: UnsafePointer<Float>, stride: Int, _ weights: ArraySlice<Float>, count: Int
    ) {
        weights.withUnsafeBufferPointer { weights in
            var i = 0
            // Four vectors at a time, whose sums do not wait for each other.
            while i + 4 * lanes <= count {
                var (a, b, c, d) = (Vector(), Vector(), Vector(), Vector())
                var at = from + i
                for k in 0..<weights.count {
                    let weight = Vector(repeating: weights[k])
                    a.addProduct(at.vector, weight)
                    b.addProduct((at + lanes).vector, weight)
                    c.addProduct((at + 2 * lanes).vector, weight)
                    d.addProduct((at + 3 * lanes).vector, weight)
                    at += stride
                }
                (to + i).vector = a
                (to + i + lanes).vector = b
                (to + i + 2 * lanes).vector = c
                (to + i + 3 * lanes).vector = d
                i += 4 * lanes
            }
            while i + lanes <= count {
                var sum = Vector()
                for k in 0..<weights.count { sum.addProduct((from + i + k * stride).vector, Vector(repeating: weights[k])) }
                (to + i).vector = sum
                i += lanes
            }
            while i < count {
                var sum: Float = 0
                for k in 0..<weights.count { sum = sum.addingProduct(from[i + k * stride], weights[k]) }
                to[i] = sum
                i += 1
            }
        }
    }
}
