/// A validator of a representation (RFC 9110 §8.8.3).
public struct EntityTag: Sendable, Equatable, CustomStringConvertible {
    public let opaque: String
    public let isWeak: Bool

    /// - Precondition: etagc alone: visible ASCII without the double quote.
    public init(_ opaque: String, isWeak: Bool = false) {
        precondition(opaque.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 }, "an entity tag holds visible ASCII")
        (self.opaque, self.isWeak) = (opaque, isWeak)
    }

    public var description: String { (isWeak ? "W/\"" : "\"") + opaque + "\"" }
}

extension Request {
    /// Whether If-None-Match names `tag`, by weak comparison (RFC 9110 §13.1.2). A malformed list matches nothing.
    public func ifNoneMatchNames(_ tag: EntityTag) -> Bool {
        guard let field = headers["If-None-Match"] else { return false }
        if field == "*" { return true }
        var rest = Substring(field)
        var matches = false
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "," }
            if rest.isEmpty { return matches }
            if rest.hasPrefix("W/") { rest = rest.dropFirst(2) }
            guard rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") else { return false }
            matches = matches || rest[rest.index(after: rest.startIndex)..<end] == tag.opaque
            rest = rest[rest.index(after: end)...]
            guard rest.isEmpty || [" ", "\t", ","].contains(rest.first!) else { return false }
        }
    }
}

extension Response {
    /// This response with its tag, or 304 where the client of a GET or HEAD has it already (RFC 9110 §13.2.2, §15.4.5).
    public func conditional(on request: Request, tag: EntityTag) -> Response {
        var response = self
        response.headers["ETag"] = tag.description
        guard status == .ok, request.method == .get || request.method == .head, request.ifNoneMatchNames(tag) else { return response }
        response.status = .notModified
        response.body = .empty
        response.headers.remove("Content-Type")
        return response
    }
}
