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
        inPieces(x.count) { range in
            var sum = SIMD8<Double>()
            for i in stride(from: range.lowerBound, to: range.upperBound, by: 8) { sum += eight(x, i, end: range.upperBound) }
            return sum.sum()
        }.reduce(0, +)
    }

    /// The sum of the products of two tensors' elements, both in double. O(count).
    public static func sum(_ x: Tensor, times y: Tensor) -> Double {
        require(x.shape == y.shape, "shapes differ: \(x.shape) and \(y.shape)")
        return inPieces(x.count) { range in
            var sum = SIMD8<Double>()
            for i in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
                sum.addProduct(eight(x, i, end: range.upperBound), eight(y, i, end: range.upperBound))
            }
            return sum.sum()
        }.reduce(0, +)
    }

    /// Σx, Σx², Σxy and Σxz over all elements, in double. O(count).
    public static func sums(_ x: Tensor, with y: Tensor, _ z: Tensor) -> (x: Double, xx: Double, xy: Double, xz: Double) {
        require(x.shape == y.shape && x.shape == z.shape, "shapes differ: \(x.shape), \(y.shape) and \(z.shape)")
        let parts = inPieces(x.count) { range in
            var (sum, square, first, second) = (SIMD8<Double>(), SIMD8<Double>(), SIMD8<Double>(), SIMD8<Double>())
            for i in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
                let value = eight(x, i, end: range.upperBound)
                sum += value
                square.addProduct(value, value)
                first.addProduct(value, eight(y, i, end: range.upperBound))
                second.addProduct(value, eight(z, i, end: range.upperBound))
            }
            return SIMD4(sum.sum(), square.sum(), first.sum(), second.sum())
        }
        let total = parts.reduce(SIMD4(), +)
        return (total[0], total[1], total[2], total[3])
    }

    /// The results of `part` for the ranges of 16,384 that make up `0..<count`, in order.
    @inline(__always)
    private static func inPieces<Part>(_ count: Int, _ part: (Range<Int>) -> Part) -> [Part] {
        let grain = 16_384
        return Array(unsafeUninitializedCapacity: (count + grain - 1) / grain) { parts, initialized in
            initialized = parts.count
            nonisolated(unsafe) let parts = parts
            ThreadPool.ranges(count, grain: grain) { (parts.baseAddress! + $0.lowerBound / grain).initialize(to: part($0)) }
        }
    }

    /// Eight elements from `i` on as doubles; 0 from `end` on.
    @inline(__always)
    private static func eight(_ x: Tensor, _ i: Int, end: Int) -> SIMD8<Double> {
        let v = (UnsafePointer(x.pointer) + i).eight
        // Lane by lane: the compiler makes two instructions of it, and a call of the vector's own conversion.
        var result = SIMD8(
            Double(v[0]), Double(v[1]), Double(v[2]), Double(v[3]), Double(v[4]), Double(v[5]), Double(v[6]), Double(v[7]))
        if i + 8 > end { for lane in end - i..<8 { result[lane] = 0 } }
        return result
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
