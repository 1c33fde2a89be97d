import Logging

@testable import HTTP

/// A router with something of everything.
///
/// - Parameter atOnce: whether routes that can answer on the event loop's own thread do.
func makeRouter(atOnce: Bool = false, within middleware: Middleware...) -> Router {
    var router = Router()
    for middleware in middleware { router.use(middleware) }
    func on(_ method: Method, _ pattern: String, _ answer: @escaping HTTPServer.ImmediateHandler) {
        router.on(method, pattern, atOnce: atOnce ? answer : nil) { try answer($0) ?? Response(.internalServerError) }
    }
    func get(_ pattern: String, _ answer: @escaping HTTPServer.ImmediateHandler) { on(.get, pattern, answer) }
    get("/") { _ in .text("hello\n") }
    get("/items/{id}") { .text(try $0.parameters.require("id", as: Int.self).description) }
    get("/items/new") { _ in .text("new") }
    get("/query") { .text($0.query["name"] ?? "-") }
    router.post("/echo") { request in
        .bytes(try await request.body.collect(upTo: 1 << 24), type: request.headers["Content-Type"] ?? "application/octet-stream")
    }
    on(.post, "/ignore") { _ in .text("ignored") }
    get("/large") { _ in .bytes([UInt8](repeating: 120, count: 8 << 20), type: "text/plain") }
    get("/stream") { request in
        let length = try request.query.value("length", as: Int.self)
        let body = ResponseBody.stream(length: length) { writer in
            for number in 0..<5 { try await writer.write(Array("part \(number)\n".utf8)) }
        }
        return Response(headers: ["Content-Type": "text/plain"], body: body)
    }
    get("/broken") { _ in
        let body = ResponseBody.stream { writer in
            try await writer.write(Array("half".utf8))
            throw CancellationError()
        }
        return Response(body: body)
    }
    get("/fails") { _ in throw SystemError(call: "secret-name.png", code: 2) }
    get("/problem") { _ in throw Problem.field("mri", "Send a PNG.", status: .unprocessableContent) }
    get("/tagged") { Response.text("tagged").conditional(on: $0, tag: EntityTag("v1")) }
    router.get("/sleep") { request in
        try await Task.sleep(for: .milliseconds(try request.query.value("ms", as: Int.self) ?? 0))
        return .text("slept")
    }
    get("/split") { _ in Response(headers: ["X-A": "1\r\nX-B: 2", "Content-Length": "99", "X Y": "3"], body: .bytes([65])) }
    router.post("/form") { request in
        let form = try await request.multipartForm()
        return .text(form.parts.map { "\($0.head.name)=\($0.size)" }.joined(separator: ","))
    }
    return router
}

/// Starts a server for `body` and shuts it down.
func withServer(
    _ configure: (inout HTTPServer.Configuration) -> Void = { _ in }, router: Router = makeRouter(),
    _ body: (BoundAddress, HTTPServer) async throws -> Void
) async throws {
    var configuration = HTTPServer.Configuration()
    configuration.timeouts.linger = .milliseconds(500)
    configure(&configuration)
    let server = HTTPServer(configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, router: router)
    let address = try server.start()
    do { try await body(address, server) } catch {
        await server.shutdown(grace: .seconds(1))
        throw error
    }
    await server.shutdown(grace: .seconds(1))
}

/// Linear congruential numbers: the same ones in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
