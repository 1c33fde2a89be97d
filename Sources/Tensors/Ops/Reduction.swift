/// Sums whose order is fixed by the shape alone.
public enum Reduction {
    /// Sums into a tensor of shape `result`: `body(range, sums)` adds the part of a range of items to `sums`, which starts at zero.
    ///
    /// The ranges have `grain` items whatever the number of threads, and their parts are added in order.
    static func pieces(
        _ count: Int, grain: Int, result: Shape, _ body: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
    ) -> Tensor {
        let pieces = max(1, (count + grain - 1) / grain)
        let parts = Tensor(Shape(pieces, 1, 1, result.count))
        ThreadPool.run(pieces) { piece in
            body(piece * grain..<min(count, (piece + 1) * grain), parts.pointer + piece * result.count)
        }
        let total = Tensor(uninitialized: result)
        total.pointer.update(from: parts.pointer, count: result.count)
        for piece in 1..<max(1, pieces) {
            let part = parts.pointer + piece * result.count
            for i in 0..<result.count { total.pointer[i] += part[i] }
        }
        return total
    }

    /// The sum of all elements, accumulated in double. O(count).
    public static func sum(_ x: Tensor) -> Double {
        var total = 0.0
        for i in 0..<x.count { total += Double(x.pointer[i]) }
        return total
    }

    /// The sum over pixels for each channel: (N, H, W, C) → (1, 1, 1, C). O(count).
    public static func overPixels(_ x: Tensor) -> Tensor {
        let c = x.shape.c
        return pieces(x.shape.pixels, grain: max(1, 65_536 / c), result: .vector(c)) { range, sums in
            for pixel in range {
                let row = UnsafePointer(x.pointer) + pixel * c
                var j = 0
                while j + lanes <= c {
                    (sums + j).vector += (row + j).vector
                    j += lanes
                }
                while j < c {
                    sums[j] += row[j]
                    j += 1
                }
            }
        }
    }
}
