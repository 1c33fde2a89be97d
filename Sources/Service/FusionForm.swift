import Foundation
import Fusion
import HTTP
import Imaging

/// What a job keeps of a request for a fusion, beside the pictures.
struct FusionParameters: Codable, Sendable, Equatable {
    var modality: Modality
    var sampler: FusionOptions.SamplerKind
    var steps: Int?
    var eta: Double
    var seed: UInt64
    var samples: Int

    var options: FusionOptions {
        var options = FusionOptions()
        (options.sampler, options.steps, options.eta, options.seed, options.samples) = (sampler, steps, eta, seed, samples)
        return options
    }

    /// JSON with sorted keys: equal parameters give equal bytes.
    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try encoder.encode(self)
    }
}

/// A request for a fusion that was read, checked and found sound.
struct FusionForm {
    let parameters: FusionParameters
    let mri: Data
    let other: Data

    static let optionNames = ["sampler", "steps", "eta", "seed", "samples"]
    static let modalityNames = Modality.allCases.map(\.rawValue)

    /// - Throws: `Problem` 4xx naming the field, for a form that cannot be fused; nothing has been stored then.
    init(_ form: MultipartForm, shelf: ModelShelf, limits: PNG.Limits) throws {
        let known = ["mri"] + Self.modalityNames + Self.optionNames
        for name in form.names where !known.contains(name) {
            throw Problem.field(
                name, "Unknown field. Send the MRI as \"mri\", one of \(Self.modalityNames.joined(separator: ", ")), "
                    + "and optionally \(Self.optionNames.joined(separator: ", ")).", type: ProblemType.unknownField)
        }
        let mri = try form.require("mri")
        let given = Modality.allCases.filter { form.names.contains($0.rawValue) }
        guard given.count == 1 else {
            throw Problem.field(
                given.isEmpty ? "ct" : given[1].rawValue,
                given.isEmpty
                    ? "The second image is missing: send it as one of \(Self.modalityNames.joined(separator: ", "))."
                    : "Send one second image, not \(given.map(\.rawValue).joined(separator: " and ")).",
                type: ProblemType.missingField)
        }
        let modality = given[0]
        let other = try form.require(modality.rawValue)
        let defaults = FusionOptions()
        let sampler = try form.value("sampler", as: String.self).map { text in
            guard let kind = FusionOptions.SamplerKind(rawValue: text) else {
                throw Problem.field("sampler", "The sampler must be ddim or ddpm.", type: ProblemType.badOption)
            }
            return kind
        }
        parameters = FusionParameters(
            modality: modality, sampler: sampler ?? defaults.sampler,
            steps: try form.value("steps"), eta: try form.value("eta") ?? defaults.eta,
            seed: try form.value("seed") ?? defaults.seed, samples: try form.value("samples") ?? defaults.samples)
        (self.mri, self.other) = (Data(mri.bytes), Data(other.bytes))

        let fuser = try shelf.fuser(modality)
        let first = try Self.image(self.mri, field: "mri", limits: limits)
        let second = try Self.image(self.other, field: modality.rawValue, limits: limits)
        do {
            try fuser.check(mri: first, other: second)
            _ = try fuser.sampler(parameters.options)
        } catch let error as FusionError {
            throw Self.problem(error, modality: modality)
        }
    }

    private static func image(_ bytes: Data, field: String, limits: PNG.Limits) throws -> Image {
        do {
            return try PNG.decode(bytes, limits: limits)
        } catch {
            let isTooLarge = if case .tooLarge = error { true } else { false }
            throw Problem.field(
                field, "\(error)", status: isTooLarge ? .contentTooLarge : .unprocessableContent,
                type: isTooLarge ? ProblemType.tooManyPixels : ProblemType.badImage)
        }
    }

    private static func problem(_ error: FusionError, modality: Modality) -> Problem {
        switch error {
        case .sizesDiffer, .tooSmall:
            .field(modality.rawValue, "\(error)", status: .unprocessableContent, type: ProblemType.badImage)
        case .option(let name, _, _):
            .field(name, "\(error)", type: ProblemType.badOption)
        }
    }
}

/// The stable names of problems (RFC 9457 §3.1.1), relative to the service.
enum ProblemType {
    static let unknownField = "/problems/unknown-field"
    static let missingField = "/problems/missing-field"
    static let badOption = "/problems/bad-option"
    static let badImage = "/problems/bad-image"
    static let tooManyPixels = "/problems/too-many-pixels"
    static let noModel = "/problems/no-model"
    static let queueFull = "/problems/queue-full"
    static let noSuchJob = "/problems/no-such-job"
    static let noResult = "/problems/no-result"
    static let idempotencyConflict = "/problems/idempotency-conflict"
    static let conflict = "/problems/conflict"
    static let storage = "/problems/storage"
}
