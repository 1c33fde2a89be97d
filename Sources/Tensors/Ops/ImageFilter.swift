/// Fixed filters on single-channel images, for scores that are differentiated: only pixels where the whole window lies inside.
public enum ImageFilter {
    /// Rows of a piece of work.
    private static let grain = 16

    /// Σ_{u,v} x[n, i·step + u, j·step + v] · rows[u] · columns[v] for every place of the window on every `step`-th row and column:
    /// (N, H, W, 1) → (N, ⌈(H − U + 1)/step⌉, ⌈(W − V + 1)/step⌉, 1). O(count·(U + V)).
    public static func separable(_ x: Tensor, rows: [Float], columns: [Float], step: Int = 1) -> Tensor {
        let s = x.shape
        let output = Tensor(uninitialized: filtered(s, rows, columns, step))
        let (h, w, wide) = (output.shape.h, output.shape.w, s.w - columns.count + 1)
        ThreadPool.ranges(s.n * h, grain: grain) { range in
            let lines = Tensor(.vector(2 * s.w))
            let (line, dense) = (lines.pointer, lines.pointer + s.w)
            for row in range {
                let from = x.pointer + (row / h * s.h + row % h * step) * s.w
                let to = output.pointer + row * w
                weightedSum(line, from, stride: s.w, rows[...], count: s.w)
                weightedSum(step == 1 ? to : dense, line, stride: 1, columns[...], count: wide)
                if step > 1 { for j in 0..<w { to[j] = dense[j * step] } }
            }
        }
        return output
    }

    /// The gradient of `separable` with respect to its input, `weight` times, added to `result`.
    ///
    /// - Parameters:
    ///   - gradient: of `separable`'s result for an input of the shape of `result`.
    ///   - result: (N, H, W, 1).
    public static func addSeparableGradient(
        _ gradient: Tensor, rows: [Float], columns: [Float], step: Int = 1, weight: Float = 1, to result: Tensor
    ) {
        let (s, g) = (result.shape, gradient.shape)
        require(g == filtered(s, rows, columns, step), "a gradient \(g) does not belong to an image \(s)")
        // The taps that a row of the image meets in the filtered rows above it, from the first of them on: another set in every `step`-th row.
        let taps = (0..<step).map { phase in Array(stride(from: phase, to: rows.count, by: step).map { rows[$0] }.reversed()) }
        let (backward, border) = (Array(columns.reversed()), columns.count - 1)
        ThreadPool.ranges(s.n * s.h, grain: grain) { range in
            // The filtered pixels stand where their windows begin, with zeros between and around them.
            let lines = Tensor(.vector(3 * (s.w + 2 * border)))
            let (line, dense) = (lines.pointer, lines.pointer + s.w + 2 * border)
            let sums = dense + s.w + 2 * border
            for row in range {
                let (n, y) = row.quotientAndRemainder(dividingBy: s.h)
                let (weights, last) = (taps[y % step], y / step)
                let first = last - weights.count + 1
                let met = max(0, first)..<max(0, first, min(g.h, last + 1))
                weightedSum(
                    step == 1 ? line + border : dense, gradient.pointer + (n * g.h + met.lowerBound) * g.w, stride: g.w,
                    weights[met.lowerBound - first..<met.upperBound - first], count: g.w)
                if step > 1 { for j in 0..<g.w { line[border + j * step] = dense[j] } }
                weightedSum(sums, line, stride: 1, backward[...], count: s.w)
                let to = result.pointer + row * s.w
                for x in 0..<s.w { to[x] = to[x].addingProduct(sums[x], weight) }
            }
        }
    }

    private static func filtered(_ s: Shape, _ rows: [Float], _ columns: [Float], _ step: Int) -> Shape {
        let (h, w) = (s.h - rows.count + 1, s.w - columns.count + 1)
        require(s.c == 1 && h > 0 && w > 0, "a \(rows.count) × \(columns.count) window does not fit \(s)")
        return Shape(s.n, (h + step - 1) / step, (w + step - 1) / step, 1)
    }

    /// to[i] = Σ_k from[i + k·stride] · weights[k].
    @inline(__always)
    static func weightedSum(
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
