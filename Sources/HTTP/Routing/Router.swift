/// Finds the handler for a request by method and path pattern, and answers what no handler needs to see.
///
/// A path that no route has is 404 (RFC 9110 §15.5.5); a method that the path does not have is 405 with Allow (§15.5.6); HEAD is served by
/// GET's handler (§9.3.2); OPTIONS is answered with Allow (§9.3.7).
public struct Router: Sendable {
    private struct Node: Sendable {
        var literals: [String: Int] = [:]
        var parameter: Int?
        var routes: [Method: Route] = [:]
    }

    private struct Route: Sendable {
        let pattern: String
        let parameters: [String]
        let handler: HTTPServer.Handler
    }

    private var nodes = [Node()]
    private var middleware: [Middleware] = []

    public init() {}

    /// Adds a route.
    ///
    /// - Parameter pattern: segments with captures in braces: "/v1/jobs/{id}/fused.png". A literal segment wins over a capture.
    /// - Precondition: the pattern begins with "/" and the route is not there yet.
    public mutating func on(_ method: Method, _ pattern: String, _ handler: @escaping HTTPServer.Handler) {
        precondition(pattern.hasPrefix("/"), "a pattern begins with /")
        var node = 0
        var parameters: [String] = []
        if pattern != "/" {
            for segment in pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
                if segment.hasPrefix("{"), segment.hasSuffix("}") {
                    parameters.append(String(segment.dropFirst().dropLast()))
                    node = child(nodes[node].parameter) { $0.nodes[node].parameter = $1 }
                } else {
                    node = child(nodes[node].literals[String(segment)]) { $0.nodes[node].literals[String(segment)] = $1 }
                }
            }
        }
        precondition(nodes[node].routes[method] == nil, "\(method) \(pattern) has a handler already")
        nodes[node].routes[method] = Route(pattern: pattern, parameters: parameters, handler: handler)
    }

    public mutating func get(_ pattern: String, _ handler: @escaping HTTPServer.Handler) { on(.get, pattern, handler) }
    public mutating func post(_ pattern: String, _ handler: @escaping HTTPServer.Handler) { on(.post, pattern, handler) }
    public mutating func delete(_ pattern: String, _ handler: @escaping HTTPServer.Handler) { on(.delete, pattern, handler) }

    /// Wraps every answer, also 404 and 405; what is added first is outermost.
    public mutating func use(_ middleware: @escaping Middleware) { self.middleware.append(middleware) }

    /// The answer, errors rendered. Complexity: O(segments) look-ups, but for patterns that differ late.
    public func respond(to request: Request) async -> Response {
        var request = request
        let handler = resolve(&request)
        do { return try await run(0, request, handler) } catch { return render(error, request) }
    }

    private func run(_ index: Int, _ request: Request, _ handler: @escaping HTTPServer.Handler) async throws -> Response {
        guard index < middleware.count else {
            do { return try await handler(request) } catch { return render(error, request) }
        }
        return try await middleware[index](request) { try await run(index + 1, $0, handler) }
    }

    /// Of an error that is no problem only the type is logged: its text may name a patient.
    private func render(_ error: any Error, _ request: Request) -> Response {
        if !(error is any ProblemConvertible) && !(error is CancellationError) {
            request.logger.error("A handler failed", metadata: ["error": "\(type(of: error))"])
        }
        return Problem.describing(error).response
    }

    private func resolve(_ request: inout Request) -> HTTPServer.Handler {
        if request.path == "*" {
            let allow = Self.allow(Set(nodes.flatMap(\.routes.keys)))
            return { _ in Response(.noContent, headers: ["Allow": allow]) }
        }
        guard request.method.isImplemented else {
            return { _ in throw Problem(.notImplemented, detail: "This server does not implement the method (RFC 9110 §9.1).") }
        }
        var captured: [String] = []
        guard let node = find(request.segments[...], from: 0, &captured) else {
            return { _ in throw Problem(.notFound, detail: "There is nothing at this path.") }
        }
        let routes = nodes[node].routes
        if let route = routes[request.method] ?? (request.method == .head ? routes[.get] : nil) {
            request.route = route.pattern
            request.parameters.pairs = Array(zip(route.parameters, captured))
            return route.handler
        }
        request.route = routes.values.first?.pattern
        let allow = Self.allow(Set(routes.keys))
        if request.method == .options { return { _ in Response(.noContent, headers: ["Allow": allow]) } }
        return { _ in
            throw Problem(.methodNotAllowed, detail: "The methods of this path are \(allow).", headers: ["Allow": allow])
        }
    }

    /// The node of a path, literal segments tried before captures.
    private func find(_ segments: ArraySlice<String>, from node: Int, _ captured: inout [String]) -> Int? {
        guard let segment = segments.first else { return nodes[node].routes.isEmpty ? nil : node }
        if let next = nodes[node].literals[segment], let found = find(segments.dropFirst(), from: next, &captured) { return found }
        guard let next = nodes[node].parameter, !segment.isEmpty else { return nil }
        captured.append(segment)
        if let found = find(segments.dropFirst(), from: next, &captured) { return found }
        captured.removeLast()
        return nil
    }

    private mutating func child(_ existing: Int?, _ link: (inout Router, Int) -> Void) -> Int {
        if let existing { return existing }
        nodes.append(Node())
        link(&self, nodes.count - 1)
        return nodes.count - 1
    }

    /// The Allow field (RFC 9110 §10.2.1).
    private static func allow(_ methods: Set<Method>) -> String {
        var methods = methods
        if methods.contains(.get) { methods.insert(.head) }
        methods.insert(.options)
        return methods.map(\.rawValue).sorted().joined(separator: ", ")
    }
}
