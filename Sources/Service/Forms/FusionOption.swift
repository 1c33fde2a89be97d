import Fusion

/// An option of a fusion that a client may send as a field of the form, and that a job shows under the same name.
///
/// A new option is one line in ``all``, beside its property of `FusionOptions`.
struct FusionOption: Sendable {
    typealias Path<Value> = WritableKeyPath<FusionOptions, Value> & Sendable

    let name: String
    /// What it may be, for refusals: completes "NAME must be …". The ranges that depend on the model are the fuser's to check.
    let allowed: String
    /// Takes the value of a field's text; false where the text is no such value.
    let set: @Sendable (_ text: String, _ options: inout FusionOptions) -> Bool
    let encode: @Sendable (FusionOptions, inout KeyedEncodingContainer<FieldName>) throws -> Void
    let decode: @Sendable (KeyedDecodingContainer<FieldName>, inout FusionOptions) throws -> Void

    static let all = [
        FusionOption("sampler", "ddim or ddpm", \.sampler) { FusionOptions.SamplerKind(rawValue: $0) },
        FusionOption("steps", "a whole number, at least 1", \.steps) { Int($0) },
        FusionOption("eta", "a number from 0 to 1", \.eta) { Double($0) },
        FusionOption("seed", "a whole number from 0 to \(UInt64.max)", \.seed) { UInt64($0) },
        FusionOption("samples", "a whole number from 1 to \(Fuser.mostSamples)", \.samples) { Int($0) },
        FusionOption("guidance", "a whole number from 0 to \(Fuser.mostGuidance)", \.guidance) { Int($0) },
    ]

    private init<Value: Codable & Sendable>(
        _ name: String, _ allowed: String, _ path: any Path<Value>, _ convert: @escaping @Sendable (String) -> Value?
    ) {
        (self.name, self.allowed) = (name, allowed)
        let key = FieldName(stringValue: name)
        set = { text, options in
            guard let value = convert(text) else { return false }
            options[keyPath: path] = value
            return true
        }
        encode = { try $1.encode($0[keyPath: path], forKey: key) }
        decode = { if let value = try $0.decodeIfPresent(Value.self, forKey: key) { $1[keyPath: path] = value } }
    }

    /// An option that the model decides where it is absent.
    private init<Value: Codable & Sendable>(
        _ name: String, _ allowed: String, _ path: any Path<Value?>, _ convert: @escaping @Sendable (String) -> Value?
    ) {
        (self.name, self.allowed) = (name, allowed)
        let key = FieldName(stringValue: name)
        set = { text, options in
            options[keyPath: path] = convert(text)
            return options[keyPath: path] != nil
        }
        encode = { try $1.encodeIfPresent($0[keyPath: path], forKey: key) }
        decode = { $1[keyPath: path] = try $0.decodeIfPresent(Value.self, forKey: key) }
    }
}

/// A name of a field in JSON that is known at run time only.
struct FieldName: CodingKey, ExpressibleByStringLiteral {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init(stringLiteral value: String) { stringValue = value }
    init?(intValue: Int) { nil }
}
