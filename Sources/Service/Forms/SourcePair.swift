import Crypto
import Foundation
import Imaging

/// The two pictures of a fusion, decoded, the second brought to the MRI's size where that was asked for.
///
/// Made twice of the same bytes, to check a request and to run its job, and the same both times.
struct SourcePair: Sendable {
    let mri: Image
    let other: Image
    let sources: [String: SourceDescription]
    let notes: [Note]

    /// - Throws: `Problem` naming the field of a picture that cannot be read.
    /// - Complexity: O(bytes + pixels).
    init(mri: Data, other: Data, _ parameters: FusionParameters, limits: PNG.Limits) throws {
        let files = [("mri", mri), (parameters.modality.rawValue, other)]
        let decoded = try files.map { try PNG.read($0.1, field: $0.0, limits: limits) }
        var notes: [Note] = []
        for ((field, _), picture) in zip(files, decoded) where picture.alphaIgnored {
            notes.append(
                Note(
                    field: field, code: .alphaIgnored, text: "Transparency was ignored: every pixel counts with its colour as it is stored."
                ))
        }
        sources = Dictionary(
            uniqueKeysWithValues: zip(files, decoded).map { ($0.0, SourceDescription(file: $0.1, image: $1.image)) })
        self.mri = decoded[0].image
        let second = decoded[1].image
        if parameters.resize == .bilinear, (second.width, second.height) != (self.mri.width, self.mri.height) {
            self.other = second.resized(width: self.mri.width, height: self.mri.height)
            notes.append(
                Note(
                    field: files[1].0, code: .resized,
                    text: "The picture was resized from \(second.width)×\(second.height) to the MRI's \(self.mri.width)×\(self.mri.height) "
                        + "pixels by bilinear interpolation."))
        } else {
            self.other = second
        }
        self.notes = notes
    }
}

extension SourceDescription {
    init(file: Data, image: Image) {
        self.init(
            sha256: file.sha256, width: image.width, height: image.height, depth: image.depth.rawValue, colour: image.colour == .rgb)
    }
}

extension Data {
    /// SHA-256 in hexadecimal (FIPS 180-4). Complexity: O(bytes).
    var sha256: String { Array(SHA256.hash(data: self)).hexadecimal }
}
