import Fusion
import HTTP

/// The models that are loaded, by modality.
public struct ModelShelf: Sendable {
    private let fusers: [Modality: Fuser]

    /// Loads the shipped model of every modality that has one.
    ///
    /// - Parameter paths: files to load instead of the shipped ones.
    /// - Throws: the errors of reading a named file, and `ModelRegistry.Missing` when not a single model is there.
    public init(paths: [Modality: String] = [:]) throws {
        var fusers: [Modality: Fuser] = [:]
        for modality in Modality.allCases {
            if let path = paths[modality] {
                fusers[modality] = Fuser(try ModelRegistry.load(modality, path: path))
            } else if let model = try ModelRegistry.loadShipped(modality) {
                fusers[modality] = Fuser(model)
            }
        }
        if fusers.isEmpty {
            throw ModelRegistry.Missing(description: "no model is there: name a file with --ct-model, --pet-model or --spect-model")
        }
        self.fusers = fusers
    }

    /// All models, ordered by modality.
    var models: [FusionModel] { Modality.allCases.compactMap { fusers[$0]?.model } }

    /// - Throws: `Problem` 422 where no model fuses that modality.
    func fuser(_ modality: Modality) throws -> Fuser {
        guard let fuser = fusers[modality] else {
            throw Problem.field(
                modality.rawValue,
                "No model for MRI with \(modality.rawValue.uppercased()) is loaded; loaded: "
                    + "\(models.map(\.description.modality.rawValue).joined(separator: ", ")).",
                status: .unprocessableContent, type: ProblemType.noModel)
        }
        return fuser
    }
}
