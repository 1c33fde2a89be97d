import Logging
import Testing

@testable import HTTP

/// The router and the helpers of handlers, without a socket.
@Suite struct RoutingTests {
    private func text(_ response: Response) -> String {
        if case .bytes(let bytes) = response.body { String(decoding: bytes, as: UTF8.self) } else { "" }
    }

    @Test func literalSegments_WinOverCaptures_AndCapturesBackTrack() async throws {
        var router = Router()
        router.get("/v1/jobs/{id}") { .text("job \($0.parameters["id"]!) \($0.route!)") }
        router.get("/v1/jobs/mine") { _ in .text("mine") }
        router.get("/v1/jobs/{id}/fused.png") { .text("fused \($0.parameters["id"]!)") }
        router.get("/v1/jobs/mine/notes") { _ in .text("notes") }
        router.get("/{a}/{b}/{c}/{d}/{e}") { request in .text("abcde".map { request.parameters[String($0)]! }.joined(separator: ",")) }
        let expected = [
            "/v1/jobs/7": "job 7 /v1/jobs/{id}", "/v1/jobs/mine": "mine", "/v1/jobs/mine/fused.png": "fused mine",
            "/v1/jobs/mine/notes": "notes", "/v1/jobs/a%2Fb": "job a/b /v1/jobs/{id}", "/v1/jobs/mine/notes/x": "v1,jobs,mine,notes,x",
        ]
        for (path, answer) in expected { #expect(await text(router.respond(to: try Request(.get, path))) == answer, "\(path)") }
    }

    @Test func methodNotAllowed_NamesTheMethods() async throws {
        var router = Router()
        router.get("/a") { _ in .text("") }
        router.delete("/a") { _ in .text("") }
        let refused = await router.respond(to: try Request(.post, "/a"))
        #expect(refused.status == .methodNotAllowed && refused.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS")
        #expect(await router.respond(to: try Request(.options, "*")).headers["Allow"] == "DELETE, GET, HEAD, OPTIONS")
    }

    @Test func middleware_WrapsInOrder_AndSeesRenderedErrors() async throws {
        var router = Router()
        for name in ["outer", "inner"] {
            router.use(
                Middleware(
                    before: { $0.headers["X-Order"] = [$0.headers["X-Order"], name].compactMap { $0 }.joined(separator: " ") },
                    after: { request, response in
                        let order = [response.headers["X-Order"] ?? request.headers["X-Order"], name].compactMap { $0 }
                        response.headers["X-Order"] = order.joined(separator: " ")
                    }))
        }
        let response = await router.respond(to: try Request(.get, "/nothing"))
        #expect(response.status == .notFound && response.headers["X-Order"] == "outer inner inner outer")
    }

    @Test func middleware_ThatThrows_AnswersInTheHandlersStead_AndOuterOnesSeeIt() async throws {
        let handled = Counter()
        var router = Router()
        let mark = { (name: String) in Middleware(after: { $1.headers.append("X-Seen", name) }) }
        router.use(mark("outer"))
        router.use(Middleware(before: { _ in throw Problem(.unauthorized) }, after: { $1.headers.append("X-Seen", "itself") }))
        router.use(mark("inner"))
        router.get("/") { _ in
            handled.add(1)
            return .text("")
        }
        let response = await router.respond(to: try Request(.get, "/"))
        #expect(response.status == .unauthorized && response.headers["X-Seen"] == "outer" && handled.value == 0)
    }

    @Test func immediateHandler_IsAskedFirst_AndLeavesTheRestToTheHandler() async throws {
        var router = Router()
        let atOnce: HTTPServer.ImmediateHandler = { request in
            if request.parameters["id"] == "bad" { throw Problem(.badRequest) }
            return request.parameters["id"] == "1" ? .text("at once") : nil
        }
        router.get("/{id}", atOnce: atOnce) { _ in .text("later") }
        for (id, status, text) in [("1", 200, "at once"), ("2", 200, "later"), ("bad", 400, nil)] as [(String, Int, String?)] {
            let response = await router.respond(to: try Request(.get, "/\(id)"))
            #expect(response.status.rawValue == status, "\(id)")
            if let text, case .bytes(let bytes) = response.body { #expect(String(decoding: bytes, as: UTF8.self) == text) }
        }
    }

    @Test func accessLog_HoldsNothingOfTheClients() async throws {
        let recorder = LogRecorder()
        let router = makeRouter(within: accessLog())
        var request = try Request(.get, "/items/5?name=JANE_DOE", headers: ["X-Name": "JANE_DOE"], id: "id-1")
        request.baseLogger = Logger(label: "test") { _ in recorder }
        _ = await router.respond(to: request)
        let lines = recorder.lines.withLock { $0 }
        #expect(lines.count == 1 && lines[0].contains("id-1") && lines[0].contains("/items/{id}") && !lines[0].contains("JANE"))
    }

    @Test func problem_RendersItsMembers() {
        let problem = Problem(
            422, type: "/problems/size", title: "Sizes differ", detail: "say \"what\"\n\u{1}",
            members: ["field": "ct", "sizes": .array([1, 2]), "status": 1, "exact": .number(0.5), "again": false])
        #expect(
            problem.json == #"{"type":"/problems/size","title":"Sizes differ","status":422,"detail":"say \"what\"\n\u0001","#
                + #""field":"ct","sizes":[1,2],"exact":0.5,"again":false}"# + "\n")
    }

    private static let preferences: [(String, Int?, Bool)] = [
        ("wait=10", 10, false), ("respond-async, wait=5", 5, true), ("Respond-Async; foo=bar ,WAIT = \"7\"", 7, true),
        ("wait=3, wait=9", 3, false), ("wait", nil, false), ("wait=-1", nil, false), ("foo=\"a, wait=1\", wait=2", 2, false),
        ("", nil, false),
        ("wait=99999999999999999999", nil, false),
    ]

    @Test(arguments: preferences)
    func prefer_IsRead(_ field: String, _ wait: Int?, _ isAsync: Bool) {
        let read = Preferences(["Prefer": field])
        #expect(read.wait == wait && read.respondAsync == isAsync)
    }

    private static let tags: [(String, Bool)] = [
        ("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("*", true), ("\"b\"", false), ("a", false), ("\"a", false),
        ("\"a\"\"b\"", false), ("\"A\"", false), ("", false), ("\"x,y\" , W/\"a\"", true),
    ]

    @Test(arguments: tags)
    func ifNoneMatch_IsCompared(_ field: String, _ matches: Bool) throws {
        let request = try Request(.get, "/", headers: ["If-None-Match": field])
        let response = Response.text("x").conditional(on: request, tag: EntityTag("a"))
        #expect(response.status == (matches ? .notModified : .ok) && response.headers["ETag"] == "\"a\"")
        let post = try Request(.post, "/", headers: ["If-None-Match": field])
        #expect(Response.text("x").conditional(on: post, tag: EntityTag("a")).status == .ok)
    }

    @Test func headerFields_IgnoreCase_Repeat_AndRefuseSplitting() {
        var fields: HeaderFields = ["Accept": "a", "ACCEPT": "b", "X": "1\r\nY: 2"]
        #expect(fields["accept"] == "a, b" && fields.values("Accept") == ["a", "b"] && fields["X"] == "1  Y: 2" && fields.count == 3)
        fields["Accept"] = nil
        fields.append("not a name", "x")
        #expect(fields.count == 1 && !fields.contains("accept"))
    }

    @Test func query_IsDecoded_AndTyped() throws {
        let query = try Request(.get, "/?a=1&b=two+w%C3%B6rds&a=2&c&d=%ff").query
        #expect(query["b"] == "two wörds" && query["c"] == "" && query["d"] == nil && query["e"] == nil)
        #expect(try query.value("a", as: Int.self) == 1)
        #expect(throws: Problem.self) { try query.value("b", as: Int.self) }
    }

    @Test func date_IsFixed() {
        #expect(HTTPDate(seconds: 784_111_777).text == "Sun, 06 Nov 1994 08:49:37 GMT")
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            #expect(HTTPDate(text: text)?.seconds == 784_111_777, "\(text)")
        }
        for text in [
            "", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Now 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 0x Nov 1994 08:49:37 GMT",
        ] {
            #expect(HTTPDate(text: text) == nil, "\(text)")
        }
    }

    @Test func routes_AreListedByPattern() {
        var router = Router()
        let nothing: HTTPServer.Handler = { _ in Response(.noContent) }
        router.delete("/jobs/{id}", nothing)
        router.get("/jobs/{id}", nothing)
        router.get("/", nothing)
        #expect(router.routes.map { "\($0.method) \($0.pattern)" } == ["GET /", "DELETE /jobs/{id}", "GET /jobs/{id}"])
    }

    @Test func deadlines_ComeInOrder() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            var deadlines = Deadlines()
            let moments = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in UInt64.random(in: 0..<50, using: &generator) }
            for moment in moments { deadlines.add(moment, token: moment) }
            var taken: [UInt64] = []
            while let token = deadlines.take(until: 24) { taken.append(token) }
            #expect(taken == moments.filter { $0 <= 24 }.sorted())
        }
    }
}

/// Keeps what was logged.
private final class LogRecorder: LogHandler {
    let lines = Locked<[String]>([])
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }
    private let held = Locked<Logger.Metadata>([:])

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { held.withLock { $0[key] } }
        set { held.withLock { $0[key] = newValue } }
    }

    func log(event: LogEvent) { record(event.message, event.metadata) }

    private func record(_ message: Logger.Message, _ metadata: Logger.Metadata?) {
        let all = held.withLock { $0 }.merging(metadata ?? [:]) { $1 }
        lines.withLock { $0.append("\(message) \(all)") }
    }
}
