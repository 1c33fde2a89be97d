/// A media type with its parameters (RFC 9110 §8.3.1): type, subtype and parameter names in lower case.
public struct MediaType: Sendable, Equatable, CustomStringConvertible {
    public let type: String
    public let subtype: String
    public let parameters: [String: String]

    /// nil where the text is not one media type by the grammar, or names a parameter twice.
    public init?(_ text: String) {
        var scanner = FieldScanner(text)
        guard let type = scanner.token(), scanner.take(UInt8(ascii: "/")), let subtype = scanner.token(),
            let parameters = scanner.parameters(), scanner.isAtEnd
        else { return nil }
        self.type = type.lowercased()
        self.subtype = subtype.lowercased()
        self.parameters = parameters
    }

    public var description: String { "\(type)/\(subtype)" }
}

/// Reads tokens, quoted strings and parameters of a field value (RFC 9110 §5.6).
struct FieldScanner {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) { rest = Array(text.utf8)[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ byte: UInt8) -> Bool {
        guard rest.first == byte else { return false }
        rest.removeFirst()
        return true
    }

    mutating func skipWhitespace() { rest = rest.drop { $0 == 0x20 || $0 == 0x09 } }

    /// token (RFC 9110 §5.6.2).
    mutating func token() -> String? {
        let token = rest.prefix(while: Grammar.isTokenByte)
        guard !token.isEmpty else { return nil }
        rest = rest[token.endIndex...]
        return String(decoding: token, as: UTF8.self)
    }

    /// quoted-string (RFC 9110 §5.6.4), unescaped.
    mutating func quotedString() -> String? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        var output: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: output, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst(), Grammar.isFieldByte(escaped) else { return nil }
                output.append(escaped)
            default:
                guard Grammar.isFieldByte(byte) else { return nil }
                output.append(byte)
            }
        }
        return nil
    }

    /// parameters (RFC 9110 §5.6.6): names in lower case; nil where malformed or repeated.
    mutating func parameters() -> [String: String]? {
        var parameters: [String: String] = [:]
        skipWhitespace()
        while take(UInt8(ascii: ";")) {
            skipWhitespace()
            guard let name = token() else { continue }
            guard take(UInt8(ascii: "=")), let value = rest.first == UInt8(ascii: "\"") ? quotedString() : token(),
                parameters.updateValue(value, forKey: name.lowercased()) == nil
            else { return nil }
            skipWhitespace()
        }
        return parameters
    }
}
