import Logging

/// Something around every answer of a router.
///
/// Both parts run for every request: `before` on the connection's event loop, `after` wherever the answer was made. Neither may block.
public struct Middleware: Sendable {
    /// Sees the request before its handler does, and may change it. Throwing answers it in the handler's stead.
    let before: @Sendable (inout Request) throws -> Void
    /// Sees the answer, an error rendered, and may change it. Not called where this one's own `before` threw.
    let after: @Sendable (Request, inout Response) -> Void

    public init(
        before: @escaping @Sendable (inout Request) throws -> Void = { _ in },
        after: @escaping @Sendable (Request, inout Response) -> Void = { _, _ in }
    ) { (self.before, self.after) = (before, after) }
}

/// Logs every answer: request id, method, route, status, sizes and milliseconds; nothing that the client could have written.
public func accessLog(level: Logger.Level = .info) -> Middleware {
    Middleware(after: { request, response in
        let elapsed = (ContinuousClock.now - request.begun).components
        let milliseconds = elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000
        var metadata: Logger.Metadata = [
            "method": .string(request.method.isImplemented ? request.method.rawValue : "-"),
            "route": .string(request.route ?? "-"), "status": .stringConvertible(response.status.rawValue),
            "milliseconds": .stringConvertible(milliseconds),
        ]
        if let length = request.body.declaredLength { metadata["received"] = .stringConvertible(length) }
        if case .bytes(let bytes) = response.body { metadata["sent"] = .stringConvertible(bytes.count) }
        request.logger.log(level: level, "Answered", metadata: metadata)
    })
}
