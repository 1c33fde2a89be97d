/// Fixed filters on single-channel images, for scores that are differentiated: only pixels where the whole window lies inside.
public enum ImageFilter {
    /// Σ_{u,v} x[n, i + u, j + v] · rows[u] · columns[v]: (N, H, W, 1) → (N, H − U + 1, W − V + 1, 1). O(count·(U + V)).
    public static func separable(_ x: Tensor, rows: [Float], columns: [Float]) -> Tensor {
        let s = x.shape
        let (h, w) = (s.h - rows.count + 1, s.w - columns.count + 1)
        require(s.c == 1 && h > 0 && w > 0, "a \(rows.count) × \(columns.count) window does not fit \(s)")
        let output = Tensor(uninitialized: Shape(s.n, h, w, 1))
        ThreadPool.ranges(s.n * h, grain: 8) { range in
            let line = Storage(count: s.w)
            for row in range {
                let top = x.pointer + (row / h * s.h + row % h) * s.w
                line.pointer.update(repeating: 0, count: s.w)
                for (u, weight) in rows.enumerated() { addScaled(line.pointer, top + u * s.w, weight, s.w) }
                let out = output.pointer + row * w
                out.update(repeating: 0, count: w)
                for (v, weight) in columns.enumerated() { addScaled(out, line.pointer + v, weight, w) }
            }
        }
        return output
    }

    /// The gradient of `separable` with respect to its input: (N, H − U + 1, W − V + 1, 1) → (N, H, W, 1).
    public static func separableGradient(_ gradient: Tensor, rows: [Float], columns: [Float]) -> Tensor {
        let s = gradient.shape
        let (h, w) = (s.h + 2 * (rows.count - 1), s.w + 2 * (columns.count - 1))
        let padded = Tensor(Shape(s.n, h, w, 1))
        for n in 0..<s.n {
            for y in 0..<s.h {
                (padded.pointer + (n * h + y + rows.count - 1) * w + columns.count - 1)
                    .update(from: gradient.pointer + (n * s.h + y) * s.w, count: s.w)
            }
        }
        return separable(padded, rows: rows.reversed(), columns: columns.reversed())
    }

    @inline(__always)
    private static func addScaled(_ to: UnsafeMutablePointer<Float>, _ from: UnsafeMutablePointer<Float>, _ weight: Float, _ count: Int) {
        var i = 0
        while i + 8 <= count {
            (to + i).vector.addProduct((from + i).vector, Vector(repeating: weight))
            i += 8
        }
        while i < count {
            to[i] += from[i] * weight
            i += 1
        }
    }
}
