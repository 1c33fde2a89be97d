import Tensors
import Testing

/// Shapes that do not fit stop the program, in release builds too, before a kernel leaves its tensors.
struct RequirementTests {
    @Test func tensor_NeedsAValueForEachPlace() async {
        await #expect(processExitsWith: .failure) { _ = Tensor(.vector(1), [1, 2]) }
        await #expect(processExitsWith: .failure) { _ = Tensor(.vector(2)).reshaped(.vector(3)) }
    }

    @Test func elementwise_NeedsOneShape() async {
        await #expect(processExitsWith: .failure) { _ = Elementwise.add(Tensor(.vector(9)), Tensor(.vector(8))) }
    }

    @Test func convolution_NeedsItsChannels() async {
        await #expect(processExitsWith: .failure) {
            _ = Convolution.forward(Tensor(Shape(1, 2, 2, 3)), Convolution.pack(Tensor(Shape(1, 1, 4, 4))))
        }
        await #expect(processExitsWith: .failure) { _ = Convolution.pack(Tensor(Shape(5, 5, 1, 1))) }
    }

    @Test func layerNorm_NeedsWholeVectors() async {
        await #expect(processExitsWith: .failure) {
            _ = LayerNorm.forward(Tensor(Shape(1, 1, 1, 12)), scale: Tensor(.vector(12)), shift: Tensor(.vector(12)))
        }
    }

    @Test func attention_NeedsKeysForTheQueriesPixels() async {
        await #expect(processExitsWith: .failure) {
            let (x, y) = (Tensor(Shape(1, 4, 4, 8)), Tensor(Shape(1, 2, 4, 16)))
            _ = ChannelAttention.forward(
                query: .init(x), key: .init(y), value: .init(y, offset: 8), channels: 8, heads: 1, temperature: Tensor(.vector(1)))
        }
    }

    @Test func window_LiesInside() async {
        await #expect(processExitsWith: .failure) { _ = Padding.window(Tensor(Shape(1, 4, 4, 1)), top: 2, left: 0, height: 3, width: 4) }
    }
}
