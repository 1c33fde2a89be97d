import Tensors
import TestSupport
import Testing

/// The orthonormal Haar transform: its formula, its inverse, its orthonormality.
struct HaarTests {
    static let shapes = [
        Shape(1, 1, 1, 1), Shape(1, 2, 2, 1), Shape(2, 3, 5, 3), Shape(1, 4, 7, 8), Shape(1, 9, 2, 11), Shape(3, 8, 6, 16),
        Shape(1, 65, 63, 5),
    ]

    /// LL, HL, LH, HH of the block a b / c d, with the last row and column repeated where a side is odd.
    @Test(arguments: shapes)
    func forward_AgreesWithItsFormula(_ s: Shape) {
        let x = Tensor.random(s, seed: 1)
        var twin = Twin(Shape(s.n, (s.h + 1) / 2, (s.w + 1) / 2, 4 * s.c))
        let signs: [[Double]] = [[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]
        twin.shape.forEach { n, k, l, channel in
            for place in 0..<4 {
                let value = Double(x[n, min(2 * k + place / 2, s.h - 1), min(2 * l + place % 2, s.w - 1), channel % s.c])
                twin.add(signs[channel / s.c][place] * value / 2, to: n, k, l, channel)
            }
        }
        #expect(twin.mismatch(Haar.forward(x), roundings: 2) == nil)
    }

    /// Each direction sums four numbers in two steps: 4 roundings of the largest of a block, below 4 times the largest element.
    @Test(arguments: shapes)
    func inverse_RestoresTheInput_CroppedToItsSize(_ s: Shape) {
        let x = Tensor.random(s, seed: 1)
        let back = Padding.crop(Haar.inverse(Haar.forward(x)), height: s.h, width: s.w)
        #expect(mismatch(back, x, tolerance: 16 * unitRoundoff * largest(x)) == nil)
        let bands = Tensor.random(Shape(s.n, s.h, s.w, 4 * s.c), seed: 2)
        #expect(mismatch(Haar.forward(Haar.inverse(bands)), bands, tolerance: 16 * unitRoundoff * largest(bands)) == nil)
    }

    @Test func integers_SurviveExactly() {
        let x = Tensor(Shape(1, 16, 16, 1), (0..<256).map { Float(($0 * 37) % 256) })
        #expect(Haar.inverse(Haar.forward(x)).values == x.values)
    }

    /// ⟨Hx, Hy⟩ = ⟨x, y⟩: with y = x the energy is kept, with y = H⁻¹z each direction is the other's transpose.
    @Test(arguments: shapes.filter { $0.h % 2 == 0 && $0.w % 2 == 0 } + [Shape(1, 64, 64, 8)])
    func transform_KeepsInnerProducts(_ s: Shape) {
        func product(_ x: Tensor, _ y: Tensor) -> (sum: Double, size: Double) {
            zip(x.values, y.values).reduce((0, 0)) { ($0.0 + Double($1.0) * Double($1.1), $0.1 + abs(Double($1.0) * Double($1.1))) }
        }
        let (x, y) = (Tensor.random(s, seed: 1), Tensor.random(s, seed: 2))
        for (a, b) in [(x, x), (x, y)] {
            let (before, after) = (product(a, b), product(Haar.forward(a), Haar.forward(b)))
            #expect(abs(before.sum - after.sum) <= 8 * unitRoundoff * (before.size + after.size))
        }
        let z = Tensor.random(Shape(s.n, s.h / 2, s.w / 2, 4 * s.c), seed: 3)
        let (left, right) = (product(Haar.forward(x), z), product(x, Haar.inverse(z)))
        #expect(abs(left.sum - right.sum) <= 8 * unitRoundoff * (left.size + right.size))
    }

    /// White noise stays white: over 16,384 places all variances and covariances of the four bands lie within 5 standard errors.
    @Test func whiteNoise_StaysWhite() {
        let bands = Haar.forward(.random(Shape(1, 256, 256, 1), seed: 5))
        let count = Double(bands.shape.pixels)
        for a in 0..<4 {
            for b in a..<4 {
                var sum = 0.0
                for p in 0..<bands.shape.pixels { sum += Double(bands[0, 0, p, a]) * Double(bands[0, 0, p, b]) }
                #expect(abs(sum / count - (a == b ? 1 : 0)) < 5 * (a == b ? 2 : 1).squareRoot() / count.squareRoot(), "bands \(a) and \(b)")
            }
        }
    }
}
