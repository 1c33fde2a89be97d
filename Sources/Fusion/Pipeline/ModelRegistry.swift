import Foundation

/// Where models come from: the ones that ship with the program, or files of the user's own.
public enum ModelRegistry {
    /// No weights for a modality.
    public struct Missing: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) { self.description = description }
    }

    /// The file of the shipped model for a modality; nil where none ships.
    static func shipped(_ modality: Modality) -> URL? {
        let name = "mri-\(modality.rawValue).safetensors"
        // Beside the executable first: `Bundle.module` ends the program when a moved executable has lost its resources.
        let folder = Bundle.main.bundleURL.appending(path: "amalgam_Fusion.resources")
        guard FileManager.default.fileExists(atPath: folder.path) else {
            return Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Models")
        }
        let file = folder.appending(path: "Models").appending(path: name)
        return FileManager.default.fileExists(atPath: file.path) ? file : nil
    }

    /// Whether a model for a modality ships with the program.
    public static func ships(_ modality: Modality) -> Bool { shipped(modality) != nil }

    /// The file that a model is read from: the one at `path`, or the shipped one.
    ///
    /// - Throws: `Missing`.
    public static func file(_ modality: Modality, path: String? = nil) throws -> URL {
        guard let url = path.map({ URL(filePath: $0) }) ?? shipped(modality) else {
            throw Missing(
                description: "no weights for MRI with \(modality.rawValue.uppercased()) ship with this version: "
                    + "train a model and name its file with --model")
        }
        return url
    }

    /// Reads a model: the file at `path`, or the shipped one.
    ///
    /// - Throws: `Missing`, `ModelFileError` where the file is of another modality, and the errors of reading.
    public static func load(_ modality: Modality, path: String? = nil) throws -> FusionModel {
        let model = try FusionModel(contentsOf: file(modality, path: path))
        guard model.description.modality == modality else {
            throw ModelFileError(
                description:
                    "the model \(model.description.name) fuses MRI with \(model.description.modality.rawValue), not with \(modality.rawValue)"
            )
        }
        return model
    }
}
