/// The header of one part (RFC 7578 §4.2).
///
/// A file name is not kept: it often holds a patient's name, and nothing here may store or log it.
public struct MultipartHead: Sendable, Equatable {
    /// The field's name.
    public let name: String
    /// Whether the part came with a file name, which is how forms mark files.
    public let isFile: Bool
    /// Content-Type as sent; nil where absent, which means text/plain (RFC 7578 §4.4).
    public let contentType: String?

    public init(name: String, isFile: Bool = false, contentType: String? = nil) {
        (self.name, self.isFile, self.contentType) = (name, isFile, contentType)
    }

    /// Reads the lines of a header section, without its ends.
    init(section: ArraySlice<UInt8>, limits: MultipartParser.Limits) throws(Problem) {
        var disposition: String?
        var contentType: String?
        for line in Self.lines(section) {
            let (name, value) = try Self.field(line)
            switch name {
            case "content-disposition":
                guard disposition == nil else { throw MultipartParser.malformed("A part has one Content-Disposition.", "RFC 7578 §4.2") }
                disposition = value
            case "content-type":
                guard contentType == nil else { throw MultipartParser.malformed("A part has one Content-Type.", "RFC 7578 §4.4") }
                contentType = value
            case "content-transfer-encoding":
                // Deprecated for forms; what does not change the bytes does no harm.
                guard ["7bit", "8bit", "binary"].contains(value.lowercased()) else {
                    throw MultipartParser.malformed("Send parts without a transfer encoding.", "RFC 7578 §4.7")
                }
            default: break  // RFC 7578 §4.8: other fields MUST be ignored.
            }
        }
        guard let disposition else { throw MultipartParser.malformed("A part lacks its Content-Disposition.", "RFC 7578 §4.2") }
        var scanner = FieldScanner(disposition)
        guard scanner.token()?.lowercased() == "form-data", let parameters = scanner.parameters(), scanner.isAtEnd else {
            throw MultipartParser.malformed("A part's Content-Disposition is malformed.", "RFC 7578 §4.2")
        }
        // The extended form wins over the plain one beside it (RFC 8187 §4.2).
        let extended = parameters["name*"].map(ExtendedValue.decode)
        if case .some(nil) = extended { throw MultipartParser.malformed("A part's extended name is malformed.", "RFC 8187 §3.2") }
        guard let name = extended ?? parameters["name"] else { throw MultipartParser.malformed("A part lacks its name.", "RFC 7578 §4.2") }
        guard name.utf8.count <= limits.nameBytes else {
            throw MultipartParser.malformed("Keep a field's name within \(limits.nameBytes) bytes.", "RFC 9110 §15.5.1")
        }
        if let contentType {
            guard let type = MediaType(contentType) else {
                throw MultipartParser.malformed("A part's Content-Type is malformed.", "RFC 9110 §8.3.1")
            }
            guard type.type != "multipart" else { throw MultipartParser.malformed("Forms do not nest.", "RFC 7578 §4.3") }
        }
        self.init(name: name, isFile: parameters["filename"] != nil || parameters["filename*"] != nil, contentType: contentType)
    }

    private static func lines(_ section: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        guard !section.isEmpty else { return [] }
        var lines: [ArraySlice<UInt8>] = []
        var start = section.startIndex
        for index in section.indices where section[index] == 10 && index > start && section[index - 1] == 13 {
            lines.append(section[start..<(index - 1)])
            start = index + 1
        }
        lines.append(section[start...])
        return lines
    }

    /// A field with its name in lower case; its value must be UTF-8 without control characters (RFC 7578 §5.1).
    private static func field(_ line: ArraySlice<UInt8>) throws(Problem) -> (name: String, value: String) {
        let malformed = MultipartParser.malformed("A part's header line is malformed.", "RFC 7578 §4.8")
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { throw malformed }
        guard line[..<colon].allSatisfy(Grammar.isTokenByte), line[(colon + 1)...].allSatisfy(Grammar.isFieldByte),
            let value = String(validating: line[(colon + 1)...], as: UTF8.self)
        else { throw malformed }
        return (String(decoding: line[..<colon], as: UTF8.self).lowercased(), value.trimmingOptionalWhitespace())
    }
}
