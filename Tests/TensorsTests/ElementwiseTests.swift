import Foundation
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
        #expect(Elementwise.clamp(x, -0.5, 0.25).values == a.map { min(max($0, -0.5), 0.25) })
        #expect(Elementwise.sign(x).values == a.map { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 })
        #expect(Elementwise.select(x, y, x).values == zip(a, b).map { $0 > 0 ? $1 : $0 })
        #expect(Elementwise.affine(x, scale: 3, offset: -2).values == a.map { Float(-2).addingProduct($0, 3) })
        #expect(Elementwise.combine(x, 0.3, y, -0.7).values == zip(a, b).map { ($0 * 0.3).addingProduct($1, -0.7) })
        let z = Tensor.random(.vector(count), seed: 3)
        let three = zip(zip(a, b), z.values).map { Float(0.5).addingProduct($0.0, 0.3).addingProduct($0.1, -0.7).addingProduct($1, 2) }
        #expect(Elementwise.combine(x, 0.3, y, -0.7, z, 2, offset: 0.5).values == three)
        let sum = x.copy()
        Elementwise.accumulate(y, into: sum)
        #expect(sum.values == zip(a, b).map { $0 + $1 })
        Elementwise.accumulate(x, scale: 0.3, into: sum)
        #expect(sum.values == zip(a, b).map { ($0 + $1).addingProduct($0, 0.3) })
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

    @Test(arguments: [1, 7, 9, 65_537])
    func sums_AreThoseOfEach(count: Int) {
        let draws = (1...3).map { Tensor.random(.vector(count), seed: $0) }
        let (x, y, z) = (draws[0], draws[1], draws[2])
        let sums = Reduction.sums(x, with: y, z)
        #expect(sums.x == Reduction.sum(x))
        #expect(sums.xx == Reduction.sum(x, times: x))
        #expect(sums.xy == Reduction.sum(x, times: y))
        #expect(sums.xz == Reduction.sum(x, times: z))
    }

    /// Each step rounds a few times; the moments' errors stay within some u of the largest slope, and a step follows them.
    @Test(arguments: [1, 7, 8, 9, 40_000])
    func ascentStep_IsAdams(count: Int) {
        let shape = Shape.vector(count)
        var generator = Philox(seed: 1, stream: 0)
        let x = Tensor(shape, (0..<count).map { _ in Float.random(in: 0...1, using: &generator) })
        let start = x.values
        var (values, mean, square) = (start.map(Double.init), [Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
        var adam = AscentStep(shape, decay: (mean: 0.9, square: 0.99))
        for step in 1...5 {
            let slope = Tensor.random(shape, seed: UInt64(step))
            for i in stride(from: 0, to: count, by: 3) { slope.pointer[i] = 0 }
            let rate = 0.3 / Float(step)
            adam(x, slope: slope, rate: rate, damping: 0.125)
            for i in 0..<count {
                let g = Double(slope.pointer[i])
                mean[i] = Double(Float(0.9)) * mean[i] + (1 - Double(Float(0.9))) * g
                square[i] = Double(Float(0.99)) * square[i] + (1 - Double(Float(0.99))) * g * g
                let m = mean[i] / (1 - pow(Double(Float(0.9)), Double(step)))
                let v = square[i] / (1 - pow(Double(Float(0.99)), Double(step)))
                values[i] = min(1, max(0, values[i] + Double(rate) * m / (v.squareRoot() + 0.125)))
            }
            #expect(mismatch(x, values, tolerance: 64 * unitRoundoff * Double(step)) == nil)
        }
        for i in stride(from: 0, to: count, by: 3) { #expect(x.pointer[i] == start[i]) }
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
