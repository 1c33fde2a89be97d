import Diffusion
import Testing

@testable import Fusion

/// What benchmarks count against what PyTorch counts.
struct OperationCountTests {
    /// `torch.utils.flop_counter.FlopCounterMode` over the reference in Reference/ on a 96 × 64 pair, convolutions and products of matrices;
    /// the products of a single pixel (the timestep's) are left out here.
    @Test func counts_AreThoseOfTheReference() throws {
        let model = try FusionModel(Samples.description(channels: [16, 32, 48]), weights: .random(seed: 1))
        #expect(model.conditionOperations(pixels: 96 * 64) == 65_203_200)
        #expect(model.noiseOperations(pixels: 96 * 64) == 90_037_248)
        #expect(model.refinementOperations(pixels: 96 * 64) == 49_029_120)
    }
}
