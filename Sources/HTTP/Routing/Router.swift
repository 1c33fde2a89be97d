/// Finds the handler for a request by method and path pattern, and answers what no handler needs to see.
///
/// A path that no route has is 404 (RFC 9110 §15.5.5); a method that the path does not have is 405 with Allow (§15.5.6); HEAD is served by
/// GET's handler (§9.3.2); OPTIONS is answered with Allow (§9.3.7). `otherwise` takes the paths that no route has.
public struct Router: Sendable {
    private struct Node: Sendable {
        var literals: [String: Int] = [:]
        var parameter: Int?
        var routes: [Method: Route] = [:]
    }

    private struct Route: Sendable {
        let pattern: String
        let parameters: [String]
        let placement: HTTPServer.HandlerPlacement?
        let handler: HTTPServer.Handler
    }

    /// What answers a request, and where.
    struct Resolution {
        var placement: HTTPServer.HandlerPlacement?
        let handler: HTTPServer.Handler
    }

    private var nodes = [Node()]
    private var middleware: [Middleware] = []
    private var fallback: HTTPServer.Handler?

    public init() {}

    /// Adds a route.
    ///
    /// - Parameters:
    ///   - pattern: segments with captures in braces: "/v1/jobs/{id}/fused.png". A literal segment wins over a capture.
    ///   - placement: where the handler runs; nil takes the server's own placement.
    /// - Precondition: the pattern begins with "/" and the route is not there yet.
    public mutating func on(
        _ method: Method, _ pattern: String, placement: HTTPServer.HandlerPlacement? = nil, _ handler: @escaping HTTPServer.Handler
    ) {
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
        nodes[node].routes[method] = Route(pattern: pattern, parameters: parameters, placement: placement, handler: wrapped(handler))
    }

    public mutating func get(
        _ pattern: String, placement: HTTPServer.HandlerPlacement? = nil, _ handler: @escaping HTTPServer.Handler
    ) { on(.get, pattern, placement: placement, handler) }

    public mutating func post(
        _ pattern: String, placement: HTTPServer.HandlerPlacement? = nil, _ handler: @escaping HTTPServer.Handler
    ) { on(.post, pattern, placement: placement, handler) }

    public mutating func delete(
        _ pattern: String, placement: HTTPServer.HandlerPlacement? = nil, _ handler: @escaping HTTPServer.Handler
    ) { on(.delete, pattern, placement: placement, handler) }

    /// Every route as its method and pattern, ordered by pattern, to be held against documentation.
    public var routes: [(method: Method, pattern: String)] {
        nodes.flatMap { node in node.routes.map { ($0, $1.pattern) } }.sorted { ($0.1, $0.0.rawValue) < ($1.1, $1.0.rawValue) }
    }

    /// Answers every method on every path that no route has, instead of 404.
    public mutating func otherwise(_ handler: @escaping HTTPServer.Handler) { fallback = handler }

    /// Wraps every answer, also 404 and 405; what is added first is outermost.
    ///
    /// - Precondition: no route is there yet: a route is wrapped when it is added, once, and not at every request.
    public mutating func use(_ middleware: @escaping Middleware) {
        precondition(nodes.count == 1 && nodes[0].routes.isEmpty, "middleware comes before the routes that it wraps")
        self.middleware.append(middleware)
    }

    /// The answer, errors rendered. Complexity: O(segments) look-ups, but for patterns that differ late.
    public func respond(to request: Request) async -> Response {
        var request = request
        let handler = resolve(&request).handler
        do { return try await handler(request) } catch { return Self.render(error, request) }
    }

    /// The handler within the middleware, which sees its errors rendered.
    private func wrapped(_ handler: @escaping HTTPServer.Handler) -> HTTPServer.Handler {
        let rendered: HTTPServer.Handler = { request in
            do { return try await handler(request) } catch { return Self.render(error, request) }
        }
        return middleware.reversed().reduce(rendered) { next, middleware in { try await middleware($0, next) } }
    }

    /// Of an error that is no problem only the type is logged: its text may name a patient.
    private static func render(_ error: any Error, _ request: Request) -> Response {
        if !(error is any ProblemConvertible) && !(error is CancellationError) {
            request.logger.error("A handler failed", metadata: ["error": "\(type(of: error))"])
        }
        return Problem.describing(error).response
    }

    /// Finds what answers the request, middleware included, and tells the request its route and captures. Cheap enough for the event loop.
    func resolve(_ request: inout Request) -> Resolution {
        if request.path == "*" { return Resolution(handler: optionsAnswer(Set(nodes.flatMap(\.routes.keys)))) }
        guard request.method.isImplemented else {
            return refusal(Problem(.notImplemented, detail: "This server does not implement the method (RFC 9110 §9.1)."))
        }
        var captured: [String] = []
        guard let node = find(request.segments[...], from: 0, &captured) else {
            if let fallback { return Resolution(handler: wrapped(fallback)) }
            return refusal(Problem(.notFound, detail: "There is nothing at this path."))
        }
        let routes = nodes[node].routes
        if let route = routes[request.method] ?? (request.method == .head ? routes[.get] : nil) {
            request.route = route.pattern
            for (name, value) in zip(route.parameters, captured) { request.parameters.pairs.append((name, value)) }
            return Resolution(placement: route.placement, handler: route.handler)
        }
        request.route = routes.values.first?.pattern
        if request.method == .options { return Resolution(handler: optionsAnswer(Set(routes.keys))) }
        let allow = Self.allow(Set(routes.keys))
        return refusal(Problem(.methodNotAllowed, detail: "The methods of this path are \(allow).", headers: ["Allow": allow]))
    }

    private func refusal(_ problem: Problem) -> Resolution { Resolution(handler: wrapped { _ in throw problem }) }

    private func optionsAnswer(_ methods: Set<Method>) -> HTTPServer.Handler {
        let allow = Self.allow(methods)
        return wrapped { _ in Response(.noContent, headers: ["Allow": allow]) }
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
