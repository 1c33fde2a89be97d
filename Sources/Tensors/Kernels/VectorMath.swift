/// As many floats as one register of the processor level holds (two registers of NEON): every kernel is one body over this width.
#if AVX512
    typealias Vector = SIMD16<Float>
#else
    typealias Vector = SIMD8<Float>
#endif

/// Floats of a vector: 8 or 16. Rows of features are padded to a multiple of it.
package let lanes = Vector.scalarCount

extension UnsafePointer<Float> {
    /// A vector's elements from here, at any alignment.
    @inline(__always) var vector: Vector { UnsafeRawPointer(self).loadUnaligned(as: Vector.self) }
}

extension UnsafeMutablePointer<Float> {
    /// A vector's elements from here, at any alignment.
    @inline(__always) var vector: Vector {
        get { UnsafeRawPointer(self).loadUnaligned(as: Vector.self) }
        nonmutating set { UnsafeMutableRawPointer(self).storeBytes(of: newValue, as: Vector.self) }
    }
}

extension UnsafePointer<Float> {
    /// Eight elements from here, at any alignment.
    @inline(__always) var eight: SIMD8<Float> { UnsafeRawPointer(self).loadUnaligned(as: SIMD8<Float>.self) }
}

extension SIMD8<Float> {
    /// The sum of all elements, by halves (`sum()` adds one after the other).
    @inline(__always)
    var total: Float {
        let four = lowHalf + highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
}

/// The larger of two, lane by lane, in two instructions (`pointwiseMax` compiles to a loop over the lanes).
@inline(__always)
func larger(_ a: Vector, _ b: Vector) -> Vector { a.replacing(with: b, where: a .< b) }

/// The smaller of two, lane by lane.
@inline(__always)
func smaller(_ a: Vector, _ b: Vector) -> Vector { a.replacing(with: b, where: b .< a) }

/// e^x, relative error at most 2e-7 on [-87, 88]; arguments outside are clamped to that range.
///
/// Range reduction by powers of two with a two-part logarithm, then the degree-6 polynomial of Cephes `expf` (Moshier).
@inline(__always)
func exponential(_ argument: Vector) -> Vector {
    let x = smaller(larger(argument, Vector(repeating: -87)), Vector(repeating: 88))
    // Rounding by the magic constant 1.5·2^23: exact for |x / ln 2| < 2^22.
    let magic = Vector(repeating: 12_582_912)
    let shifted = magic.addingProduct(x, Vector(repeating: 1.442_695_04))
    let k = shifted - magic
    var r = x.addingProduct(k, Vector(repeating: -0.693_359_375))
    r = r.addingProduct(k, Vector(repeating: 2.121_944_4e-4))
    // By pairs (Estrin): a chain of six multiply-adds would keep later arguments waiting.
    let square = r * r
    let high = Vector(repeating: 1.398_199_95e-3).addingProduct(Vector(repeating: 1.987_569_15e-4), r)
    let middle = Vector(repeating: 4.166_579_6e-2).addingProduct(Vector(repeating: 8.333_451_9e-3), r)
    let low = Vector(repeating: 5.000_000_1e-1).addingProduct(Vector(repeating: 1.666_666_55e-1), r)
    let p = low.addingProduct(middle.addingProduct(high, square), square)
    let value = (Vector(repeating: 1) + r).addingProduct(p, square)
    let exponent = unsafeBitCast(shifted, to: Vector.MaskStorage.self) &- 0x4B40_0000
    return value * unsafeBitCast((exponent &+ 127) &<< 23, to: Vector.self)
}

/// ln x for normal x > 0, relative error at most 2e-7 away from 1, absolute error at most 1e-7 near it.
///
/// The exponent by the bits, then the degree-8 polynomial of Cephes `logf` (Moshier) on √½..<√2.
@inline(__always)
func logarithm(_ x: Vector) -> Vector {
    let bits = unsafeBitCast(x, to: Vector.MaskStorage.self)
    var exponent = Vector(bits &>> 23 &- 127)
    var m = unsafeBitCast((bits & 0x007F_FFFF) | 0x3F80_0000, to: Vector.self)
    let isLarge = m .> 1.414_213_6
    exponent = exponent.replacing(with: exponent + 1, where: isLarge)
    m = m.replacing(with: 0.5 * m, where: isLarge) - 1
    let square = m * m
    var p = Vector(repeating: 7.037_683_6e-2)
    p = Vector(repeating: -1.151_461_03e-1).addingProduct(p, m)
    p = Vector(repeating: 1.167_699_87e-1).addingProduct(p, m)
    p = Vector(repeating: -1.242_014_08e-1).addingProduct(p, m)
    p = Vector(repeating: 1.424_932_28e-1).addingProduct(p, m)
    p = Vector(repeating: -1.666_805_77e-1).addingProduct(p, m)
    p = Vector(repeating: 2.000_071_48e-1).addingProduct(p, m)
    p = Vector(repeating: -2.499_999_4e-1).addingProduct(p, m)
    p = Vector(repeating: 3.333_333_1e-1).addingProduct(p, m)
    let tail = (m * square * p).addingProduct(exponent, Vector(repeating: -2.121_944_4e-4)) - 0.5 * square
    return (m + tail).addingProduct(exponent, Vector(repeating: 0.693_359_375))
}

/// 1 / (1 + e^−x); below −87 as at −87, 1.6e-38.
@inline(__always)
func sigmoid(_ x: Vector) -> Vector {
    1 / (1 + exponential(smaller(-x, Vector(repeating: 87))))
}

/// σ(x) − ½ = ½tanh(x/2), absolute error at most 2e-7; exactly ±½ from ±17.7 on.
///
/// An odd function: x·P(x²)/Q(x²), fitted to it with an error of 7.9e-9 (the least largest error, by reweighted least squares) and scaled so
/// that Q begins with 1, which saves a multiply-add; SiLU takes two thirds of the time that it took with an exponential.
@inline(__always)
func centredSigmoid(_ x: Vector) -> Vector {
    let limited = smaller(larger(x, Vector(repeating: -17.7)), Vector(repeating: 17.7))
    let square = limited * limited
    var p = Vector(repeating: 26.451_771).addingProduct(square, Vector(repeating: 4.304_899_8e-3))
    p = Vector(repeating: 17_911.355_5).addingProduct(square, p)
    p = Vector(repeating: 2_740_788).addingProduct(square, p)
    p = Vector(repeating: 81_917_304).addingProduct(square, p)
    var q = Vector(repeating: 1_684.795_29) + square
    q = Vector(repeating: 530_150.44).addingProduct(square, q)
    q = Vector(repeating: 38_268_896).addingProduct(square, q)
    q = Vector(repeating: 327_669_248).addingProduct(square, q)
    return limited * p / q
}

/// 1 / √x for normal x > 0, relative error at most 2e-7.
///
/// A first value by halving the exponent's bits, 3.5 % off at most, then three of Newton's steps, each of which squares 1.5 times the
/// error (`squareRoot()` compiles to a root, a comparison and a jump for each element).
@inline(__always)
func inverseRoot<V: SIMD>(_ x: V) -> V where V.Scalar == Float, V.MaskStorage.Scalar == Int32 {
    var y = unsafeBitCast(0x5F37_59DF &- (unsafeBitCast(x, to: V.MaskStorage.self) &>> 1), to: V.self)
    let half = x * -0.5
    for _ in 0..<3 { y = y * V(repeating: 1.5).addingProduct(half * y, y) }
    return y
}

/// √x for x ≥ 0, relative error at most 3e-7 for normal x; of 0 it is 0.
@inline(__always)
func root<V: SIMD>(_ x: V) -> V where V.Scalar == Float, V.MaskStorage.Scalar == Int32 { x * inverseRoot(x) }
