import Hummingbird
import Logging

/// The routes of the comparison, as a small Hummingbird application has them.
@main struct App {
    static let job = #"{"id":"0198c3f2a4b87c1e9d52","state":"running","progress":0.42,"position":null,"created":"2026-04-01T10:00:00Z"}"#

    static func main() async throws {
        let router = Router()
        router.get("v1/jobs/{id}") { _, _ in
            Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: .init(string: job)))
        }
        router.post("form") { request, _ in
            // The body is gathered and not parsed: less work than ours does.
            let body = try await request.body.collect(upTo: 1 << 20)
            return "\(body.readableBytes)"
        }
        let port = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 8080
        var logger = Logger(label: "yardstick")
        logger.logLevel = .critical
        try await Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)), logger: logger)
            .runService()
    }
}
