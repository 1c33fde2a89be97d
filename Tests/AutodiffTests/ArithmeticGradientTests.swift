import Autodiff
import TestSupport
import Testing

/// Gradients of arithmetic and rearrangements against central differences, kinks kept out of reach of the steps.
struct ArithmeticGradientTests {
    static let shapes = [Shape(1, 1, 1, 1), Shape(2, 3, 5, 7), Shape(1, 4, 4, 8)]

    @Test(arguments: shapes)
    func sums_HaveTheirGradient(_ shape: Shape) {
        let inputs = [Tensor.random(shape, seed: 1), Tensor.random(shape, seed: 2)]
        #expect(gradientProblems(of: inputs) { $0[0] + $0[1] } == [])
        #expect(gradientProblems(of: inputs) { $0[0] - $0[1] } == [])
        #expect(gradientProblems(of: [inputs[0]]) { -2.5 * $0[0] } == [])
        #expect(gradientProblems(of: [inputs[0]]) { $0[0] + 1.5 } == [])
        #expect(gradientProblems(of: [inputs[0]]) { $0[0].affine(scale: 0.7, offset: -3) } == [])
    }

    @Test(arguments: shapes)
    func products_HaveTheirGradient(_ shape: Shape) {
        let inputs = [Tensor.random(shape, seed: 1), Tensor.random(shape, seed: 2)]
        #expect(gradientProblems(of: inputs) { $0[0] * $0[1] } == [])
    }

    @Test(arguments: shapes)
    func operations_HaveTheirGradient_WhenBothSidesAreOne(_ shape: Shape) {
        let x = [Tensor.positive(shape, seed: 1)]
        #expect(gradientProblems(of: x) { $0[0] + $0[0] } == [])
        #expect(gradientProblems(of: x) { $0[0] - $0[0] } == [])
        #expect(gradientProblems(of: x) { $0[0] * $0[0] } == [])
        #expect(gradientProblems(of: x) { concatenate([$0[0], $0[0], $0[0]]) } == [])
    }

    /// Σ x², with its derivative 2x given beside it.
    @Test(arguments: shapes)
    func numbersFromOutside_HaveTheGradientThatCameWithThem(_ shape: Shape) {
        let problems = gradientProblems(of: [Tensor.random(shape, seed: 1)]) { inputs in
            let x = inputs[0].value
            let sum = Float(Reduction.sum(Elementwise.multiply(x, x)))
            return inputs[0].number(sum, slope: Elementwise.affine(x, scale: 2))
        }
        #expect(problems == [])
    }

    /// The kink is at 0; no input comes nearer than 0.1.
    @Test(arguments: shapes)
    func magnitude_HasItsGradient(_ shape: Shape) {
        #expect(gradientProblems(of: [Tensor.random(shape, seed: 1, awayFromZeroBy: 0.1)]) { $0[0].magnitude } == [])
    }

    /// The kinks are at ±0.5; no input comes nearer to them than 0.1.
    @Test(arguments: shapes)
    func clamped_HasItsGradient(_ shape: Shape) {
        let values = Tensor.random(shape, seed: 1).values.map { $0.magnitude < 0.5 ? $0 * 0.8 : $0 < 0 ? $0 - 0.1 : $0 + 0.1 }
        #expect(gradientProblems(of: [Tensor(shape, values)]) { $0[0].clamped(-0.5, 0.5) } == [])
    }

    @Test(arguments: shapes)
    func logistic_HasItsGradient(_ shape: Shape) {
        #expect(gradientProblems(of: [Tensor.random(shape, seed: 1)]) { $0[0].logistic } == [])
    }

    @Test func kinks_HaveTheDocumentedGradient() throws {
        let x = Variable(Tensor(.vector(3), [0, 0.5, -0.5]), isTracked: true)
        (x.magnitude + x.clamped(-0.5, 0.5)).backward(Tensor(.vector(3), repeating: 1))
        // Magnitude 0, 1, −1; clamp 1 up to and on the border.
        #expect(x.gradient?.values == [1, 2, 0])
    }

    @Test(arguments: shapes + [Shape(3, 31, 17, 5)])
    func mean_HasItsGradient(_ shape: Shape) {
        #expect(gradientProblems(of: [Tensor.random(shape, seed: 1)]) { $0[0].mean } == [])
    }

    @Test(arguments: [Shape(1, 2, 2, 1), Shape(2, 4, 6, 3), Shape(1, 2, 10, 8), Shape(3, 8, 2, 13)])
    func haar_HasItsGradient(_ shape: Shape) {
        #expect(gradientProblems(of: [Tensor.random(shape, seed: 1)]) { haar($0[0]) } == [])
        let bands = Shape(shape.n, shape.h - 1, shape.w - 1, 4 * shape.c)
        #expect(gradientProblems(of: [Tensor.random(bands, seed: 2)]) { inverseHaar($0[0]) } == [])
    }

    @Test func concatenateAndSlice_HaveTheirGradient() {
        let inputs = [3, 1, 8].enumerated().map { Tensor.random(Shape(2, 3, 5, $1), seed: UInt64($0)) }
        #expect(gradientProblems(of: inputs) { concatenate($0) } == [])
        for range in [0..<8, 0..<1, 7..<8, 2..<5] {
            #expect(gradientProblems(of: [inputs[2]]) { slice($0[0], range) } == [], "channels \(range)")
        }
    }

    @Test func filter_HasItsGradient() {
        let windows: [(rows: [Float], columns: [Float])] = [
            ([1], [1]), ([0.25, -0.5, 1], [2]), ([1, 2, 3, 4], [0.5, 0.25, -1, 0.125, 3]),
        ]
        for shape in [Shape(1, 4, 5, 1), Shape(2, 9, 7, 1), Shape(1, 5, 23, 1)] {
            for window in windows {
                for step in 1...2 {
                    let problems = gradientProblems(of: [Tensor.random(shape, seed: 1)]) {
                        filter($0[0], rows: window.rows, columns: window.columns, step: step)
                    }
                    #expect(problems == [])
                }
            }
        }
    }
}
