import Foundation
import Fusion
import HTTP
import Imaging

/// A form whose fields are known, there once each, and complete: an MRI, one second image and what else the route needs.
struct FormFields {
    /// What the second image is.
    let modality: Modality
    private let form: MultipartForm

    static let modalityNames = Modality.allCases.map(\.rawValue)

    /// - Parameters:
    ///   - pictures: the fields that must be there beside the second image.
    ///   - options: the fields that may be there.
    /// - Throws: `Problem` 400 naming the field that is unknown, missing or one too many.
    init(_ form: MultipartForm, pictures: [String], options: [String]) throws {
        self.form = form
        let known = pictures + Self.modalityNames + options
        for name in form.names where !known.contains(name) {
            throw Problem.field(
                name,
                "Unknown field. Send \(pictures.joined(separator: ", ")), one of \(Self.modalityNames.joined(separator: ", ")), "
                    + "and optionally \(options.joined(separator: ", ")).", type: .unknownField)
        }
        for name in known where form.names.count(where: { $0 == name }) > 1 {
            throw Problem.field(name, "Send the field \"\(name)\" once.", type: .extraField)
        }
        for name in pictures where !form.names.contains(name) {
            throw Problem.field(name, "A picture is missing: send a PNG as \"\(name)\".", type: .missingField)
        }
        let given = Modality.allCases.filter { form.names.contains($0.rawValue) }
        guard let modality = given.first else {
            throw Problem.field(
                "ct", "The second image is missing: send it as one of \(Self.modalityNames.joined(separator: ", ")).", type: .missingField)
        }
        guard given.count == 1 else {
            throw Problem.field(
                given[1].rawValue, "Send one second image, not \(given.map(\.rawValue).joined(separator: " and ")).", type: .extraField)
        }
        self.modality = modality
    }

    /// The bytes of a picture's field. Complexity: O(bytes).
    func bytes(_ name: String) throws -> Data { Data(try form.require(name).read()) }

    /// The text of an option, converted; nil where absent.
    ///
    /// - Parameter allowed: completes the sentence "NAME must be …" of the refusal.
    /// - Throws: `Problem` 400 naming the field where the text does not convert, or is no UTF-8.
    func option<Value>(_ name: String, _ allowed: String, _ convert: (String) -> Value?) throws -> Value? {
        guard let part = try form.part(name) else { return nil }
        guard let value = part.text.flatMap(convert) else {
            throw Problem.field(name, "\(name) must be \(allowed).", type: .badOption)
        }
        return value
    }
}

extension PNG {
    /// Decodes the picture of a form's field.
    ///
    /// - Throws: `Problem` 422 naming the field where it is no sound PNG, 413 where it has too many pixels.
    static func read(_ bytes: Data, field: String, limits: Limits) throws -> Decoded {
        do {
            return try read(bytes, limits: limits)
        } catch {
            guard case .tooLarge = error else {
                throw Problem.field(field, "\(error)", status: .unprocessableContent, type: .badImage)
            }
            throw Problem.field(field, "\(error)", status: .contentTooLarge, type: .tooManyPixels)
        }
    }
}
