import Tensors
import TestSupport
import Testing

/// Normalisation and modulation against naive twins in double precision.
struct NormalisationTests {
    static let shapes = [
        Shape(1, 1, 1, 16), Shape(2, 3, 5, 32), Shape(1, 1, 7, 48), Shape(3, 9, 1, 80), Shape(1, 40, 39, 48), Shape(2, 70, 61, 16),
    ]

    private struct Moments {
        let mean, inverse: Double
        let normal: [Double]

        init(_ x: Tensor, _ n: Int, _ i: Int, _ j: Int) {
            let values = (0..<x.shape.c).map { Double(x[n, i, j, $0]) }
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
            let inverse = 1 / (variance + Double(LayerNorm.epsilon)).squareRoot()
            (self.mean, self.inverse, normal) = (mean, inverse, values.map { ($0 - mean) * inverse })
        }
    }

    /// The mean errs by some (C/16 + 4) u of the largest input, which the inverse deviation scales.
    private func roundings(_ s: Shape) -> Double { Double(s.c / 16 + 4 + 6) * unitRoundoff }

    @Test(arguments: shapes, [Float(0), 20])
    func layerNorm_AgreesWithItsTwin(_ s: Shape, offset: Float) {
        let x = Elementwise.affine(.random(s, seed: 1), scale: 1, offset: offset)
        let (scale, shift) = (Tensor.random(.vector(s.c), seed: 2), Tensor.random(.vector(s.c), seed: 3))
        let (gamma, beta) = (scale.values.map(Double.init), shift.values.map(Double.init))
        var (expected, tolerance) = ([Double](), [Double]())
        for n in 0..<s.n {
            for i in 0..<s.h {
                for j in 0..<s.w {
                    let m = Moments(x, n, i, j)
                    for c in 0..<s.c {
                        expected.append(m.normal[c] * gamma[c] + beta[c])
                        let size = abs(m.normal[c]) * 2 + (abs(m.mean) + 4) * m.inverse
                        tolerance.append(roundings(s) * (size * abs(gamma[c]) + abs(beta[c])))
                    }
                }
            }
        }
        #expect(mismatch(LayerNorm.forward(x, scale: scale, shift: shift), expected, tolerance: tolerance) == nil)
    }

    @Test(arguments: shapes)
    func layerNormGradients_AgreeWithTheirTwins(_ s: Shape) {
        let (x, scale, g) = (Tensor.random(s, seed: 1), Tensor.random(.vector(s.c), seed: 2), Tensor.random(s, seed: 3))
        let gamma = scale.values.map(Double.init)
        var (input, bounds) = ([Double](), [Double]())
        var (scales, shifts) = (Twin(.vector(s.c)), Twin(.vector(s.c)))
        for n in 0..<s.n {
            for i in 0..<s.h {
                for j in 0..<s.w {
                    let m = Moments(x, n, i, j)
                    let d = (0..<s.c).map { Double(g[n, i, j, $0]) }
                    let scaled = zip(d, gamma).map { $0 * $1 }
                    let mean = scaled.reduce(0, +) / Double(s.c)
                    let slope = zip(scaled, m.normal).reduce(0) { $0 + $1.0 * $1.1 } / Double(s.c)
                    let size = scaled.reduce(0) { max($0, abs($1)) }
                    for c in 0..<s.c {
                        input.append((scaled[c] - mean - m.normal[c] * slope) * m.inverse)
                        bounds.append(2 * roundings(s) * size * (2 + m.normal[c] * m.normal[c]) * m.inverse * (1 + 4 * m.inverse))
                        scales.add(d[c] * m.normal[c], to: 0, 0, 0, c)
                        shifts.add(d[c], to: 0, 0, 0, c)
                    }
                }
            }
        }
        let gradients = LayerNorm.gradients(x, scale: scale, outputGradient: g)
        #expect(mismatch(gradients.input, input, tolerance: bounds) == nil)
        #expect(scales.mismatch(gradients.scale, roundings: s.pixels + s.c / 8 + 30) == nil)
        #expect(shifts.mismatch(gradients.shift, roundings: s.pixels) == nil)
    }

    @Test func layerNorm_OfAnEvenPixel_IsItsShift() {
        let x = Tensor(Shape(1, 1, 3, 16), repeating: 0.75)
        let shift = Tensor.random(.vector(16), seed: 1)
        let y = LayerNorm.forward(x, scale: Tensor(.vector(16), repeating: 5), shift: shift)
        #expect(y.values == shift.values + shift.values + shift.values)
    }

    @Test(arguments: shapes)
    func modulation_AgreesWithItsTwins(_ s: Shape) {
        for batch in Set([1, s.n]) {
            let (x, g) = (Tensor.random(s, seed: 1), Tensor.random(s, seed: 2))
            let m = Tensor.random(Shape(batch, 1, 1, 2 * s.c), seed: 3)
            var (y, input, shares) = (Twin(s), Twin(s), Twin(m.shape))
            s.forEach { n, i, j, c in
                let own = batch == 1 ? 0 : n
                let (value, d, scale) = (Double(x[n, i, j, c]), Double(g[n, i, j, c]), Double(m[own, 0, 0, c]))
                for term in [value, value * scale, Double(m[own, 0, 0, s.c + c])] { y.add(term, to: n, i, j, c) }
                for term in [d, d * scale] { input.add(term, to: n, i, j, c) }
                shares.add(d * value, to: own, 0, 0, c)
                shares.add(d, to: own, 0, 0, s.c + c)
            }
            #expect(y.mismatch(Modulation.forward(x, m), roundings: 3) == nil)
            let gradients = Modulation.gradients(x, m, outputGradient: g)
            #expect(input.mismatch(gradients.x, roundings: 2) == nil)
            #expect(shares.mismatch(gradients.m, roundings: s.pixels + 1) == nil)
        }
    }
}
