import Diffusion
import Foundation
import Imaging
import Networks
import TestSupport

@testable import Fusion

/// Small models, pairs and training runs, made of seeds.
enum Samples {
    /// A model that fuses in milliseconds.
    static func description(
        _ modality: Modality = .ct, channels: [Int] = [16, 16, 16], timesteps: Int = 20
    ) throws -> ModelDescription {
        var description = ModelDescription(
            name: "tiny", modality: modality, schedule: try NoiseSchedule(.linear(start: 1e-4, end: 0.3), steps: timesteps))
        (description.channels, description.embedding, description.defaultSteps) = (channels, 32, 2)
        return description
    }

    /// A model in which every parameter, biases and scales too, differs from what layers start with: a lost one shows.
    static func model(_ description: ModelDescription, seed: UInt64 = 5) throws -> FusionModel {
        let drawn = try FusionModel(description, weights: .random(seed: seed)).parameters.tensors
        let moved = drawn.sorted { $0.key < $1.key }.enumerated().map { index, entry in
            let shape = entry.value.shape
            let isVector = shape.n * shape.h * shape.w == 1
            let noise = Tensor.random(shape, seed: seed, stream: UInt64(index), deviation: isVector ? 0.2 : 0)
            return (entry.key, Elementwise.add(entry.value, noise))
        }
        return try FusionModel(description, weights: .tensors(Dictionary(uniqueKeysWithValues: moved), tracked: false))
    }

    static func fuser(_ modality: Modality = .ct, timesteps: Int = 20) throws -> Fuser {
        Fuser(try model(description(modality, timesteps: timesteps)))
    }

    /// MRI and CT (or PET, SPECT) of one phantom.
    static func images(_ modality: Modality = .ct, width: Int, height: Int, seed: UInt64 = 1) -> (mri: Image, other: Image) {
        let second = Phantom.Modality(rawValue: modality.rawValue)!
        return (
            Phantom.render(.mri, width: width, height: height, seed: seed),
            Phantom.render(second, width: width, height: height, seed: seed)
        )
    }

    // MARK: Training

    static func configuration(steps: Int = 100) -> TrainingConfiguration {
        var configuration = TrainingConfiguration()
        (configuration.crop, configuration.batch, configuration.steps, configuration.warmup) = (32, 2, steps, 4)
        configuration.learningRate = 2e-3
        return configuration
    }

    static func pairs(_ count: Int = 2) -> [ImagePair] {
        (0..<count).map { index in
            let images = images(width: 64, height: 64, seed: UInt64(index + 1))
            return ImagePair(name: "phantom\(index)", mri: images.mri.luma(), other: images.other.luma())
        }
    }

    static func candidates(of pairs: [ImagePair]) -> [[PriorCandidate]] {
        pairs.map { pair in
            [MaximumRule(), LaplacianPyramidRule()].map { (rule: any FusionRule) in
                PriorCandidate(name: rule.name, score: 1, plane: rule.fuse(pair.mri, pair.other))
            }
        }
    }

    static func trainer(_ configuration: TrainingConfiguration = configuration(), pairs: [ImagePair] = pairs()) throws -> Trainer {
        try Trainer(configuration, description: description(), pairs: pairs, candidates: candidates(of: pairs))
    }

    // MARK: Places

    /// A folder for one test, removed afterwards.
    static func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "amalgam-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }

    /// The folder of this file in the sources.
    static let source = URL(filePath: #filePath).deletingLastPathComponent()

    /// Validation pairs that lie beside the package, or in AMALGAM_SHARED: they are for research and not part of it.
    static let validation: URL? = {
        let shared =
            ProcessInfo.processInfo.environment["AMALGAM_SHARED"].map { URL(filePath: $0) }
            ?? source.appending(path: "../../../shared").standardized
        let folder = shared.appending(path: "data/val")
        return FileManager.default.fileExists(atPath: folder.appending(path: "mri-ct/mri").path) ? folder : nil
    }()

    /// Whether the weights of MRI with CT ship with this version.
    static let shipsCT = ModelRegistry.shipped(.ct) != nil
}
