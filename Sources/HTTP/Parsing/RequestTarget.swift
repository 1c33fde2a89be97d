/// A request-target, taken apart (RFC 9112 §3.2).
struct RequestTarget: Sendable, Equatable {
    var path: String
    var segments: [String]
    var query: String
    /// The authority of an absolute-form, which overrides Host (RFC 9112 §3.2.2).
    var authority: String?

    static func parse(_ bytes: UnsafeRawBufferPointer, method: Method) -> Result<RequestTarget, Refusal> {
        func invalid(_ detail: String, _ clause: String) -> Result<RequestTarget, Refusal> {
            .failure(Refusal(.badRequest, detail, clause))
        }
        guard let first = bytes.first else { return invalid("The request-target is empty.", "RFC 9112 §3.2") }
        if method == .connect {
            guard Grammar.isAuthority(bytes, portRequired: true) else {
                return invalid("CONNECT takes host and port alone.", "RFC 9112 §3.2.3")
            }
            return .success(RequestTarget(path: "", segments: [], query: "", authority: String(decoding: bytes, as: UTF8.self)))
        }
        if first == UInt8(ascii: "*"), bytes.count == 1 {
            guard method == .options else { return invalid("The target \"*\" belongs to OPTIONS alone.", "RFC 9112 §3.2.4") }
            return .success(RequestTarget(path: "*", segments: [], query: ""))
        }
        if first == UInt8(ascii: "/") { return origin(bytes, authority: nil) }

        // absolute-form (RFC 9112 §3.2.2): the scheme is compared without case (RFC 3986 §3.1).
        var rest = bytes[...]
        for scheme in ["http://", "https://"] as [StaticString] {
            let length = scheme.utf8CodeUnitCount
            if bytes.count > length, Grammar.equalsIgnoringCase(UnsafeRawBufferPointer(rebasing: bytes[..<length]), scheme) {
                rest = bytes[length...]
                let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? bytes.count
                // Userinfo is refused with the other characters that no authority has (RFC 9110 §4.2.4).
                let authority = UnsafeRawBufferPointer(rebasing: bytes[length..<end])
                guard Grammar.isAuthority(authority) else { return invalid("The target's authority is malformed.", "RFC 9110 §4.2.1") }
                return origin(UnsafeRawBufferPointer(rebasing: bytes[end...]), authority: String(decoding: authority, as: UTF8.self))
            }
        }
        return invalid("The request-target must begin with \"/\".", "RFC 9112 §3.2")
    }

    /// absolute-path [ "?" query ] (RFC 9112 §3.2.1); an empty path is "/" (RFC 9110 §4.2.3).
    private static func origin(_ bytes: UnsafeRawBufferPointer, authority: String?) -> Result<RequestTarget, Refusal> {
        let mark = bytes.firstIndex(of: UInt8(ascii: "?"))
        let path = UnsafeRawBufferPointer(rebasing: bytes[..<(mark ?? bytes.count)])
        let query = UnsafeRawBufferPointer(rebasing: bytes[(mark.map { $0 + 1 } ?? bytes.count)...])
        guard Grammar.isPath(path, query: false), Grammar.isPath(query, query: true) else {
            return .failure(Refusal(.badRequest, "Percent-encode what the target may not hold.", "RFC 9112 §3.2.1"))
        }
        var segments: [String] = []
        var start = 1
        while path.count > 1, start <= path.count {
            let end = path[start...].firstIndex(of: UInt8(ascii: "/")) ?? path.count
            let segment = path[start..<end]
            start = end + 1
            if !segment.contains(UInt8(ascii: "%")) {
                segments.append(String(decoding: segment, as: UTF8.self))
            } else if let decoded = Grammar.percentDecoded(segment), !decoded.utf8.contains(where: Grammar.isControl) {
                segments.append(decoded)
            } else {
                // An encoded line end is a header for whoever decodes too early (RFC 3986 §7.3).
                return .failure(Refusal(.badRequest, "The path must be UTF-8 without control characters.", "RFC 3986 §2.5"))
            }
        }
        return .success(
            RequestTarget(
                path: path.isEmpty ? "/" : String(decoding: path, as: UTF8.self), segments: segments,
                query: query.isEmpty ? "" : String(decoding: query, as: UTF8.self), authority: authority))
    }
}
