/// An error that renders itself as `application/problem+json` (RFC 9457 §3).
public struct Problem: Error, Sendable {
    /// A value of an extension member (RFC 9457 §3.2).
    public enum Value: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
        case string(String)
        case integer(Int)
        case number(Double)
        case boolean(Bool)
        case array([Value])

        public init(stringLiteral value: String) { self = .string(value) }
        public init(integerLiteral value: Int) { self = .integer(value) }
        public init(booleanLiteral value: Bool) { self = .boolean(value) }
    }

    public var status: Status
    /// A URI reference that names the kind of problem and never changes (RFC 9457 §3.1.1).
    public var type: String
    /// The same for every occurrence of the type (RFC 9457 §3.1.3).
    public var title: String
    /// What went wrong here and what the client can do (RFC 9457 §3.1.4).
    public var detail: String?
    /// Further members, in this order; the reserved names of RFC 9457 §3.1 are left out when rendering.
    public var members: [(name: String, value: Value)]
    /// Header fields of the answer, such as Allow or Retry-After.
    public var headers: HeaderFields

    /// - Parameter title: nil takes the reason phrase, as the type `about:blank` asks (RFC 9457 §4.2.1).
    public init(
        _ status: Status, type: String = "about:blank", title: String? = nil, detail: String? = nil,
        members: KeyValuePairs<String, Value> = [:], headers: HeaderFields = [:]
    ) {
        self.status = status
        self.type = type
        self.title = title ?? status.reason
        self.detail = detail
        self.members = members.map { ($0.key, $0.value) }
        self.headers = headers
    }

    /// RFC 9110 §9.1: a method that this server does not know.
    static let unimplementedMethod = Problem(.notImplemented, detail: "This server does not implement the method (RFC 9110 §9.1).")

    /// A refused member of the request: a 400 unless told otherwise, with the extension member `field`.
    public static func field(_ field: String, _ detail: String, status: Status = .badRequest, type: String = "about:blank") -> Problem {
        Problem(status, type: type, detail: detail, members: ["field": .string(field)])
    }

    /// The response that carries this problem. Complexity: O(bytes).
    public var response: Response {
        var response = Response(status, headers: headers, body: .bytes(Array(json.utf8)))
        response.headers["Content-Type"] = "application/problem+json"
        return response
    }

    /// The JSON text (RFC 8259).
    var json: String {
        var pairs: [(name: String, value: Value)] = [
            ("type", .string(type)), ("title", .string(title)), ("status", .integer(status.rawValue)),
        ]
        if let detail { pairs.append(("detail", .string(detail))) }
        let reserved = ["type", "title", "status", "detail", "instance"]
        pairs += members.filter { !reserved.contains($0.name) }
        return "{" + pairs.map { JSONText.quoted($0.name) + ":" + $0.value.json }.joined(separator: ",") + "}\n"
    }
}

extension Problem.Value {
    var json: String {
        switch self {
        case .string(let text): JSONText.quoted(text)
        case .integer(let value): String(value)
        case .number(let value): value.isFinite ? String(value) : "null"
        case .boolean(let value): String(value)
        case .array(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
        }
    }
}

/// An error that knows which problem it is: conform to it where an error of another room shall reach a client.
public protocol ProblemConvertible: Error {
    var problem: Problem { get }
}

extension Problem: ProblemConvertible {
    public var problem: Problem { self }
}

extension Problem {
    /// The problem behind any error; 500 without a word of its content where the error does not convert (RFC 9110 §15.6.1).
    static func describing(_ error: any Error) -> Problem {
        if let known = error as? any ProblemConvertible { return known.problem }
        return Problem(.internalServerError, detail: "The server failed; report the X-Request-Id of this answer.")
    }
}
