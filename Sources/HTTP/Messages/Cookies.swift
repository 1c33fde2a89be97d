/// The cookies of a request (RFC 6265 §4.2).
extension Request {
    /// Name and value of every cookie-pair in order, across all Cookie lines; a piece that is no pair is skipped (RFC 6265 §5.4).
    ///
    /// A value keeps its quotes: they are part of it (RFC 6265 §4.1.1). Complexity: O(bytes).
    public var cookies: [(name: String, value: String)] {
        headers.values("Cookie").flatMap { $0.split(separator: ";") }.compactMap { piece in
            guard let equals = piece.firstIndex(of: "=") else { return nil }
            let name = piece[..<equals].trimmingOptionalWhitespace()
            guard !name.isEmpty, name.utf8.allSatisfy(Grammar.isTokenByte) else { return nil }
            return (name, piece[piece.index(after: equals)...].trimmingOptionalWhitespace())
        }
    }
}
