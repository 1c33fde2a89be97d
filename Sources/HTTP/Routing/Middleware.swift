import Logging

/// Something around every answer of a router: it may look at the request, change it, answer itself or change the answer.
public typealias Middleware = @Sendable (Request, _ next: HTTPServer.Handler) async throws -> Response

/// Logs every answer: request id, method, route, status, sizes and milliseconds; nothing that the client could have written.
public func accessLog(level: Logger.Level = .info) -> Middleware {
    { request, next in
        let start = ContinuousClock.now
        let response = try await next(request)
        let elapsed = (ContinuousClock.now - start).components
        let milliseconds = elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000
        var metadata: Logger.Metadata = [
            "method": .string(request.method.isImplemented ? request.method.rawValue : "-"),
            "route": .string(request.route ?? "-"), "status": .stringConvertible(response.status.rawValue),
            "milliseconds": .stringConvertible(milliseconds),
        ]
        if let length = request.body.declaredLength { metadata["received"] = .stringConvertible(length) }
        if case .bytes(let bytes) = response.body { metadata["sent"] = .stringConvertible(bytes.count) }
        request.logger.log(level: level, "Answered", metadata: metadata)
        return response
    }
}
