import Networks

extension Tensor {
    /// Draws from N(0, deviation²), the same for the same shape, seed and stream.
    public static func random(_ shape: Shape, seed: UInt64, stream: UInt64 = 0, deviation: Float = 1) -> Tensor {
        var generator = Philox(seed: seed, stream: stream)
        let draws = generator.normal(shape)
        return Tensor(shape, draws.values.map { $0 * deviation })
    }

    /// Draws whose magnitude is at least `gap`, for functions with a kink at 0.
    public static func random(_ shape: Shape, seed: UInt64, stream: UInt64 = 0, awayFromZeroBy gap: Float) -> Tensor {
        Tensor(shape, random(shape, seed: seed, stream: stream).values.map { $0 < 0 ? $0 - gap : $0 + gap })
    }

    /// Positive draws, at least `least`.
    public static func positive(_ shape: Shape, seed: UInt64, stream: UInt64 = 0, least: Float = 0.5) -> Tensor {
        Tensor(shape, random(shape, seed: seed, stream: stream).values.map { $0.magnitude + least })
    }

    /// The element at a place.
    public subscript(n: Int, y: Int, x: Int, c: Int) -> Float { pointer[((n * shape.h + y) * shape.w + x) * shape.c + c] }
}

extension Shape {
    /// The place of an element, for messages.
    public func place(of index: Int) -> String {
        "(\(index / (h * w * c)), \(index / (w * c) % h), \(index / c % w), \(index % c))"
    }
}
