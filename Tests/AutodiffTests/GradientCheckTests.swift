import TestSupport
import Testing

@testable import Autodiff

/// The finite differences themselves: a rule that is a little wrong must not pass.
struct GradientCheckTests {
    /// The identity with a gradient that `damage` changes.
    private func faulty(_ x: Variable, _ damage: @escaping (Tensor) -> Tensor) -> Variable {
        Variable(x.value.copy(), from: [x]) { gradient in x.receive(damage(gradient)) }
    }

    @Test func oneHundredth_IsFound_BehindEachKindOfLayer() {
        func damage(_ g: Tensor) -> Tensor { Elementwise.affine(g, scale: 1.01) }
        let x = Tensor.random(Shape(2, 5, 7, 48), seed: 1)
        let ones = Variable(Tensor(.vector(48), repeating: 1))
        let weights = Variable(Tensor.random(Shape(3, 3, 48, 8), seed: 2))
        #expect(gradientProblems(of: [x]) { silu(self.faulty($0[0], damage)) } != [])
        #expect(gradientProblems(of: [x]) { layerNorm(self.faulty($0[0], damage), scale: ones, shift: ones) } != [])
        #expect(gradientProblems(of: [x], depth: 520) { convolution(self.faulty($0[0], damage), weights) } != [])
        #expect(
            gradientProblems(of: [x], step: 1 / 64) {
                channelAttention(self.faulty($0[0], damage), heads: 2, temperature: Variable(Tensor(.vector(2), repeating: 1)))
            } != [])
    }

    @Test func oneWrongElement_IsFound() {
        let x = Tensor.random(Shape(1, 16, 16, 8), seed: 1)
        let problems = gradientProblems(of: [x]) {
            self.faulty($0[0]) { g in
                let wrong = g.copy()
                wrong.pointer[777] *= 1.5
                return wrong
            }
        }
        #expect(problems.contains { $0.contains("signs") })
    }

    @Test func missingGradient_IsFound() {
        #expect(gradientProblems(of: [Tensor.random(.vector(4), seed: 1)]) { $0[0].detached() } != [])
    }

    @Test func mismatch_NamesTheWorstElement_AndRefusesNaN() {
        let x = Tensor(Shape(1, 2, 2, 1), [1, 2, 3, 4])
        #expect(mismatch(x, x, tolerance: 0) == nil)
        #expect(mismatch(x, [1, 2.5, 4, 4], tolerance: [1, 0.1, 0.1, 0])?.contains("(0, 1, 0, 0)") == true)
        #expect(mismatch(Tensor(.vector(1), [.nan]), [0], tolerance: [1]) != nil)
        #expect(mismatch(Tensor(.vector(1), [0]), [.nan], tolerance: [1]) != nil)
        #expect(mismatch(x, [1, 2, 3], tolerance: [0, 0, 0]) != nil)
    }
}
