import TestSupport
import Testing

@testable import Tensors

/// Each operation element by element, with every remainder of eight lanes and around the border between pieces.
struct ElementwiseTests {
    static let counts = Array(1...26) + [16_383, 16_384, 16_385, 16_391, 40_001]

    @Test(arguments: counts)
    func operations_AreThoseOfTheirElements(count: Int) {
        let (x, y) = (Tensor.random(.vector(count), seed: 1), Tensor.random(.vector(count), seed: 2))
        let (a, b) = (x.values, y.values)
        #expect(Elementwise.add(x, y).values == zip(a, b).map { $0 + $1 })
        #expect(Elementwise.subtract(x, y).values == zip(a, b).map { $0 - $1 })
        #expect(Elementwise.multiply(x, y).values == zip(a, b).map { $0 * $1 })
        #expect(Elementwise.maximum(x, y).values == zip(a, b).map { max($0, $1) })
        #expect(Elementwise.magnitude(x).values == a.map(\.magnitude))
        #expect(Elementwise.squareRoot(Elementwise.magnitude(x)).values == a.map { $0.magnitude.squareRoot() })
        #expect(Elementwise.clamp(x, -0.5, 0.25).values == a.map { min(max($0, -0.5), 0.25) })
        #expect(Elementwise.sign(x).values == a.map { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 })
        #expect(Elementwise.select(x, y, x).values == zip(a, b).map { $0 > 0 ? $1 : $0 })
        #expect(Elementwise.affine(x, scale: 3, offset: -2).values == a.map { Float(-2).addingProduct($0, 3) })
        #expect(Elementwise.combine(x, 0.3, y, -0.7).values == zip(a, b).map { ($0 * 0.3).addingProduct($1, -0.7) })
        let sum = x.copy()
        Elementwise.accumulate(y, into: sum)
        #expect(sum.values == zip(a, b).map { $0 + $1 })
        Elementwise.accumulate(x, scale: 0.3, into: sum)
        #expect(sum.values == zip(a, b).map { ($0 + $1).addingProduct($0, 0.3) })
        let scaled = x.copy()
        Elementwise.accumulate(x, times: y, scale: -0.7, into: scaled)
        #expect(scaled.values == zip(a, b).map { $0.addingProduct($0 * -0.7, $1) })
        #expect(x.values == a && y.values == b, "operands are left alone")
    }

    @Test func borders_AreExact() {
        let x = Tensor(.vector(5), [0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude])
        #expect(Elementwise.sign(x).values == [0, 0, 1, -1, 1])
        #expect(Elementwise.magnitude(x).values == [0, 0, .infinity, .infinity, .leastNonzeroMagnitude])
        #expect(Elementwise.clamp(x, -1, 1).values == [0, 0, 1, -1, .leastNonzeroMagnitude])
        #expect(
            Elementwise.select(Tensor(.vector(3), [0, -1, .nan]), Tensor(.vector(3), repeating: 1), Tensor(.vector(3))).values == [0, 0, 0])
    }

    @Test(arguments: [1, 7, 8, 9, 31, 65_536, 65_537, 200_003])
    func sum_IsThatOfDoubles(count: Int) {
        let x = Tensor.random(.vector(count), seed: 1)
        #expect(Reduction.sum(x) == x.values.reduce(0.0) { $0 + Double($1) })
    }

    /// The products are exact in double; each of the additions errs by u at most, in either order.
    @Test(arguments: [1, 7, 8, 9, 31, 65_536, 65_537, 200_003])
    func sumOfProducts_IsThatOfDoubles(count: Int) {
        let (x, y) = (Tensor.random(.vector(count), seed: 1), Tensor.random(.vector(count), seed: 2))
        let products = zip(x.values, y.values).map { Double($0) * Double($1) }
        let bound = 2 * Double(count) * 0x1p-53 * products.reduce(0) { $0 + abs($1) }
        #expect(abs(Reduction.sum(x, times: y) - products.reduce(0, +)) <= bound)
    }

    @Test(arguments: [Shape(1, 1, 1, 1), Shape(2, 3, 5, 7), Shape(1, 9, 9, 8), Shape(3, 50, 51, 19), Shape(1, 300, 230, 3)])
    func sumOverPixels_AgreesWithItsTwin(_ s: Shape) {
        let x = Tensor.random(s, seed: 1)
        var twin = Twin(.vector(s.c))
        s.forEach { n, i, j, c in twin.add(Double(x[n, i, j, c]), to: 0, 0, 0, c) }
        #expect(twin.mismatch(Reduction.overPixels(x), roundings: s.pixels) == nil)
    }

    /// A piece is cut by the shape alone, and no item is lost or seen twice.
    @Test(arguments: [0, 1, 5, 6, 7, 100])
    func pieces_CoverEachItemOnce(count: Int) {
        let sums = Reduction.pieces(count, grain: 6, result: .vector(101)) { range, sums in
            #expect(range.count <= 6)
            for item in range { sums[item] += 1 }
        }
        #expect(sums.values == (0..<101).map { $0 < count ? 1 : 0 })
    }
}
