import Imaging
import Networks

/// The parts of a fusion, as the sampler runs them, and a whole one.
public enum NetworkBenchmark {
    /// Times the condition, ε_θ, n_θ and a step of both on random images of `side` × `side` pixels.
    public static func parts(_ model: FusionModel, side: Int, runs: Int) -> [Timing] {
        var source = Philox(seed: 1)
        let shape = Shape(1, side, side, 1)
        let (mri, other, x) = (source.normal(shape), source.normal(shape), source.normal(shape))
        let refined = Tensor(uninitialized: shape)
        let plan = InferencePlan(model, height: side, width: side)
        let t = model.description.schedule.steps / 2
        let (noise, refinement) = (model.noiseOperations(pixels: side * side), model.refinementOperations(pixels: side * side))
        return [
            measure("condition", operations: Double(model.conditionOperations(pixels: side * side)), runs: runs) {
                plan.encode(mri: mri, other: other)
            },
            measure("noise network", operations: Double(noise), runs: runs) { plan.predictNoise(t) },
            measure("refinement network", operations: Double(refinement), runs: runs) { plan.refine(t) },
            measure("step", operations: Double(noise + refinement), runs: runs) { plan.estimate(x, at: t, into: refined) },
        ]
    }

    /// Times a whole fusion of a phantom of `side` × `side` pixels with the default options, scores included, and one without guidance.
    public static func fusion(_ model: FusionModel, side: Int, runs: Int) throws -> [Timing] {
        let fuser = Fuser(model)
        let second = Phantom.Modality(rawValue: model.description.modality.rawValue)!
        let mri = Phantom.render(.mri, width: side, height: side, seed: 1)
        let other = Phantom.render(second, width: side, height: side, seed: 1)
        func timing(_ name: String, guidance: Int) throws -> Timing {
            var options = FusionOptions()
            options.guidance = guidance
            return try measure(name, runs: runs) { _ = try fuser.fuse(mri: mri, other: other, options: options) }
        }
        return [
            try timing("whole fusion", guidance: FusionOptions().guidance),
            try timing("whole fusion, no guidance", guidance: 0),
        ]
    }
}
