import Logging

/// A request as a handler sees it: checked by RFC 9112, its path decoded, its body still on the way.
public struct Request: Sendable {
    public var method: Method
    public var version: Version
    /// The path as sent, percent-encoded, without the query; "*" for `OPTIONS *` (RFC 9112 §3.2.4).
    public var path: String
    /// The decoded segments: "/a%2Fb/c" is ["a/b", "c"]. The root path has none.
    public var segments: [String]
    public var query: Query
    public var headers: HeaderFields
    public var body: RequestBody
    /// The identity that the answer returns as X-Request-Id.
    public var id: String
    /// The peer's address without its port; empty where there is none.
    public var remoteAddress: String
    /// Who sent it, where a middleware has found that out.
    public var principal: String?
    /// What the route's pattern captured.
    public var parameters = PathParameters()
    /// The pattern of the route that matched, for logs and metrics: unlike a path, it holds nothing of the client's.
    public internal(set) var route: String?
    /// When its head was complete.
    public let begun = ContinuousClock.now
    var baseLogger: Logger?

    /// A request of one's own, as for tests of a router without a socket.
    ///
    /// - Parameter target: origin-form, such as "/v1/jobs?limit=10".
    public init(
        _ method: Method, _ target: String, headers: HeaderFields = [:], body: RequestBody = .none, id: String = "local"
    ) throws {
        let parsed = Array(target.utf8).withUnsafeBytes { RequestTarget.parse($0, method: method) }
        let target = try parsed.mapError(\.problem).get()
        self.init(head: RequestHead(method: method, target: target, version: .http11, headers: headers), body: body, id: id)
    }

    init(head: RequestHead, body: RequestBody, id: String, remoteAddress: String = "", logger: Logger? = nil) {
        (method, version, headers) = (head.method, head.version, head.headers)
        (path, segments, query) = (head.target.path, head.target.segments, Query(encoded: head.target.query))
        (self.body, self.id, self.remoteAddress, baseLogger) = (body, id, remoteAddress, logger)
    }

    /// A logger that carries this request's identity. Log ids and sizes, never file names or content.
    public var logger: Logger {
        var logger = baseLogger ?? Logger(label: "http")
        logger[metadataKey: "request"] = .string(id)
        return logger
    }

    /// The media type of the content (RFC 9110 §8.3); nil where absent or malformed.
    public var contentType: MediaType? { headers["Content-Type"].flatMap(MediaType.init) }
}

/// The query of a target as a form writes it: `a=1&b=two+words`, percent-decoded. Complexity of a look-up: O(bytes).
public struct Query: Sendable {
    /// As sent; empty where there is none.
    public let encoded: String

    init(encoded: String) { self.encoded = encoded }

    /// The pairs in order; one whose encoding is not UTF-8 is left out.
    public var items: [(name: String, value: String)] {
        encoded.utf8.split(separator: UInt8(ascii: "&")).compactMap { pair in
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Grammar.percentDecoded(parts[0], form: true) else { return nil }
            guard parts.count > 1 else { return (name, "") }
            return Grammar.percentDecoded(parts[1], form: true).map { (name, $0) }
        }
    }

    /// The first value of a name.
    public subscript(name: String) -> String? { encoded.isEmpty ? nil : items.first { $0.name == name }?.value }

    /// The first value of a name, converted; nil where absent, a 400 that names the field where it does not convert.
    public func value<Value: LosslessStringConvertible>(_ name: String, as type: Value.Type = Value.self) throws -> Value? {
        guard let text = self[name] else { return nil }
        guard let value = Value(text) else { throw Problem.field(name, "The query member \"\(name)\" must be of type \(Value.self).") }
        return value
    }
}

/// What a route's pattern captured, decoded.
public struct PathParameters: Sendable {
    var pairs: [(name: String, value: String)] = []

    public init() {}

    public subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// The captured segment, converted; a segment that does not convert names no resource, so it is a 404 (RFC 9110 §15.5.5).
    public func require<Value: LosslessStringConvertible>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
        guard let value = self[name].flatMap(Value.init) else { throw Problem(.notFound, detail: "There is no such \(name).") }
        return value
    }
}
