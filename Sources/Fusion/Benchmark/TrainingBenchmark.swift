import Imaging
import Networks

/// A training step, forward and backward and the optimiser's step, on crops of phantoms.
public enum TrainingBenchmark {
    /// Times steps with each size of batch: with the trainer's whole objective, and with the part of it that any framework has (noise, L1
    /// and SSIM), for comparisons.
    public static func run(_ description: ModelDescription, batches: [Int] = [2, 8], crop: Int = 128, runs: Int) throws -> [Timing] {
        try batches.flatMap { batch in
            let trainer = try trainer(description, batch: batch, crop: crop)
            let reduced = try ReducedTraining(description, batch: batch, crop: crop)
            return [
                try measure("training step, batch \(batch)", runs: runs) { _ = try trainer.advance() },
                try measure("training step of noise, L1 and SSIM, batch \(batch)", runs: runs) { try reduced.advance() },
            ]
        }
    }

    private static func trainer(_ description: ModelDescription, batch: Int, crop: Int) throws -> Trainer {
        var configuration = TrainingConfiguration()
        (configuration.batch, configuration.crop) = (batch, crop)
        let pair = pair(description.modality, side: 2 * crop)
        let candidate = PriorCandidate(name: MaximumRule().name, score: 1, plane: MaximumRule().fuse(pair.mri, pair.other))
        return try Trainer(configuration, description: description, pairs: [pair], candidates: [[candidate]])
    }

    fileprivate static func pair(_ modality: Modality, side: Int) -> ImagePair {
        let second = Phantom.Modality(rawValue: modality.rawValue)!
        return ImagePair(
            name: "phantom", mri: Phantom.render(.mri, width: side, height: side, seed: 1).luma(),
            other: Phantom.render(second, width: side, height: side, seed: 1).luma())
    }
}

/// Algorithm 1 with the loss ‖ε − ε̂‖² + ¼·|x̄_0 − x_0| − 0.07·SSIM alone, on one batch again and again.
private struct ReducedTraining {
    private let model: FusionModel
    private let batch: TrainingBatch
    private let optimizer: AdamW

    init(_ description: ModelDescription, batch count: Int, crop: Int) throws {
        model = try FusionModel(description, weights: .random(seed: 1))
        optimizer = AdamW(model.parameters.variables)
        var source = Philox(seed: 2)
        let shape = Shape(count, crop, crop, 1)
        func picture() -> Tensor { Elementwise.clamp(source.normal(shape), -1, 1) }
        let (mri, other) = (picture(), picture())
        batch = TrainingBatch(
            mri: mri, other: other, origin: Elementwise.maximum(mri, other),
            timesteps: (1...count).map { $0 * description.schedule.steps / count }, noise: source.normal(shape))
    }

    func advance() throws {
        let noisy = try model.description.schedule.diffused(batch.origin, by: batch.noise, to: batch.timesteps)
        let (mri, other) = (Variable(batch.mri), Variable(batch.other))
        let condition = model.predictor.prepare(model.encoder(mri: mri, other: other))
        let estimate = try model.estimate(Variable(noisy), mri: mri, other: other, prepared: condition, timesteps: batch.timesteps)
        let noise = Losses.squaredError(estimate.noise, Variable(batch.noise))
        let distance = Losses.absoluteError(estimate.refined, Variable(batch.origin))
        func levels(_ x: Tensor) -> Tensor { Elementwise.affine(x, scale: 127.5, offset: 127.5) }
        let shown = estimate.refined.clamped(-1, 1)
        let (first, second) = (levels(batch.mri), levels(batch.other))
        let similarity = StructuralSimilarity(first: first, second: second, extents: RowExtents(first, second))
        let slope = Tensor(shown.shape)
        let quality = shown.number(similarity(levels(shown.value), weight: 127.5, into: slope), slope: slope)
        (noise + 0.25 * distance + -0.07 * quality).backward()
        _ = optimizer.step(learningRate: 1e-4)
    }
}
