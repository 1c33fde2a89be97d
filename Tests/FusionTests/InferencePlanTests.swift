import Diffusion
import Networks
import TestSupport
import Testing

@testable import Fusion

/// The plan against the networks that define what it computes.
struct InferencePlanTests {
    /// Both compute the same sums in other orders, some of them by Winograd's algorithm; through a dozen layers their deviations stay below
    /// the 1e-4 of the largest element that parity with PyTorch is held to.
    private static let tolerance = 1e-4

    private func check(_ model: FusionModel, height: Int, width: Int, at t: Int) throws {
        let shape = Shape(1, height, width, 1)
        let (mri, other, x) = (
            Elementwise.clamp(.random(shape, seed: 1), -1, 1), Elementwise.clamp(.random(shape, seed: 2), -1, 1),
            Tensor.random(shape, seed: 3)
        )
        let plan = InferencePlan(model, height: height, width: width)
        let refined = Tensor(uninitialized: shape)
        plan.encode(mri: mri, other: other)
        plan.estimate(x, at: t, into: refined)

        let condition = model.predictor.prepare(model.encoder(mri: Variable(mri), other: Variable(other)))
        let expected = try model.estimate(Variable(x), mri: Variable(mri), other: Variable(other), prepared: condition, timesteps: [t])
        func compare(_ found: Tensor, _ reference: Variable, _ what: String) {
            let problem = mismatch(found, reference.value, tolerance: Self.tolerance * largest(reference.value))
            #expect(problem == nil, "\(height)×\(width), t = \(t), \(what): \(problem ?? "")")
        }
        for (level, reference) in condition.levels.enumerated() { compare(plan.prepared[level], reference, "condition \(level)") }
        compare(refined, expected.refined, "refined")
        compare(plan.noise(in: x, at: t), expected.noise, "noise")
    }

    /// Sides around the blocks: one block, several, partial ones, one row of them; two and three levels.
    @Test(arguments: [(16, 16), (16, 160), (160, 16), (48, 80), (144, 272), (272, 144)])
    func estimate_AgreesWithTheNetworks(_ height: Int, _ width: Int) throws {
        for channels in [[16, 32], [32, 16, 48]] {
            for t in [1, 3] {
                try check(Samples.model(Samples.description(channels: channels), seed: 5), height: height, width: width, at: t)
            }
        }
    }

    @Test(.enabled(if: Samples.shipsCT, "no mri-ct.safetensors in Sources/Fusion/Models"))
    func shippedModel_AgreesWithTheNetworks() throws {
        let model = try ModelRegistry.load(.ct)
        try check(model, height: 64, width: 96, at: model.description.schedule.steps / 2)
    }

    @Test func steps_AllocateNothing() async {
        await #expect(processExitsWith: .success) {
            let model = try Samples.model(Samples.description(channels: [16, 32]), seed: 5)
            let plan = InferencePlan(model, height: 64, width: 64)
            let (x, refined) = (Tensor.random(Shape(1, 64, 64, 1), seed: 1), Tensor(Shape(1, 64, 64, 1)))
            plan.encode(mri: x, other: x)
            plan.estimate(x, at: 2, into: refined)
            let before = StoragePool.shared.requests
            for t in 1...4 { plan.estimate(x, at: t, into: refined) }
            guard StoragePool.shared.requests == before else { fatalError("a step asked for memory") }
        }
    }
}
