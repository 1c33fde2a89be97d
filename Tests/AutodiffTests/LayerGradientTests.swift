import Autodiff
import TestSupport
import Testing

/// Gradients of normalisation, modulation, activations and attention against central differences. None of them has a kink.
struct LayerGradientTests {
    static let shapes = [Shape(1, 1, 1, 16), Shape(2, 3, 5, 16), Shape(1, 7, 1, 32), Shape(3, 1, 4, 48)]

    @Test(arguments: shapes)
    func layerNorm_HasItsGradient(_ shape: Shape) {
        let inputs = [Tensor.random(shape, seed: 1), Tensor.random(.vector(shape.c), seed: 2), Tensor.random(.vector(shape.c), seed: 3)]
        #expect(gradientProblems(of: inputs, step: 1 / 64) { layerNorm($0[0], scale: $0[1], shift: $0[2]) } == [])
    }

    @Test(arguments: shapes)
    func modulate_HasItsGradient(_ shape: Shape) {
        for batch in Set([1, shape.n]) {
            let inputs = [Tensor.random(shape, seed: 1), Tensor.random(Shape(batch, 1, 1, 2 * shape.c), seed: 2)]
            #expect(gradientProblems(of: inputs) { modulate($0[0], by: $0[1]) } == [], "\(batch) modulations for \(shape.n) images")
        }
    }

    @Test(arguments: [Shape(1, 1, 1, 1), Shape(1, 3, 5, 7), Shape(2, 4, 4, 16)])
    func silu_HasItsGradient(_ shape: Shape) {
        #expect(gradientProblems(of: [Tensor.random(shape, seed: 1, deviation: 3)], step: 1 / 64) { silu($0[0]) } == [])
    }

    @Test(arguments: [Shape(1, 1, 1, 32), Shape(2, 3, 5, 32), Shape(1, 2, 3, 96)])
    func geluGate_HasItsGradient(_ shape: Shape) {
        #expect(gradientProblems(of: [Tensor.random(shape, seed: 1, deviation: 2)], step: 1 / 64) { geluGate($0[0]) } == [])
    }

    /// Batch, image, channels and heads: widths of 1, beside and beyond the blocks of 6 and 16, and fewer pixels than channels.
    static let attentions: [(Shape, Int)] = [
        (Shape(1, 1, 1, 1), 1), (Shape(1, 1, 1, 4), 1), (Shape(1, 2, 3, 6), 2), (Shape(2, 3, 5, 16), 1), (Shape(1, 4, 7, 21), 1),
        (Shape(2, 5, 5, 32), 2), (Shape(1, 24, 23, 6), 2),
    ]

    @Test(arguments: attentions)
    func channelAttention_HasItsGradient(_ shape: Shape, heads: Int) {
        let inputs = [Tensor.random(shape.with(channels: 3 * shape.c), seed: 1), Tensor.positive(.vector(heads), seed: 2)]
        let depth = Double(shape.h * shape.w + shape.c)
        #expect(
            gradientProblems(of: inputs, step: 1 / 64, depth: depth) { channelAttention($0[0], heads: heads, temperature: $0[1]) } == [])
    }

    @Test(arguments: attentions)
    func channelCrossAttention_HasItsGradient(_ shape: Shape, heads: Int) {
        let inputs = [
            Tensor.random(shape, seed: 1), Tensor.random(shape.with(channels: 2 * shape.c), seed: 2),
            Tensor.positive(.vector(heads), seed: 3),
        ]
        let depth = Double(shape.h * shape.w + shape.c)
        #expect(
            gradientProblems(of: inputs, step: 1 / 64, depth: depth) {
                channelCrossAttention(query: $0[0], keyValue: $0[1], heads: heads, temperature: $0[2])
            } == [])
    }
}
