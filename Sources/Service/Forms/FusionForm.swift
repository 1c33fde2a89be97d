import Foundation
import Fusion
import HTTP
import Imaging

/// A request for a fusion that was read, checked and found sound.
struct FusionForm: Sendable {
    let parameters: FusionParameters
    let mri: Data
    let other: Data
    /// The most bytes of each part of the outcome.
    let outcomeBytes: [Int]

    static let optionNames = FusionOption.all.map(\.name) + ["resize"]

    /// - Throws: `Problem` 4xx naming the field, for a form that cannot be fused; nothing has been stored then.
    /// - Complexity: decodes both pictures, so not for a thread that others wait for.
    init(_ form: MultipartForm, shelf: ModelShelf, limits: PNG.Limits) throws {
        let fields = try FormFields(form, pictures: ["mri"], options: Self.optionNames)
        var parameters = FusionParameters(modality: fields.modality)
        for option in FusionOption.all {
            _ = try fields.option(option.name, option.allowed) { option.set($0, &parameters.options) ? true : nil }
        }
        parameters.resize = try fields.option("resize", "bilinear, or left out", Resampling.init(rawValue:))
        (mri, other) = (try fields.bytes("mri"), try fields.bytes(fields.modality.rawValue))

        let fuser = try shelf.model(fields.modality).fuser
        let pair = try SourcePair(mri: mri, other: other, parameters, limits: limits)
        do {
            try fuser.check(mri: pair.mri, other: pair.other)
            _ = try fuser.sampler(parameters.options)
        } catch let error as FusionError {
            throw Self.problem(error, modality: fields.modality)
        }
        (parameters.sources, parameters.notes) = (pair.sources, pair.notes)
        self.parameters = parameters
        outcomeBytes = Self.mostBytes(ofOutcome: parameters, mri: pair.mri, other: pair.other)
    }

    private static func problem(_ error: FusionError, modality: Modality) -> Problem {
        switch error {
        case .sizesDiffer:
            .field(
                modality.rawValue, "\(error), or send resize=bilinear", status: .unprocessableContent, type: .sizesDiffer)
        case .tooSmall: .field(modality.rawValue, "\(error)", status: .unprocessableContent, type: .badImage)
        case .option(let name, _, _): .field(name, "\(error)", type: .badOption)
        }
    }
}
