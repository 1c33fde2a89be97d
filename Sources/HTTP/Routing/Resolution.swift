import Logging

/// What answers one request.
struct Resolution: Sendable {
    var middleware: [Middleware] = []
    /// Asked first, on the event loop itself.
    var atOnce: HTTPServer.ImmediateHandler?
    var handler: HTTPServer.Handler

    init(middleware: [Middleware] = [], atOnce: HTTPServer.ImmediateHandler? = nil, handler: @escaping HTTPServer.Handler) {
        (self.middleware, self.atOnce, self.handler) = (middleware, atOnce, handler)
    }

    /// Always the same answer.
    init(middleware: [Middleware], _ answer: @escaping @Sendable () throws -> Response) {
        self.init(middleware: middleware, atOnce: { _ in try answer() }, handler: { _ in try answer() })
    }

    /// Runs what comes before the handler. The answer, if there is one at once; nil leaves the request to `answer`.
    func begin(_ request: inout Request) -> Response? {
        var passed = 0
        do {
            for middleware in middleware {
                try middleware.before(&request)
                passed += 1
            }
            return try atOnce?(request).map { finished($0, request, passed) }
        } catch { return finished(Self.render(error, request), request, passed) }
    }

    /// The handler's answer, to a request that `begin` has passed on.
    func answer(_ request: Request) async -> Response {
        do { return finished(try await handler(request), request, middleware.count) } catch {
            return finished(Self.render(error, request), request, middleware.count)
        }
    }

    /// The answer as those middlewares leave it, the innermost first, that have seen the request.
    private func finished(_ response: Response, _ request: Request, _ passed: Int) -> Response {
        var response = response
        for middleware in middleware.prefix(passed).reversed() { middleware.after(request, &response) }
        return response
    }

    /// Of an error that is no problem only the type is logged: its text may name a patient.
    private static func render(_ error: any Error, _ request: Request) -> Response {
        if !(error is any ProblemConvertible) && !(error is CancellationError) {
            request.logger.error("A handler failed", metadata: ["error": "\(type(of: error))"])
        }
        return Problem.describing(error).response
    }
}
