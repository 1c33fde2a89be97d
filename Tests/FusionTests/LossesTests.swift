import Imaging
import Networks
import Scores
import TestSupport
import Testing

@testable import Fusion

@Suite("Losses") struct LossesTests {
    private let shape = Shape(2, 14, 13, 1)

    /// a·x + b·y with a little noise: steep enough that the Sobel magnitude keeps away from its kink at 0.
    private func ramp(_ a: Float, _ b: Float, seed: UInt64) -> Tensor {
        let noise = Tensor.random(shape, seed: seed, deviation: 0.01)
        let values = (0..<shape.count).map { i in a * Float(i % shape.w) + b * Float(i / shape.w % shape.h) + noise.values[i] }
        return Tensor(shape, values)
    }

    @Test func gradients_AgreeWithFiniteDifferences() {
        let (x, y) = (Tensor.random(shape, seed: 1, deviation: 0.3), Tensor.random(shape, seed: 2, deviation: 0.3))
        let apart = Elementwise.add(y, .random(shape, seed: 3, awayFromZeroBy: 0.3))
        let (mild, steep, other) = (ramp(0.2, 0.1, seed: 4), ramp(0.6, 0.2, seed: 5), ramp(0.1, -0.4, seed: 6))
        #expect(gradientProblems(of: [x, y], Losses.pair(Losses.squaredError)) == [])
        #expect(gradientProblems(of: [apart, y], Losses.pair(Losses.absoluteError)) == [])
        #expect(gradientProblems(of: [x, y], step: 1 / 128, Losses.pair(Losses.dissimilarity)) == [])
        #expect(gradientProblems(of: [mild], step: 1 / 64) { Losses.sobel($0[0]) } == [])
        #expect(
            gradientProblems(of: [mild, steep, other], step: 1 / 64) { Losses.gradientLoss($0[0], $0[1], $0[2]) } == [])
    }

    @Test("1 − the loss is the service's SSIM", arguments: [(11, 11), (31, 17), (64, 48)])
    func dissimilarity(width: Int, height: Int) throws {
        for seed: UInt64 in 0..<4 {
            let a = PriorSamples.noise(width, height, seed: seed)
            let b = a.combined(with: PriorSamples.noise(width, height, seed: seed + 9)) { 0.8 * $0 + 0.2 * $1 }
            let expected = try #require(try SSIM.wang.score(a, b))
            func tensor(_ plane: Plane) -> Variable { Variable(Tensor(Shape(1, height, width, 1), plane.values.map { $0 / 255 })) }
            let found = Double(1 - Losses.dissimilarity(tensor(a), tensor(b)).value.scalar)
            #expect(abs(found - expected) < 1e-4, "\(found) instead of \(expected)")
            #expect(abs(Losses.dissimilarity(tensor(a), tensor(a)).value.scalar) < 1e-5)
        }
    }

    @Test func sobel_OfARamp_IsItsSlope() {
        let plane = Tensor(Shape(1, 5, 6, 1), (0..<30).map { Float(3 * ($0 % 6) + 4 * ($0 / 6)) })
        let magnitude = Losses.sobel(Variable(plane)).value
        #expect(magnitude.shape == Shape(1, 3, 4, 1))
        #expect(magnitude.values.allSatisfy { abs($0 - 5) < 1e-5 })
    }

    @Test func gradientLoss_IsZero_WhereThePictureHasTheSteeperEdges() {
        let (steep, flat) = (Variable(ramp(0.6, 0.2, seed: 1)), Variable(Tensor(shape, repeating: 0.5)))
        #expect(Losses.gradientLoss(steep, steep, flat).value.scalar == 0)
        #expect(Losses.gradientLoss(steep, flat, steep).value.scalar == 0)
        #expect(Losses.gradientLoss(flat, steep, flat).value.scalar > 0.5)
    }
}

extension Losses {
    /// A loss of two images as a function of a list.
    fileprivate static func pair(_ loss: @escaping (Variable, Variable) -> Variable) -> ([Variable]) -> Variable {
        { loss($0[0], $0[1]) }
    }
}
