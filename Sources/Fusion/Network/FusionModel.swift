import Diffusion
import Foundation
import Networks
import Synchronization

/// What the second source is.
public enum Modality: String, Sendable, Codable, CaseIterable {
    case ct, pet, spect
}

/// What a model file says about itself beside its weights.
public struct ModelDescription: Sendable, Codable, Equatable {
    /// A name for people, such as `mri-ct-1`.
    public var name: String
    /// What is fused with the MRI.
    public var modality: Modality
    /// Feature channels per level: two or three levels, each a multiple of 16 up to 1024.
    public var channels = [32, 48, 64]
    /// Size of the timestep embedding: a multiple of 8 up to 4096.
    public var embedding = 128
    /// The noise schedule that the network was trained with.
    public var schedule: NoiseSchedule
    /// How many steps the sampler takes unless told otherwise.
    public var defaultSteps = 4
    /// What the model goes without; nil for the whole method.
    public var ablation: Ablation?
    /// Training data, steps and seed in words.
    public var training = Self.untrained

    /// The `training` of weights that were just drawn.
    static let untrained = "untrained"

    public init(name: String, modality: Modality, schedule: NoiseSchedule) {
        (self.name, self.modality, self.schedule) = (name, modality, schedule)
    }
}

/// The networks of the method together: condition encoder, ε_θ and n_θ.
public final class FusionModel: Sendable {
    public let description: ModelDescription
    /// All weights by name.
    public let parameters: Parameters
    let encoder: ConditionEncoder
    let predictor: NoiseNetwork
    let refinement: RefinementNetwork
    private let packing = Mutex<PackedModel?>(nil)

    /// Height and width of what the networks see are multiples of this.
    static let sideMultiple = 16

    /// - Throws: `ModelFileError` for a description that no network can have, `ParameterError` when weights from a file do not fit it.
    public init(_ description: ModelDescription, weights: Parameters.Source) throws {
        try description.check()
        self.description = description
        parameters = Parameters(weights)
        let root = parameters.root
        encoder = try ConditionEncoder(root("condition"), channels: description.channels, ablation: description.ablation)
        predictor = try NoiseNetwork(root("noise"), channels: description.channels, embedding: description.embedding)
        refinement = try RefinementNetwork(root("refinement"), channels: description.channels, embedding: description.embedding)
        try parameters.checkAllUsed()
    }

    /// Reads a model file, frozen for inference.
    ///
    /// - Throws: `Safetensors.Problem`, `ParameterError`, or `ModelFileError` when the file is no Amalgam model.
    public convenience init(contentsOf url: URL) throws {
        let file = try Safetensors(contentsOf: url)
        try self.init(ModelDescription(from: file), weights: .tensors(file.tensors, tracked: false))
    }

    /// The weights packed for inference: once for frozen weights, afresh at each call for weights that are being trained.
    func packed() -> PackedModel {
        if parameters.variables.contains(where: \.isTracked) { return PackedModel(self) }
        return packing.withLock { state in
            if let packed = state { return packed }
            let packed = PackedModel(self)
            state = packed
            return packed
        }
    }

    /// The estimate x̄_0 of the fused image from x_t: ε̂ = ε_θ(x_t), x̃_0 from ε̂, limited to the range of images, refined by n_θ.
    ///
    /// All tensors are (N, H, W, 1) in −1...1; the gradient flows into ε_θ through `noise` alone, as x̃_0 is detached. Without diffusion,
    /// `noise` is x̃_0.
    func estimate(
        _ x: Variable, mri: Variable, other: Variable, prepared: Condition, timesteps: [Int]
    ) throws -> (noise: Variable, refined: Variable) {
        if description.ablation == .diffusion {
            let unseen = Variable(Tensor(x.value.shape))
            let direct = predictor(unseen, prepared: prepared, timesteps: timesteps.map { _ in description.schedule.steps })
            return (direct, refinement(direct, mri: mri, other: other, timesteps: timesteps.map { _ in 1 }))
        }
        let noise = predictor(x, prepared: prepared, timesteps: timesteps)
        let rough = Variable(Elementwise.clamp(try description.schedule.origin(of: x.value, noise: noise.value, at: timesteps), -1, 1))
        if description.ablation == .refinement { return (noise, rough) }
        return (noise, refinement(rough, mri: mri, other: other, timesteps: timesteps))
    }
}

/// A model file, or its description, that is not one of ours.
public struct ModelFileError: Error, CustomStringConvertible {
    public let description: String
}

extension ModelDescription {
    static let metadataKey = "amalgam"

    /// Throws `ModelFileError` where the layers, which take their sizes for granted, could not be built or run.
    func check() throws {
        func refuse(_ name: String, _ value: String, _ allowed: String) -> ModelFileError {
            ModelFileError(description: "the model's description cannot be used: \(name) is \(value), it must be \(allowed)")
        }
        // The refinement has two levels; a fourth level would need sides that are multiples of 32.
        guard (2...3).contains(channels.count), channels.allSatisfy({ (16...1024).contains($0) && $0 % 16 == 0 }) else {
            throw refuse("channels", "\(channels)", "two or three multiples of 16 up to 1024")
        }
        guard (8...4096).contains(embedding), embedding % 8 == 0 else {
            throw refuse("embedding", "\(embedding)", "a multiple of 8 up to 4096")
        }
        guard (1...schedule.steps).contains(defaultSteps) else {
            throw refuse("defaultSteps", "\(defaultSteps)", "from 1 to \(schedule.steps)")
        }
    }

    /// The description in a model file's metadata.
    init(from file: Safetensors) throws {
        guard let text = file.metadata[Self.metadataKey] else {
            throw ModelFileError(description: "the safetensors file has no \"\(Self.metadataKey)\" metadata: it is not a model of Amalgam")
        }
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(text.utf8))
        } catch {
            throw ModelFileError(description: "the model's description cannot be read: \(error)")
        }
    }

    /// The metadata of a model file.
    func metadata() throws -> [String: String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return [Self.metadataKey: String(decoding: try encoder.encode(self), as: UTF8.self)]
    }
}
