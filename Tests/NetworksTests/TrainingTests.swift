import Foundation
import Networks
import TestSupport
import Testing

/// The optimiser and the moving average.
struct TrainingTests {
    private let weight = Shape(3, 3, 2, 4)

    /// Gives the variables these gradients: the gradient of Σ g·x is g.
    private func setGradients(_ variables: [Variable], _ gradients: [Tensor]) {
        for (variable, gradient) in zip(variables, gradients) { (1 * variable).backward(gradient) }
    }

    /// Eight steps of torch.optim.AdamW in double precision behind clip_grad_norm_, on both sides of the clip.
    ///
    /// A step moves an element by at most the rate times the bias corrections, here less than 0.1, with some ten roundings of it, and
    /// rounds the element itself, below 4: 8 · (10 · 0.1 + 4) · u. PyTorch divides by the norm plus 1e-6, which a normalised step does not
    /// see: of a gradient, at most 1e-6 relative, and the same for its mean and root alike but where the clip begins.
    @Test func adamW_AgreesWithPyTorch() throws {
        let golden = try GoldenFile("training.safetensors", in: Bundle.module.resourceURL).tensors
        let variables = ["weight", "bias"].map { Variable(golden["start." + $0]!.copy(), isTracked: true) }
        let optimiser = AdamW(variables)
        optimiser.weightDecay = 0.05
        optimiser.largestNorm = 1
        for step in 0..<8 {
            setGradients(variables, [golden["\(step).weight/gradient"]!, golden["\(step).bias/gradient"]!])
            let norm = optimiser.step(learningRate: 0.02)
            let expected = golden["\(step).norm"]!.scalar
            #expect(abs(norm - expected) <= 2 * Float(unitRoundoff) * expected, "norm of step \(step)")
            for (variable, name) in zip(variables, ["weight", "bias"]) {
                let tolerance = 8 * (10 * 0.1 + 4) * unitRoundoff + 1e-6 * 0.1
                #expect(mismatch(variable.value, golden["\(step).\(name)"]!, tolerance: tolerance) == nil, "\(name) after step \(step)")
                #expect(variable.gradient == nil, "a step clears the gradients")
            }
        }
        #expect(optimiser.steps == 8)
    }

    @Test func adamW_LeavesAllAsItIs_WhenTheGradientIsNotFinite() {
        for bad in [Float.nan, .infinity, -.infinity] {
            let start = Tensor.random(weight, seed: 1)
            let variables = [Variable(start.copy(), isTracked: true), Variable(Tensor(.vector(3), repeating: 1), isTracked: true)]
            let optimiser = AdamW(variables)
            var values = Tensor.random(weight, seed: 2).values
            values[50] = bad
            setGradients(variables, [Tensor(weight, values), Tensor(.vector(3), repeating: 1)])
            #expect(!optimiser.step(learningRate: 0.1).isFinite)
            #expect(variables[0].value.values == start.values)
            #expect(variables[1].value.values == [1, 1, 1])
            #expect(optimiser.steps == 0)
            #expect(optimiser.state(names: ["a", "b"]).values.allSatisfy { $0.values.allSatisfy { $0 == 0 } })
            #expect(variables[0].gradient == nil)
        }
    }

    @Test func adamW_SkipsParameters_WithoutGradient() {
        let variables = [
            Variable(Tensor.random(weight, seed: 1), isTracked: true), Variable(Tensor.random(weight, seed: 2), isTracked: true),
        ]
        let before = variables[1].value.copy()
        setGradients(variables, [Tensor.random(weight, seed: 3)])
        AdamW(variables).step(learningRate: 0.1)
        #expect(variables[1].value.values == before.values)
    }

    @Test func adamW_Decays_WeightsAlone() {
        let shapes = [Shape(3, 3, 2, 4), Shape(1, 1, 8, 4), Shape(3, 3, 1, 4), .vector(4)]
        let variables = shapes.map { Variable(Tensor($0, repeating: 2), isTracked: true) }
        let optimiser = AdamW(variables)
        optimiser.weightDecay = 0.5
        setGradients(variables, shapes.map { Tensor($0) })
        optimiser.step(learningRate: 0.1)
        for (variable, expected) in zip(variables, [1.9, 1.9, 1.9, 2.0]) {
            #expect(mismatch(variable.value, Tensor(variable.shape, repeating: Float(expected)), tolerance: 2.4e-7) == nil)
        }
    }

    @Test func adamW_GoesOn_FromACheckpoint() throws {
        func gradient(_ step: Int) -> Tensor { Tensor.random(weight, seed: 9, stream: UInt64(step)) }
        let start = Tensor.random(weight, seed: 1)
        let straight = Variable(start.copy(), isTracked: true)
        let optimiser = AdamW([straight])
        for step in 0..<3 {
            setGradients([straight], [gradient(step)])
            optimiser.step(learningRate: 0.01)
        }
        let saved = optimiser.state(names: ["w"]).mapValues { $0.copy() }
        let resumed = Variable(straight.value.copy(), isTracked: true)
        let second = AdamW([resumed])
        try second.restore(saved, names: ["w"], steps: 3)
        for step in 3..<6 {
            for (variable, optimiser) in [(straight, optimiser), (resumed, second)] {
                setGradients([variable], [gradient(step)])
                optimiser.step(learningRate: 0.01)
            }
        }
        #expect(straight.value.values == resumed.value.values)
        #expect(throws: ParameterError.self) { try AdamW([resumed]).restore([:], names: ["w"], steps: 1) }
        #expect(throws: ParameterError.self) {
            try AdamW([resumed]).restore(["adam.mean.w": Tensor(.vector(1)), "adam.square.w": Tensor(weight)], names: ["w"], steps: 1)
        }
    }

    /// The weight of the past is (1 + steps) / (10 + steps) until it reaches the decay.
    @Test func movingAverage_FollowsItsFormula() {
        let variable = Variable(Tensor(.vector(2), [1, -1]), isTracked: true)
        let average = MovingAverage([variable], decay: 0.4)
        #expect(average.tensors[0].values == [1, -1])
        var expected = [1.0, -1.0]
        for step in 0..<12 {
            variable.update {
                $0[0] += 1
                $0[1] *= -2
            }
            average.update([variable])
            let past = min(0.4, Double(1 + step) / Double(10 + step))
            expected = zip(expected, variable.value.values).map { past * $0 + (1 - past) * Double($1) }
            // Three roundings a step, of which the past's share stays.
            #expect(mismatch(average.tensors[0], expected, tolerance: 12 * unitRoundoff * expected.map(abs).max()!) == nil)
        }
        #expect(average.steps == 12)
        let resumed = MovingAverage(tensors: average.tensors.map { $0.copy() }, steps: average.steps, decay: 0.4)
        resumed.update([variable])
        average.update([variable])
        #expect(resumed.tensors[0].values == average.tensors[0].values)
    }

    @Test func movingAverage_HasItsOwnMemory() {
        let variable = Variable(Tensor(.vector(1), [1]), isTracked: true)
        let average = MovingAverage([variable], decay: 0.9)
        variable.update { $0[0] = 100 }
        #expect(average.tensors[0].values == [1])
    }
}
