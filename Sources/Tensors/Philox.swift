#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
///
/// The n-th block of a stream is a pure function of (seed, stream, n): draws can be made in any order and on any thread with the
/// same result, and a generator's whole state is its counter, which a checkpoint saves.
public struct Philox: RandomNumberGenerator, Sendable, Equatable {
    /// The key.
    public let seed: UInt64
    /// The upper half of the counter: independent streams under one seed.
    public let stream: UInt64
    /// The lower half of the counter: the next block to draw.
    public var position: UInt64

    public init(seed: UInt64, stream: UInt64 = 0, position: UInt64 = 0) {
        (self.seed, self.stream, self.position) = (seed, stream, position)
    }

    /// The four words of a block. O(1).
    public static func block(seed: UInt64, stream: UInt64, position: UInt64) -> SIMD4<UInt32> {
        var c0 = UInt32(truncatingIfNeeded: position)
        var c1 = UInt32(truncatingIfNeeded: position >> 32)
        var c2 = UInt32(truncatingIfNeeded: stream)
        var c3 = UInt32(truncatingIfNeeded: stream >> 32)
        var k0 = UInt32(truncatingIfNeeded: seed)
        var k1 = UInt32(truncatingIfNeeded: seed >> 32)
        for _ in 0..<10 {
            let p0 = UInt64(c0) &* 0xD251_1F53
            let p1 = UInt64(c2) &* 0xCD9E_8D57
            (c0, c1, c2, c3) = (
                UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: p1),
                UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: p0)
            )
            k0 = k0 &+ 0x9E37_79B9
            k1 = k1 &+ 0xBB67_AE85
        }
        return SIMD4(c0, c1, c2, c3)
    }

    /// Half a block; the other half is dropped, so that one call is one counter step.
    public mutating func next() -> UInt64 {
        let words = Self.block(seed: seed, stream: stream, position: position)
        position &+= 1
        return UInt64(words.y) << 32 | UInt64(words.x)
    }

    /// A tensor of independent draws from N(0, 1), by the Box-Muller transform, two blocks' words to four numbers. O(count).
    public mutating func normal(_ shape: Shape) -> Tensor {
        let result = Tensor(uninitialized: shape)
        let (seed, stream, start) = (seed, stream, position)
        let blocks = (shape.count + 3) / 4
        let out = UInt(bitPattern: result.pointer)
        ThreadPool.ranges(blocks, grain: 2048) { range in
            let out = UnsafeMutablePointer<Float>(bitPattern: out)!
            for index in range {
                let words = Self.block(seed: seed, stream: stream, position: start &+ UInt64(index))
                let a = boxMuller(words.x, words.y)
                let b = boxMuller(words.z, words.w)
                let values = (a.0, a.1, b.0, b.1)
                let left = shape.count - index * 4
                out[index * 4] = values.0
                if left > 1 { out[index * 4 + 1] = values.1 }
                if left > 2 { out[index * 4 + 2] = values.2 }
                if left > 3 { out[index * 4 + 3] = values.3 }
            }
        }
        position &+= UInt64(blocks)
        return result
    }
}

/// Two independent normal numbers from two uniform words (Box and Muller 1958). The first uniform lies in (0, 1].
private func boxMuller(_ u: UInt32, _ v: UInt32) -> (Float, Float) {
    let radius = (-2 * log((Double(u) + 1) * 0x1p-32)).squareRoot()
    let angle = 2 * Double.pi * Double(v) * 0x1p-32
    return (Float(radius * cos(angle)), Float(radius * sin(angle)))
}
