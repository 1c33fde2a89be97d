import Dispatch
import Glibc
import HTTP
import Logging

/// The HTTP room alone, for outside conformance suites, fuzzers and benchmarks.
///
/// Any method on any path is answered with the body it sent. Beyond that: `/echo` with the request's header fields as text, `/cookie`
/// with its cookies, `/v1/jobs/{id}` with a stored status, `/form` with the parts of a form, `/picture.png` with bytes that have a tag.
///
/// Prints its address when it listens; SIGTERM and SIGINT end it with 0.
@main struct EchoServer {
    static func main() async throws {
        let options = Options(CommandLine.arguments.dropFirst())
        let logger = Logger(label: "echo-server") { _ in SwiftLogNoOpLogHandler() }
        let server = HTTPServer(configuration: options.configuration, logger: logger, router: makeRouter())
        let ending = Ending()
        print(try server.start())
        fflush(nil)
        await ending.wait()
        await server.shutdown(grace: .seconds(5))
    }
}

/// SIGTERM or SIGINT, from its creation on.
private struct Ending {
    private let sources: [any DispatchSourceSignal]
    private let signals: AsyncStream<Void>

    init() {
        let (signals, continuation) = AsyncStream<Void>.makeStream()
        self.signals = signals
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.activate()
            return source
        }
    }

    func wait() async { for await _ in signals { return } }
}
