/// What a handler answers. The server itself writes Date, Content-Length, Transfer-Encoding, Connection and X-Request-Id.
public struct Response: Sendable {
    public var status: Status
    public var headers: HeaderFields
    public var body: ResponseBody

    public init(_ status: Status = .ok, headers: HeaderFields = [:], body: ResponseBody = .empty) {
        (self.status, self.headers, self.body) = (status, headers, body)
    }

    /// Content of a media type.
    public static func bytes(_ bytes: [UInt8], type: String, status: Status = .ok) -> Response {
        var response = Response(status, body: .bytes(bytes))
        response.headers.append("Content-Type", type)
        return response
    }

    public static func text(_ text: String, status: Status = .ok) -> Response {
        bytes(Array(text.utf8), type: "text/plain; charset=utf-8", status: status)
    }

    /// A JSON text that is encoded already (RFC 8259).
    public static func json(_ text: [UInt8], status: Status = .ok) -> Response {
        bytes(text, type: "application/json", status: status)
    }
}

/// The content of a response.
public enum ResponseBody: Sendable {
    case empty
    case bytes([UInt8])
    /// Content that is made while it is sent: counted where its length is known (then exactly that must be written), chunked otherwise
    /// (RFC 9112 §7.1), or ended by closing towards HTTP/1.0 (RFC 9112 §6.3). Throwing cuts the connection, so that the client sees it is
    /// incomplete (RFC 9112 §8). Not called for HEAD.
    case stream(length: Int? = nil, @Sendable (BodyWriter) async throws -> Void)
}

/// Writes the content of a streamed response.
public struct BodyWriter: Sendable {
    let send: @Sendable ([UInt8]) async throws -> Void

    /// A writer of one's own, as for tests without a socket.
    public init(_ send: @escaping @Sendable ([UInt8]) async throws -> Void) { self.send = send }

    /// Sends bytes; returns when the connection has room for more, so that a slow reader holds no more than a bounded buffer.
    ///
    /// - Throws: `CancellationError` when the client is gone or the server has given it up.
    public func write(_ bytes: [UInt8]) async throws {
        if !bytes.isEmpty { try await send(bytes) }
    }
}
