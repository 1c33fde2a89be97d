import Diffusion
import Foundation
import Networks
import TestSupport
import Testing

@testable import Fusion

/// Models that go without a part of the method: each differs from the whole in that part alone.
struct AblationTests {
    private static func model(_ ablation: Ablation?) throws -> FusionModel {
        var description = try Samples.description()
        description.ablation = ablation
        return try Samples.model(description)
    }

    @Test func corners_AreThePixelsOfEachPlace() {
        let x = Tensor.random(Shape(2, 4, 6, 3), seed: 1)
        let found = corners(Variable(x))
        for (place, (dy, dx)) in [(0, 0), (1, 0), (0, 1), (1, 1)].enumerated() {
            for (n, y, column, c) in [(0, 0, 0, 0), (1, 1, 2, 2)] {
                let expected = x.values[((n * 4 + 2 * y + dy) * 6 + 2 * column + dx) * 3 + c]
                #expect(abs(found.value.values[((n * 2 + y) * 3 + column) * 12 + place * 3 + c] - expected) <= 2e-6)
            }
        }
        #expect(mismatch(picture(corners: found).value, x, tolerance: 4e-6) == nil)
    }

    @Test(arguments: Ablation.allCases) func model_TrainsSavesAndFuses(_ ablation: Ablation) throws {
        try Samples.withFolder { folder in
            var description = try Samples.description()
            description.ablation = ablation
            let pairs = Samples.pairs()
            let trainer = try Trainer(
                Samples.configuration(), description: description, pairs: pairs,
                candidates: ablation == .prior ? TrainingPrior.maxima(of: pairs) : Samples.candidates(of: pairs))
            #expect(try trainer.advance().loss.isFinite)
            let file = folder.appending(path: "model.safetensors")
            try trainer.averagedModel().write(to: file)
            let model = try FusionModel(contentsOf: file)
            #expect(model.description.ablation == ablation)
            let (mri, ct) = Samples.images(width: 48, height: 32)
            #expect(try Fuser(model).fuse(mri: mri, other: ct).fused.width == 48)
        }
    }

    @Test func withoutCrossAttention_EachModalityIsEncodedAlone() throws {
        #expect(try Self.model(.attention).encoder.firstToSecond.isEmpty && !Self.model(nil).encoder.firstToSecond.isEmpty)
    }

    @Test func withoutHaar_TheConditionDiffers() throws {
        let x = Variable(Tensor.random(Shape(1, 16, 16, 1), seed: 3))
        let (whole, without) = (try Self.model(nil).encoder(mri: x, other: x), try Self.model(.haar).encoder(mri: x, other: x))
        #expect(whole.levels[0].value.values != without.levels[0].value.values)
    }

    @Test func withoutRefinement_TheRoughEstimateIsTheResult() throws {
        let model = try Self.model(.refinement)
        let (x, source) = (Tensor.random(Shape(1, 16, 16, 1), seed: 4), Variable(Tensor.random(Shape(1, 16, 16, 1), seed: 5)))
        let prepared = model.predictor.prepare(model.encoder(mri: source, other: source))
        let estimate = try model.estimate(Variable(x), mri: source, other: source, prepared: prepared, timesteps: [3])
        let rough = try model.description.schedule.origin(of: x, noise: estimate.noise.value, at: [3])
        #expect(estimate.refined.value.values == Elementwise.clamp(rough, -1, 1).values)
    }

    @Test func withoutDiffusion_TheSeedDecidesNothing() throws {
        let (mri, ct) = Samples.images(width: 32, height: 32)
        func fused(_ ablation: Ablation?, seed: UInt64) throws -> [Float] {
            var options = FusionOptions()
            (options.seed, options.guidance) = (seed, 0)
            return try Fuser(Self.model(ablation)).pictures(mri: mri.luma(), other: ct.luma(), options: options)[0].values
        }
        #expect(try fused(.diffusion, seed: 1) == fused(.diffusion, seed: 2))
        #expect(try fused(nil, seed: 1) != fused(nil, seed: 2))
    }
}
