import Foundation
import Fusion

/// What a job keeps of a request for a fusion, beside the pictures.
struct FusionParameters: Sendable, Equatable {
    var modality: Modality
    var options = FusionOptions()
    /// How the second picture was to be brought to the MRI's size; nil where the sizes had to be equal.
    var resize: Resampling?
    /// The pictures as they were sent, by field.
    var sources: [String: SourceDescription] = [:]
    /// What was done to the pictures that the client may not expect.
    var notes: [Note] = []

    /// JSON with sorted keys: equal parameters give equal bytes.
    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try encoder.encode(self)
    }
}

/// Ways to bring a picture to another size.
enum Resampling: String, Codable, CaseIterable {
    case bilinear
}

/// A picture as it was sent.
struct SourceDescription: Codable, Sendable, Equatable {
    /// SHA-256 of the file's bytes (FIPS 180-4), in hexadecimal, as `sha256sum` prints it.
    var sha256: String
    var width: Int
    var height: Int
    /// Bits of a sample: 8 or 16.
    var depth: Int
    /// Whether it has colour channels.
    var colour: Bool
}

/// Something done to a picture that its sender may not expect.
struct Note: Codable, Sendable, Equatable {
    enum Code: String, Codable, CaseIterable {
        case alphaIgnored = "alpha-ignored"
        case resized
    }

    /// The field of the picture.
    var field: String
    /// For programs.
    var code: Code
    /// For people.
    var text: String
}

/// Options lie flat beside the rest. What an older version did not write has its default.
extension FusionParameters: Codable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: FieldName.self)
        modality = try container.decode(Modality.self, forKey: "modality")
        for option in FusionOption.all { try option.decode(container, &options) }
        resize = try container.decodeIfPresent(Resampling.self, forKey: "resize")
        sources = try container.decodeIfPresent([String: SourceDescription].self, forKey: "sources") ?? [:]
        notes = try container.decodeIfPresent([Note].self, forKey: "notes") ?? []
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: FieldName.self)
        try container.encode(modality, forKey: "modality")
        for option in FusionOption.all { try option.encode(options, &container) }
        try container.encodeIfPresent(resize, forKey: "resize")
        try container.encode(sources, forKey: "sources")
        try container.encode(notes, forKey: "notes")
    }
}
