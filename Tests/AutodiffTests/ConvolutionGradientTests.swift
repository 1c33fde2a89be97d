import Autodiff
import TestSupport
import Testing

/// Gradients of the convolutions against central differences. They are linear in each input: no kinks, no truncation.
struct ConvolutionGradientTests {
    /// A batch, an image, a number of input and output channels.
    struct Case: CustomTestStringConvertible, Sendable {
        let x: Shape
        let outputs: Int
        var testDescription: String { "\(x) to \(outputs)" }
    }

    /// One pixel, one row, one column, odd sides, one channel, and channels beside the blocks of 6, 8 and 16.
    static let cases: [Case] = [
        Case(x: Shape(1, 1, 1, 1), outputs: 1), Case(x: Shape(1, 1, 1, 5), outputs: 3), Case(x: Shape(2, 1, 7, 3), outputs: 17),
        Case(x: Shape(1, 9, 1, 8), outputs: 16), Case(x: Shape(3, 5, 7, 4), outputs: 5), Case(x: Shape(1, 7, 8, 16), outputs: 33),
        Case(x: Shape(2, 4, 13, 19), outputs: 8), Case(x: Shape(1, 11, 50, 2), outputs: 1),
    ]

    @Test(arguments: cases, [1, 3])
    func convolution_HasItsGradient(_ c: Case, kernel: Int) {
        let inputs = [
            Tensor.random(c.x, seed: 1), Tensor.random(Shape(kernel, kernel, c.x.c, c.outputs), seed: 2, deviation: 0.3),
            Tensor.random(.vector(c.outputs), seed: 3), Tensor.random(c.x.with(channels: c.outputs), seed: 4),
        ]
        let depth = Double(kernel * kernel * c.x.c + c.x.pixels)
        #expect(gradientProblems(of: Array(inputs[..<2]), depth: depth) { convolution($0[0], $0[1]) } == [])
        #expect(gradientProblems(of: inputs, depth: depth) { convolution($0[0], $0[1], bias: $0[2], residual: $0[3]) } == [])
    }

    @Test func convolution_HasItsGradient_WhenInputIsItsOwnResidual() {
        let inputs = [Tensor.random(Shape(2, 5, 6, 7), seed: 1), Tensor.random(Shape(3, 3, 7, 7), seed: 2, deviation: 0.3)]
        #expect(gradientProblems(of: inputs) { convolution($0[0], $0[1], residual: $0[0]) } == [])
    }

    @Test(arguments: [Shape(1, 1, 1, 1), Shape(1, 1, 5, 3), Shape(2, 6, 1, 8), Shape(3, 5, 7, 11), Shape(1, 4, 4, 16), Shape(2, 3, 9, 29)])
    func depthwiseConvolution_HasItsGradient(_ shape: Shape) {
        let inputs = [
            Tensor.random(shape, seed: 1), Tensor.random(Shape(3, 3, 1, shape.c), seed: 2), Tensor.random(.vector(shape.c), seed: 3),
        ]
        let depth = Double(9 + shape.pixels)
        #expect(gradientProblems(of: Array(inputs[..<2]), depth: depth) { depthwiseConvolution($0[0], $0[1]) } == [])
        #expect(gradientProblems(of: inputs, depth: depth) { depthwiseConvolution($0[0], $0[1], bias: $0[2]) } == [])
    }
}
