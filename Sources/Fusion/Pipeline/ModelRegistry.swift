import Foundation

/// Where models come from: the ones that ship with the program, or files of the user's own.
public enum ModelRegistry {
    /// No weights for a modality.
    public struct Missing: Error, CustomStringConvertible {
        public let description: String
    }

    /// The file of the shipped model for a modality.
    ///
    /// - Throws: `Missing` where none ships, or where the program was moved away from its resources.
    public static func shipped(_ modality: Modality) throws -> URL {
        let name = "mri-\(modality.rawValue).safetensors"
        // Beside the executable first: `Bundle.module` ends the program when a moved executable has lost its resources.
        let beside = Bundle.main.bundleURL.appending(path: "amalgam_Fusion.resources/Models/\(name)")
        if FileManager.default.fileExists(atPath: beside.path) { return beside }
        if let url = Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Models") { return url }
        throw Missing(
            description: "no weights for MRI with \(modality.rawValue.uppercased()) ship with this version: train a model and name its file with --model")
    }

    /// Reads a model: the file at `path`, or the shipped one.
    ///
    /// - Throws: `Missing`, `ModelFileError` where the file is of another modality, and the errors of reading.
    public static func load(_ modality: Modality, path: String? = nil) throws -> FusionModel {
        let model = try FusionModel(contentsOf: path.map { URL(filePath: $0) } ?? shipped(modality))
        guard model.description.modality == modality else {
            throw ModelFileError(
                description: "the model \(model.description.name) fuses MRI with \(model.description.modality.rawValue), not with \(modality.rawValue)")
        }
        return model
    }
}
