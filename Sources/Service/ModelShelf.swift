import Foundation
import Fusion
import HTTP

/// A model that is ready to fuse.
struct LoadedModel: Sendable {
    let fuser: Fuser
    /// SHA-256 of the model's file, in hexadecimal.
    let sha256: String

    init(_ modality: Modality, path: String?) throws {
        let model = try ModelRegistry.load(modality, path: path)
        let file = try ModelRegistry.file(modality, path: path)
        (fuser, sha256) = (Fuser(model), try Data(contentsOf: file).sha256)
    }
}

/// The models that are loaded, by modality.
public struct ModelShelf: Sendable {
    private let loaded: [Modality: LoadedModel]

    /// Loads the model of every modality that is asked for and has one.
    ///
    /// - Parameters:
    ///   - modalities: what to serve; each model takes some 10 MB.
    ///   - paths: files to load instead of the shipped ones.
    /// - Throws: the errors of reading a named file, and `ModelRegistry.Missing` when not a single model is there.
    public init(_ modalities: Set<Modality> = Set(Modality.allCases), paths: [Modality: String] = [:]) throws {
        var loaded: [Modality: LoadedModel] = [:]
        for modality in modalities where paths[modality] != nil || ModelRegistry.ships(modality) {
            loaded[modality] = try LoadedModel(modality, path: paths[modality])
        }
        if loaded.isEmpty {
            throw ModelRegistry.Missing(
                description: "no model is there for \(modalities.map(\.rawValue).sorted().joined(separator: ", ")): "
                    + "name a file with --ct-model, --pet-model or --spect-model")
        }
        self.loaded = loaded
    }

    /// All models, ordered by modality.
    var models: [LoadedModel] { Modality.allCases.compactMap { loaded[$0] } }

    /// - Throws: `Problem` 422 where no model fuses that modality.
    func model(_ modality: Modality) throws -> LoadedModel {
        guard let model = loaded[modality] else {
            throw Problem.field(
                modality.rawValue,
                "No model for MRI with \(modality.rawValue.uppercased()) is loaded; loaded: "
                    + "\(models.map(\.fuser.model.description.modality.rawValue).joined(separator: ", ")).",
                status: .unprocessableContent, type: .noModel)
        }
        return model
    }
}
