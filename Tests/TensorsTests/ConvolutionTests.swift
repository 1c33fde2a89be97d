import Tensors
import TestSupport
import Testing

/// The convolutions against naive twins in double precision.
struct ConvolutionTests {
    /// Shapes beside the blocks of 6 or 12 pixels, 16 or 32 outputs, 8 or 16 lanes and 96 pixels of a piece, and those whose channels are
    /// constants: each remainder, one row, one column, one pixel.
    static let shapes: [(Shape, Int)] =
        (1...14).map { (Shape(1, 2, $0, 3), 4) } + (1...34).map { (Shape(1, 1, 3, 2), $0) } + [
            (Shape(1, 1, 1, 1), 1), (Shape(3, 1, 1, 9), 16), (Shape(1, 17, 1, 5), 17), (Shape(2, 3, 49, 4), 3), (Shape(1, 7, 7, 48), 32),
            (Shape(2, 25, 23, 8), 15), (Shape(1, 2, 600, 1), 2), (Shape(1, 3, 30, 32), 48),
            (Shape(1, 5, 20, 64), 20), (Shape(1, 1, 26, 16), 33), (Shape(1, 4, 13, 48), 31),
        ]

    private func twin(_ x: Tensor, _ w: Tensor, bias: Tensor?, residual: Tensor?) -> Twin {
        let (r, s) = (w.shape.n / 2, x.shape)
        var y = Twin(s.with(channels: w.shape.c))
        y.shape.forEach { n, i, j, o in
            if let bias { y.add(Double(bias.values[o]), to: n, i, j, o) }
            if let residual { y.add(Double(residual[n, i, j, o]), to: n, i, j, o) }
            for u in 0..<w.shape.n {
                for v in 0..<w.shape.h where 0..<s.h ~= i + u - r && 0..<s.w ~= j + v - r {
                    for c in 0..<s.c { y.add(Double(x[n, i + u - r, j + v - r, c]) * Double(w[u, v, c, o]), to: n, i, j, o) }
                }
            }
        }
        return y
    }

    @Test(arguments: shapes)
    func forward_AgreesWithItsTwin(_ s: Shape, outputs: Int) {
        for kernel in [1, 3] {
            let (x, w) = (Tensor.random(s, seed: 1), Tensor.random(Shape(kernel, kernel, s.c, outputs), seed: 2))
            let (bias, residual) = (Tensor.random(.vector(outputs), seed: 3), Tensor.random(s.with(channels: outputs), seed: 4))
            let packed = Convolution.pack(w)
            let terms = kernel * kernel * s.c + 3
            #expect(twin(x, w, bias: nil, residual: nil).mismatch(Convolution.forward(x, packed), roundings: terms) == nil)
            let full = Convolution.forward(x, packed, bias: bias, residual: residual)
            #expect(twin(x, w, bias: bias, residual: residual).mismatch(full, roundings: terms) == nil)
        }
    }

    /// ∂/∂x of Σ g·y: each product of the forward sum, handed back.
    @Test(arguments: shapes)
    func gradients_AgreeWithTheirTwins(_ s: Shape, outputs: Int) {
        for kernel in [1, 3] {
            let r = kernel / 2
            let (x, w) = (Tensor.random(s, seed: 1), Tensor.random(Shape(kernel, kernel, s.c, outputs), seed: 2))
            let g = Tensor.random(s.with(channels: outputs), seed: 5)
            var (input, weights) = (Twin(s), Twin(w.shape))
            g.shape.forEach { n, i, j, o in
                for u in 0..<kernel {
                    for v in 0..<kernel where 0..<s.h ~= i + u - r && 0..<s.w ~= j + v - r {
                        for c in 0..<s.c {
                            let share = Double(g[n, i, j, o])
                            input.add(share * Double(w[u, v, c, o]), to: n, i + u - r, j + v - r, c)
                            weights.add(share * Double(x[n, i + u - r, j + v - r, c]), to: u, v, c, o)
                        }
                    }
                }
            }
            let inputGradient = Convolution.forward(g, Convolution.packForInputGradient(w))
            #expect(input.mismatch(inputGradient, roundings: kernel * kernel * outputs + 1) == nil)
            let weightGradient = Convolution.weightGradient(input: x, outputGradient: g, kernel: kernel)
            #expect(weights.mismatch(weightGradient, roundings: s.pixels + 2) == nil)
        }
    }

    static let depthwiseShapes =
        (1...18).map { Shape(1, 2, 3, $0) } + [
            Shape(1, 1, 1, 1), Shape(1, 1, 1, 8), Shape(2, 1, 9, 5), Shape(3, 8, 1, 11), Shape(2, 13, 17, 24), Shape(1, 65, 66, 16),
        ]

    @Test(arguments: depthwiseShapes)
    func depthwise_AgreesWithItsTwins(_ s: Shape) {
        let (x, w) = (Tensor.random(s, seed: 1), Tensor.random(Shape(3, 3, 1, s.c), seed: 2))
        let (bias, g) = (Tensor.random(.vector(s.c), seed: 3), Tensor.random(s, seed: 4))
        let offsets = bias.values
        var (plain, biased, input, weights) = (Twin(s), Twin(s), Twin(s), Twin(w.shape))
        s.forEach { n, i, j, c in
            biased.add(Double(offsets[c]), to: n, i, j, c)
            for u in 0..<3 {
                for v in 0..<3 where 0..<s.h ~= i + u - 1 && 0..<s.w ~= j + v - 1 {
                    let (value, weight, share) = (Double(x[n, i + u - 1, j + v - 1, c]), Double(w[u, v, 0, c]), Double(g[n, i, j, c]))
                    plain.add(value * weight, to: n, i, j, c)
                    biased.add(value * weight, to: n, i, j, c)
                    input.add(share * weight, to: n, i + u - 1, j + v - 1, c)
                    weights.add(share * value, to: u, v, 0, c)
                }
            }
        }
        // Beside whole vectors products are rounded on their own: two roundings a term.
        #expect(plain.mismatch(DepthwiseConvolution.forward(x, w), roundings: 19) == nil)
        #expect(biased.mismatch(DepthwiseConvolution.forward(x, w, bias: bias), roundings: 20) == nil)
        #expect(input.mismatch(DepthwiseConvolution.inputGradient(g, w), roundings: 19) == nil)
        #expect(weights.mismatch(DepthwiseConvolution.weightGradient(input: x, outputGradient: g), roundings: s.pixels + 1) == nil)
    }

    @Test func infinities_StayWhereTheyBelong() {
        // A block reads, and drops, what lies beside it: nothing of that may reach the pixels of another row, panel or image.
        var values = Tensor.random(Shape(2, 5, 7, 3), seed: 1).values
        values[(1 * 5 + 2) * 7 * 3 + 3 * 3] = .infinity
        let y = Convolution.forward(Tensor(Shape(2, 5, 7, 3), values), Convolution.pack(Tensor(Shape(3, 3, 3, 5), repeating: 1)))
        y.shape.forEach { n, i, j, o in
            let near = n == 1 && 1...3 ~= i && 2...4 ~= j
            #expect(y[n, i, j, o].isFinite == !near, "(\(n), \(i), \(j), \(o))")
        }
    }
}
