import HTTP

/// The routes beside the echo.
func makeRouter() -> Router {
    var router = Router()
    let jobs = JobTable(count: 1000)
    router.get("/v1/jobs/{id}", atOnce: { jobs.status($0.parameters["id"] ?? "").map { .json($0) } }) { _ in
        throw Problem(.notFound, detail: "There is no such job.")
    }
    router.post("/form") { request in
        let form = try await request.multipartForm()
        return .text(form.parts.map { "\($0.head.name)=\($0.size)" }.joined(separator: ",") + "\n")
    }
    let picture = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
    router.get("/picture.png") { Response.bytes(picture, type: "image/png").conditional(on: $0, tag: EntityTag("picture-1")) }
    router.otherwise { request in
        switch request.path {
        case "/echo": .text(request.headers.all.map { "\($0.name): \($0.value)\n" }.joined())
        case "/cookie": .text(request.cookies.map { "\($0.name)=\($0.value)\n" }.joined())
        default: try await echo(request)
        }
    }
    return router
}

private let methods = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"

/// The body as it came; OPTIONS without one asks for the methods alone (RFC 9110 §9.3.7).
private func echo(_ request: Request) async throws -> Response {
    // TRACE would be the request itself, credentials included (RFC 9110 §9.3.8).
    guard request.method != .trace else { throw Problem(.methodNotAllowed, headers: ["Allow": methods]) }
    let body = try await request.body.collect(upTo: 32 << 20)
    var response = Response.bytes(body, type: request.headers["Content-Type"] ?? "application/octet-stream")
    if request.method == .options {
        if body.isEmpty { response = Response(.noContent) }
        response.headers.append("Allow", methods)
    }
    return response
}

/// Stands for the store of the service: statuses that are looked up and sent.
private struct JobTable: Sendable {
    private let statuses: [String: [UInt8]]

    init(count: Int) {
        statuses = Dictionary(
            uniqueKeysWithValues: (0..<count).map { number in
                let json = #"{"id":"\#(number)","state":"running","progress":0.42,"position":null,"created":"2026-04-01T10:00:00Z"}"#
                return ("\(number)", Array(json.utf8))
            })
    }

    func status(_ id: String) -> [UInt8]? { statuses[id] }
}
