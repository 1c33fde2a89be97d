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
        total(x.count) { SIMD8<Double>((UnsafePointer(x.pointer) + $0).eight) }
    }

    /// The sum of the products of two tensors' elements, both in double. O(count).
    public static func sum(_ x: Tensor, times y: Tensor) -> Double {
        require(x.shape == y.shape, "shapes differ: \(x.shape) and \(y.shape)")
        return total(x.count) {
            SIMD8<Double>((UnsafePointer(x.pointer) + $0).eight) * SIMD8<Double>((UnsafePointer(y.pointer) + $0).eight)
        }
    }

    /// The sum of the eights of doubles that cover `0..<count`, without the lanes behind the end: eight sums for each piece of 16,384, so
    /// that none waits for the one before.
    @inline(__always)
    private static func total(_ count: Int, _ eight: (Int) -> SIMD8<Double>) -> Double {
        let grain = 16_384
        let pieces = (count + grain - 1) / grain
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, pieces)) { parts in
            nonisolated(unsafe) let parts = parts
            ThreadPool.ranges(count, grain: grain) { range in
                var sums = SIMD8<Double>()
                var i = range.lowerBound
                while i + 8 <= range.upperBound {
                    sums += eight(i)
                    i += 8
                }
                if i < range.upperBound {
                    let rest = eight(i)
                    for lane in 0..<range.upperBound - i { sums[lane] += rest[lane] }
                }
                parts[range.lowerBound / grain] = sums.sum()
            }
            return (0..<pieces).reduce(0) { $0 + parts[$1] }
        }
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
