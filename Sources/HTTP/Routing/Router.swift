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
        let atOnce: HTTPServer.ImmediateHandler?
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
    ///   - atOnce: asked first, on the event loop's own thread, which saves a task and two changes of threads: for what never blocks and
    ///     computes little. Nil from it leaves the request to the handler.
    /// - Precondition: the pattern begins with "/" and the route is not there yet.
    public mutating func on(
        _ method: Method, _ pattern: String, atOnce: HTTPServer.ImmediateHandler? = nil, _ handler: @escaping HTTPServer.Handler
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
        nodes[node].routes[method] = Route(pattern: pattern, parameters: parameters, atOnce: atOnce, handler: handler)
    }

    public mutating func get(
        _ pattern: String, atOnce: HTTPServer.ImmediateHandler? = nil, _ handler: @escaping HTTPServer.Handler
    ) { on(.get, pattern, atOnce: atOnce, handler) }

    public mutating func post(
        _ pattern: String, atOnce: HTTPServer.ImmediateHandler? = nil, _ handler: @escaping HTTPServer.Handler
    ) { on(.post, pattern, atOnce: atOnce, handler) }

    public mutating func delete(
        _ pattern: String, atOnce: HTTPServer.ImmediateHandler? = nil, _ handler: @escaping HTTPServer.Handler
    ) { on(.delete, pattern, atOnce: atOnce, handler) }

    /// Every route as its method and pattern, ordered by pattern, to be held against documentation.
    public var routes: [(method: Method, pattern: String)] {
        nodes.flatMap { node in node.routes.map { ($0, $1.pattern) } }.sorted { ($0.1, $0.0.rawValue) < ($1.1, $1.0.rawValue) }
    }

    /// Answers every method on every path that no route has, instead of 404.
    public mutating func otherwise(_ handler: @escaping HTTPServer.Handler) { fallback = handler }

    /// Wraps every answer, also 404 and 405; what is added first is outermost.
    public mutating func use(_ middleware: Middleware) { self.middleware.append(middleware) }

    /// The answer, errors rendered. Complexity: O(segments) look-ups, but for patterns that differ late.
    public func respond(to request: Request) async -> Response {
        var request = request
        let resolution = resolve(&request)
        if let response = resolution.begin(&request) { return response }
        return await resolution.answer(request)
    }

    /// Finds what answers the request, and tells the request its route and captures. Cheap enough for the event loop.
    func resolve(_ request: inout Request) -> Resolution {
        if request.path == "*" { return options(Set(nodes.flatMap(\.routes.keys))) }
        guard request.method.isImplemented else { return refusal(.unimplementedMethod) }
        var captured: [String] = []
        guard let node = find(request.segments[...], from: 0, &captured) else {
            if let fallback { return Resolution(middleware: middleware, handler: fallback) }
            return refusal(Problem(.notFound, detail: "There is nothing at this path."))
        }
        let routes = nodes[node].routes
        if let route = routes[request.method] ?? (request.method == .head ? routes[.get] : nil) {
            request.route = route.pattern
            for (name, value) in zip(route.parameters, captured) { request.parameters.pairs.append((name, value)) }
            return Resolution(middleware: middleware, atOnce: route.atOnce, handler: route.handler)
        }
        request.route = routes.values.first?.pattern
        if request.method == .options { return options(Set(routes.keys)) }
        let allow = Self.allow(Set(routes.keys))
        return refusal(Problem(.methodNotAllowed, detail: "The methods of this path are \(allow).", headers: ["Allow": allow]))
    }

    private func refusal(_ problem: Problem) -> Resolution { Resolution(middleware: middleware) { throw problem } }

    private func options(_ methods: Set<Method>) -> Resolution {
        Resolution(middleware: middleware) { Response(.noContent, headers: ["Allow": Self.allow(methods)]) }
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
