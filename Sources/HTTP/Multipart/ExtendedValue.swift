/// A parameter value with its charset, percent-encoded: `UTF-8'en'%e2%82%ac` (RFC 8187 §3.2.1).
enum ExtendedValue {
    /// The text; nil where it is malformed, or in another charset than the one that recipients must know (RFC 8187 §3.2.1).
    static func decode(_ value: String) -> String? {
        let parts = value.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].lowercased() == "utf-8", parts[2].utf8.allSatisfy(isValueByte) else { return nil }
        guard let text = Grammar.percentDecoded(parts[2].utf8), text.utf8.allSatisfy(Grammar.isFieldByte) else { return nil }
        return text
    }

    /// attr-char or "%" (RFC 8187 §3.2.1).
    private static func isValueByte(_ byte: UInt8) -> Bool {
        Grammar.isTokenByte(byte) && byte != UInt8(ascii: "*") && byte != UInt8(ascii: "'")
    }
}
