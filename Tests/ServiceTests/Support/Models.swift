import Diffusion
import Foundation
import Fusion

/// Model files for tests: small, with random weights, named "test".
enum Models {
    static func write(_ modality: Modality, to path: String) throws {
        var description = ModelDescription(
            name: "test", modality: modality, schedule: try NoiseSchedule(.linear(start: 1e-6, end: 1e-2), steps: 50))
        description.channels = [16, 16, 16]
        try FusionModel(description, weights: .random(seed: 1)).write(to: URL(filePath: path))
    }
}
