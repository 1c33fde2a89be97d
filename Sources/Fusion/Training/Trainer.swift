import Diffusion
import Foundation
import Networks

/// Settings of a training run. A checkpoint keeps them; a resumed run must have the same, but for the number of steps.
public struct TrainingConfiguration: Sendable, Codable, Equatable {
    public var modality = Modality.ct
    /// Side of the square crops, a multiple of 16.
    public var crop = 128
    /// Images per step.
    public var batch = 4
    /// Steps in all: the learning rate falls to its end at the last one.
    public var steps = 4000
    public var learningRate: Float = 5e-4
    /// Steps over which the learning rate rises from 0.
    public var warmup = 100
    public var seed: UInt64 = 42
    /// Weight of the past in the moving average of the weights.
    public var averaging: Float = 0.999

    public init() {}
}

/// What one training step measured.
public struct TrainingReport: Sendable {
    public let step: Int
    public let learningRate: Float
    /// The weighted sum that was differentiated.
    public let loss: Float
    /// What the loss is made of, by name and without weights: losses, and scores that are to grow.
    public let terms: [(name: String, value: Float)]
    /// Global norm of the gradient before clipping.
    public let gradientNorm: Float
}

/// Algorithm 1: trains ε_θ, n_θ and the condition encoder on samples of the fusion knowledge prior.
public final class Trainer {
    public let configuration: TrainingConfiguration
    /// The networks that are trained.
    public let model: FusionModel
    /// Steps done.
    public private(set) var step = 0

    private let source: BatchSource
    private let optimizer: AdamW
    private var average: MovingAverage

    /// A fresh training run; the networks are drawn from the seed.
    ///
    /// - Throws: `TrainingError` for settings or data that cannot be trained on, `FusionError` for images smaller than the crop.
    public init(
        _ configuration: TrainingConfiguration, description: ModelDescription, pairs: [ImagePair], candidates: [[PriorCandidate]],
        weights: Parameters.Source? = nil
    ) throws {
        guard !pairs.isEmpty, pairs.count == candidates.count, candidates.allSatisfy({ !$0.isEmpty }) else {
            throw TrainingError(
                description:
                    "\(pairs.count) pairs and candidates for \(candidates.count): training needs pairs, and for each at least one candidate"
            )
        }
        guard configuration.batch >= 1, configuration.crop >= 32, configuration.crop % FusionModel.sideMultiple == 0 else {
            throw TrainingError(
                description: "batch \(configuration.batch), crop \(configuration.crop): training needs a batch of at least 1 "
                    + "and a crop of at least 32 that is a multiple of \(FusionModel.sideMultiple)")
        }
        self.configuration = configuration
        model = try FusionModel(description, weights: weights ?? .random(seed: configuration.seed))
        source = try BatchSource(pairs, candidates, configuration, timesteps: description.schedule.steps)
        optimizer = AdamW(model.parameters.variables)
        average = MovingAverage(model.parameters.variables, decay: configuration.averaging)
    }

    /// The learning rate of a step (counted from 0): linear warm-up, then half a cosine down to 1 % (Loshchilov and Hutter 2017).
    public func learningRate(_ step: Int) -> Float {
        let (warmup, steps) = (Float(configuration.warmup), Float(max(configuration.steps, 1)))
        if Float(step) < warmup { return configuration.learningRate * Float(step + 1) / warmup }
        let progress = min(1, (Float(step) - warmup) / max(1, steps - warmup))
        return configuration.learningRate * (0.01 + 0.99 * 0.5 * (1 + cos(Float.pi * progress)))
    }

    /// One gradient step on one batch.
    public func advance() throws -> TrainingReport {
        let (total, terms) = try loss(source.batch(step))
        total.backward()
        let rate = learningRate(step)
        let norm = optimizer.step(learningRate: rate)
        guard norm.isFinite else {
            throw TrainingError(
                description: "the gradient of step \(step + 1) is not finite: "
                    + "start a new run from the last good weights with a lower learning rate")
        }
        average.update(model.parameters.variables)
        step += 1
        return TrainingReport(step: step, learningRate: rate, loss: total.value.scalar, terms: terms, gradientNorm: norm)
    }

    /// The loss of one batch (method part 2) and its terms: the noise loss trains ε_θ; the others train n_θ, whose input x̃_0 is detached.
    private func loss(_ batch: TrainingBatch) throws -> (total: Variable, terms: [(name: String, value: Float)]) {
        let noisy = try model.description.schedule.diffused(batch.origin, by: batch.noise, to: batch.timesteps)
        let (mri, other) = (Variable(batch.mri), Variable(batch.other))
        let condition = model.predictor.prepare(model.encoder(mri: mri, other: other))
        let estimate = try model.estimate(Variable(noisy), mri: mri, other: other, prepared: condition, timesteps: batch.timesteps)

        // Images in 0...1 with the background set to 0, as the sampler sets it.
        let inside = Variable(Background(batch.mri, batch.other).inside)
        func levels(_ x: Tensor) -> Tensor { Elementwise.affine(x, scale: 0.5, offset: 0.5) }
        let fused = estimate.refined.affine(scale: 0.5, offset: 0.5) * inside
        let noise = Losses.squaredError(
            estimate.noise, Variable(model.description.ablation == .diffusion ? batch.origin : batch.noise))
        let distance = Losses.absoluteError(fused, Variable(levels(batch.origin)))
        // Only what a picture can show is scored: beyond white, more contrast would always score better.
        let shown = fused.clamped(0, 1)
        let weights = FusionObjective.Weights()
        let (scores, slope) = FusionObjective(first: levels(batch.mri), second: levels(batch.other))(shown.value, weights)
        let quality = shown.number(scores.total(weights), slope: slope)
        let terms = [
            ("noise", noise.value.scalar), ("prior", distance.value.scalar), ("ssim", scores.similarity), ("vif", scores.fidelity),
            ("qabf", scores.edges), ("scd", scores.differences), ("mi", scores.information), ("excess", scores.excess),
        ]
        return (noise + Self.priorWeight * distance + -Self.objectiveWeight * quality, terms)
    }

    /// The weights of what trains n_θ: they keep its gradient as large as ε_θ's.
    private static let priorWeight: Float = 0.25
    private static let objectiveWeight: Float = 0.02

    /// The networks with averaged weights, frozen: what is validated and shipped.
    public func averagedModel() throws -> FusionModel {
        let tensors = Dictionary(uniqueKeysWithValues: zip(model.parameters.names, average.tensors.map { $0.copy() }))
        var description = model.description
        let crops = "\(configuration.batch) crops of \(configuration.crop)×\(configuration.crop)"
        let run = "\(step) steps of \(crops) on \(source.pairs) pairs, seed \(configuration.seed)"
        // A run that started from a model's weights says so.
        description.training = description.training == ModelDescription.untrained ? run : "\(description.training), then \(run)"
        return try FusionModel(description, weights: .tensors(tensors, tracked: false))
    }

    // MARK: Checkpoints

    /// What a checkpoint says beside its tensors.
    private struct CheckpointState: Codable {
        var configuration: TrainingConfiguration
        var step: Int
        var optimizerSteps: Int
        var averageSteps: Int
    }

    private static let stateKey = "amalgam.training"

    /// Writes everything that the next step depends on: weights, averages, moments, counters. Batches follow from seed and step.
    public func saveCheckpoint(to url: URL) throws {
        let names = model.parameters.names
        var tensors = Dictionary(uniqueKeysWithValues: zip(names.map { "weight." + $0 }, model.parameters.variables.map(\.value)))
        tensors.merge(zip(names.map { "average." + $0 }, average.tensors)) { $1 }
        tensors.merge(optimizer.state(names: names)) { $1 }
        let state = CheckpointState(
            configuration: configuration, step: step, optimizerSteps: optimizer.steps, averageSteps: average.steps)
        var metadata = try model.description.metadata()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        metadata[Self.stateKey] = String(decoding: try encoder.encode(state), as: UTF8.self)
        try Safetensors(tensors: tensors, metadata: metadata).write(to: url)
    }

    /// Takes up a run where a checkpoint left it: the following steps are the same, bit for bit, as without the break.
    ///
    /// - Throws: `TrainingError` when the checkpoint belongs to other settings; file and parameter errors.
    public static func resume(
        from url: URL, _ configuration: TrainingConfiguration, pairs: [ImagePair], candidates: [[PriorCandidate]]
    ) throws -> Trainer {
        let file = try Safetensors(contentsOf: url)
        guard let text = file.metadata[stateKey] else {
            throw TrainingError(description: "\(url.lastPathComponent) is no training checkpoint")
        }
        let state = try JSONDecoder().decode(CheckpointState.self, from: Data(text.utf8))
        var comparable = state.configuration
        comparable.steps = configuration.steps
        guard comparable == configuration else {
            throw TrainingError(
                description:
                    "the checkpoint was trained with \(state.configuration); resume with the same settings or start in another folder")
        }
        func named(_ prefix: String) -> [String: Tensor] {
            Dictionary(
                uniqueKeysWithValues: file.tensors.compactMap { name, tensor in
                    name.hasPrefix(prefix) ? (String(name.dropFirst(prefix.count)), tensor) : nil
                })
        }
        let trainer = try Trainer(
            configuration, description: ModelDescription(from: file), pairs: pairs, candidates: candidates,
            weights: .tensors(named("weight."), tracked: true))
        let names = trainer.model.parameters.names
        try trainer.optimizer.restore(file.tensors, names: names, steps: state.optimizerSteps)
        let averages = named("average.")
        trainer.average = MovingAverage(
            tensors: try names.map {
                guard let tensor = averages[$0] else { throw ParameterError.missing(name: "average.\($0)") }
                return tensor
            }, steps: state.averageSteps, decay: configuration.averaging)
        trainer.step = state.step
        return trainer
    }
}

/// A training run that cannot begin or go on.
public struct TrainingError: Error, CustomStringConvertible {
    public let description: String
}

extension FusionModel {
    /// Writes the model as one safetensors file that `FusionModel(contentsOf:)` and the Python package read.
    public func write(to url: URL) throws {
        try Safetensors(tensors: parameters.tensors, metadata: description.metadata()).write(to: url)
    }
}
