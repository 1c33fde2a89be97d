import Foundation
import Fusion
import HTTP
import Imaging

/// What a job keeps of a request for a fusion, beside the pictures.
struct FusionParameters: Codable, Sendable, Equatable {
    var modality: Modality
    var sampler: FusionOptions.SamplerKind
    var steps: Int?
    var eta: Double?
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
        let modality = try Self.checkNames(of: form)
        parameters = try Self.parameters(of: form, modality: modality)
        (mri, other) = (Data(try form.require("mri").read()), Data(try form.require(modality.rawValue).read()))

        let fuser = try shelf.fuser(modality)
        let first = try Self.image(mri, field: "mri", limits: limits)
        let second = try Self.image(other, field: modality.rawValue, limits: limits)
        do {
            try fuser.check(mri: first, other: second)
            _ = try fuser.sampler(parameters.options)
        } catch let error as FusionError {
            throw Self.problem(error, modality: modality)
        }
    }

    /// The modality of the second image, where all fields are known, once there, and neither image is missing.
    private static func checkNames(of form: MultipartForm) throws -> Modality {
        let known = ["mri"] + modalityNames + optionNames
        for name in form.names where !known.contains(name) {
            throw Problem.field(
                name,
                "Unknown field. Send the MRI as \"mri\", one of \(modalityNames.joined(separator: ", ")), "
                    + "and optionally \(optionNames.joined(separator: ", ")).", type: ProblemType.unknownField)
        }
        for name in known where form.names.count(where: { $0 == name }) > 1 {
            throw Problem.field(name, "Send the field \"\(name)\" once.", type: ProblemType.extraField)
        }
        guard form.names.contains("mri") else {
            throw Problem.field("mri", "The MRI is missing: send it as \"mri\".", type: ProblemType.missingField)
        }
        let given = Modality.allCases.filter { form.names.contains($0.rawValue) }
        guard let modality = given.first else {
            throw Problem.field(
                "ct", "The second image is missing: send it as one of \(modalityNames.joined(separator: ", ")).",
                type: ProblemType.missingField)
        }
        guard given.count == 1 else {
            throw Problem.field(
                given[1].rawValue, "Send one second image, not \(given.map(\.rawValue).joined(separator: " and ")).",
                type: ProblemType.extraField)
        }
        return modality
    }

    private static func parameters(of form: MultipartForm, modality: Modality) throws -> FusionParameters {
        /// The text of a field, converted; nil where absent.
        func option<Value>(_ name: String, _ allowed: String, _ convert: (String) -> Value?) throws -> Value? {
            guard let part = try form.part(name) else { return nil }
            guard let value = part.text.flatMap(convert) else {
                throw Problem.field(name, "\(name) must be \(allowed).", type: ProblemType.badOption)
            }
            return value
        }
        let defaults = FusionOptions()
        let sampler = try option("sampler", "ddim or ddpm", FusionOptions.SamplerKind.init(rawValue:)) ?? defaults.sampler
        let eta = try option("eta", "a number from 0 to 1", Double.init)
        return FusionParameters(
            modality: modality, sampler: sampler, steps: try option("steps", "a whole number, at least 1") { Int($0) },
            eta: eta, seed: try option("seed", "a whole number from 0 to \(UInt64.max)") { UInt64($0) } ?? defaults.seed,
            samples: try option("samples", "a whole number from 1 to \(Fuser.mostSamples)") { Int($0) } ?? defaults.samples)
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
    static let extraField = "/problems/extra-field"
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
