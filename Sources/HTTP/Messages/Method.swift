/// A request method (RFC 9110 §9.1): a case-sensitive token.
public struct Method: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let get = Method(rawValue: "GET")
    public static let head = Method(rawValue: "HEAD")
    public static let post = Method(rawValue: "POST")
    public static let put = Method(rawValue: "PUT")
    public static let delete = Method(rawValue: "DELETE")
    public static let connect = Method(rawValue: "CONNECT")
    public static let options = Method(rawValue: "OPTIONS")
    public static let trace = Method(rawValue: "TRACE")
    public static let patch = Method(rawValue: "PATCH")
    /// A safe method with content (draft-ietf-httpbis-safe-method-w-body).
    public static let query = Method(rawValue: "QUERY")

    /// Whether this server implements the method; others are answered 501 (RFC 9110 §9.1). CONNECT asks for a tunnel and is not. TRACE is
    /// known, but a router has no route that takes it, and so answers 405: it would send credentials back (RFC 9110 §9.3.8).
    public var isImplemented: Bool {
        switch self {
        case .get, .head, .post, .put, .delete, .options, .trace, .patch, .query: true
        default: false
        }
    }

    public var description: String { rawValue }
}

/// The protocol version of a message (RFC 9112 §2.3). A higher minor version is read as 1.1 (RFC 9110 §2.5).
public enum Version: String, Sendable {
    case http10 = "HTTP/1.0"
    case http11 = "HTTP/1.1"
}
