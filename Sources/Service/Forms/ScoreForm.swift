import Foundation
import Fusion
import HTTP
import Imaging
import Scores

/// A request for the scores of anybody's fusion, read and checked.
struct ScoreForm: Sendable {
    let modality: Modality
    let convention: FusionScores.Convention
    private let mri: Image
    private let other: Image
    private let fused: Image

    static let optionNames = ["convention"]

    /// - Throws: `Problem` 4xx naming the field, for a form that cannot be scored.
    /// - Complexity: decodes three pictures, so not for a thread that others wait for.
    init(_ form: MultipartForm, limits: PNG.Limits) throws {
        let fields = try FormFields(form, pictures: ["mri", "fused"], options: Self.optionNames)
        let names = FusionScores.Convention.allCases.map(\.rawValue)
        convention =
            try fields.option("convention", names.joined(separator: " or "), FusionScores.Convention.init(rawValue:)) ?? .service
        modality = fields.modality
        func image(_ field: String) throws -> Image { try PNG.read(fields.bytes(field), field: field, limits: limits).image }
        let mri = try image("mri")
        func sameSize(_ field: String) throws -> Image {
            let image = try image(field)
            guard image.width == mri.width, image.height == mri.height else {
                throw Problem.field(
                    field,
                    "\(field) is \(image.width)×\(image.height) and the MRI \(mri.width)×\(mri.height): pictures that are scored have one size.",
                    status: .unprocessableContent, type: .sizesDiffer)
            }
            return image
        }
        (other, fused) = (try sameSize(fields.modality.rawValue), try sameSize("fused"))
        self.mri = mri
    }

    /// Computes the scores of the three pictures' luma. Complexity: O(pixels), about a second for a million.
    func scores() throws -> ScorePayload {
        let start = ContinuousClock.now
        let scores = try FusionScores(first: mri.luma(), second: other.luma(), fused: fused.luma(), convention: convention)
        return ScorePayload(
            modality: modality, width: mri.width, height: mri.height, scores: scores, seconds: (ContinuousClock.now - start).inSeconds)
    }
}
