/// Operations on each element by itself.
public enum Elementwise {
    private static let grain = 16_384

    /// y[i] = f(x[i]). `f` sees a vector of elements at a time; the last vector may carry undefined elements, whose results are dropped.
    @inline(__always)
    static func map(_ x: Tensor, _ f: (Vector) -> Vector) -> Tensor {
        let y = Tensor(uninitialized: x.shape)
        let (px, py) = (UnsafePointer(x.pointer), y.pointer)
        ThreadPool.ranges(x.count, grain: grain) { range in
            var i = range.lowerBound
            while i + lanes <= range.upperBound {
                (py + i).vector = f((px + i).vector)
                i += lanes
            }
            if i < range.upperBound { storePart(f((px + i).vector), to: py + i, count: range.upperBound - i) }
        }
        return y
    }

    /// z[i] = f(x[i], y[i]) for two tensors of one shape.
    @inline(__always)
    static func zip(_ x: Tensor, _ y: Tensor, _ f: (Vector, Vector) -> Vector) -> Tensor {
        require(x.shape == y.shape, "shapes differ: \(x.shape) and \(y.shape)")
        let z = Tensor(uninitialized: x.shape)
        let (px, py, pz) = (UnsafePointer(x.pointer), UnsafePointer(y.pointer), z.pointer)
        ThreadPool.ranges(x.count, grain: grain) { range in
            var i = range.lowerBound
            while i + lanes <= range.upperBound {
                (pz + i).vector = f((px + i).vector, (py + i).vector)
                i += lanes
            }
            if i < range.upperBound {
                storePart(f((px + i).vector, (py + i).vector), to: pz + i, count: range.upperBound - i)
            }
        }
        return z
    }

    /// w[i] = f(x[i], y[i], z[i]) for three tensors of one shape.
    @inline(__always)
    static func zip(_ x: Tensor, _ y: Tensor, _ z: Tensor, _ f: (Vector, Vector, Vector) -> Vector) -> Tensor {
        require(x.shape == y.shape && x.shape == z.shape, "shapes differ: \(x.shape), \(y.shape) and \(z.shape)")
        let w = Tensor(uninitialized: x.shape)
        let (px, py, pz, pw) = (UnsafePointer(x.pointer), UnsafePointer(y.pointer), UnsafePointer(z.pointer), w.pointer)
        ThreadPool.ranges(x.count, grain: grain) { range in
            var i = range.lowerBound
            while i + lanes <= range.upperBound {
                (pw + i).vector = f((px + i).vector, (py + i).vector, (pz + i).vector)
                i += lanes
            }
            if i < range.upperBound {
                storePart(f((px + i).vector, (py + i).vector, (pz + i).vector), to: pw + i, count: range.upperBound - i)
            }
        }
        return w
    }

    @inline(__always)
    private static func storePart(_ value: Vector, to pointer: UnsafeMutablePointer<Float>, count: Int) {
        for j in 0..<count { pointer[j] = value[j] }
    }

    /// x + y.
    public static func add(_ x: Tensor, _ y: Tensor) -> Tensor { zip(x, y) { $0 + $1 } }
    /// x − y.
    public static func subtract(_ x: Tensor, _ y: Tensor) -> Tensor { zip(x, y) { $0 - $1 } }
    /// x · y.
    public static func multiply(_ x: Tensor, _ y: Tensor) -> Tensor { zip(x, y) { $0 * $1 } }
    /// The larger of x and y.
    public static func maximum(_ x: Tensor, _ y: Tensor) -> Tensor { zip(x, y) { larger($0, $1) } }

    /// scale · x + offset.
    public static func affine(_ x: Tensor, scale: Float, offset: Float = 0) -> Tensor {
        map(x) { Vector(repeating: offset).addingProduct($0, Vector(repeating: scale)) }
    }

    /// a · x + b · y.
    public static func combine(_ x: Tensor, _ a: Float, _ y: Tensor, _ b: Float) -> Tensor {
        zip(x, y) { ($0 * a).addingProduct($1, Vector(repeating: b)) }
    }

    /// a · x + b · y + c · z + offset.
    public static func combine(_ x: Tensor, _ a: Float, _ y: Tensor, _ b: Float, _ z: Tensor, _ c: Float, offset: Float) -> Tensor {
        zip(x, y, z) {
            Vector(repeating: offset).addingProduct($0, Vector(repeating: a)).addingProduct($1, Vector(repeating: b))
                .addingProduct($2, Vector(repeating: c))
        }
    }

    /// |x|.
    public static func magnitude(_ x: Tensor) -> Tensor { map(x) { larger($0, -$0) } }
    /// The natural logarithm of normal x > 0.
    public static func logarithm(_ x: Tensor) -> Tensor { map(x) { Tensors.logarithm($0) } }

    /// 1 / (1 + e^−x).
    public static func logistic(_ x: Tensor) -> Tensor { map(x) { sigmoid($0) } }

    /// x limited to the range.
    public static func clamp(_ x: Tensor, _ lower: Float, _ upper: Float) -> Tensor {
        map(x) { smaller(larger($0, Vector(repeating: lower)), Vector(repeating: upper)) }
    }

    /// Where the condition is greater than 0 the element of x, elsewhere the element of y.
    public static func select(_ condition: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor {
        zip(condition, x, y) { $2.replacing(with: $1, where: $0 .> 0) }
    }

    /// The sign of x: −1, 0 or 1.
    public static func sign(_ x: Tensor) -> Tensor {
        map(x) { Vector().replacing(with: 1, where: $0 .> 0).replacing(with: -1, where: $0 .< 0) }
    }

    /// Adds scale · y to x in place: for gradients that the caller owns. O(count).
    public static func accumulate(_ y: Tensor, scale: Float = 1, into x: Tensor) {
        require(x.shape == y.shape, "shapes differ: \(x.shape) and \(y.shape)")
        let py = UnsafePointer(y.pointer)
        update(x) { $0.addingProduct((py + $1).vector, Vector(repeating: scale)) }
    }

    /// x[i] = f(x[i], i), a vector of elements at a time; of the last vector's results those behind the end are dropped.
    @inline(__always)
    static func update(_ x: Tensor, _ f: (Vector, Int) -> Vector) {
        let px = x.pointer
        ThreadPool.ranges(x.count, grain: grain) { range in
            var i = range.lowerBound
            while i + lanes <= range.upperBound {
                (px + i).vector = f((px + i).vector, i)
                i += lanes
            }
            if i < range.upperBound { storePart(f((px + i).vector, i), to: px + i, count: range.upperBound - i) }
        }
    }
}
