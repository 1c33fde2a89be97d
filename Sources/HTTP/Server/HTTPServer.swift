import Logging

/// An HTTP/1.1 server (RFC 9112) on non-blocking sockets, epoll and Dispatch queues.
///
/// Every answer carries Date, a right Content-Length or chunks, and X-Request-Id. A handler that throws is answered by the problem its
/// error describes (RFC 9457), any other error by a bare 500. Call `shutdown(grace:)` before letting go of a started server.
public final class HTTPServer: Sendable {
    /// Answers one request.
    public typealias Handler = @Sendable (Request) async throws -> Response
    /// Answers one request on the event loop's own thread, or leaves it to a handler: it never blocks and computes little.
    public typealias ImmediateHandler = @Sendable (Request) throws -> Response?

    private struct Running {
        let loops: [EventLoop]
        let listener: Listener
    }

    private let core: ServerCore
    private let running = Locked<Running?>(nil)

    public init(
        configuration: Configuration = Configuration(), logger: Logger = Logger(label: "http"), handler: @escaping Handler
    ) {
        core = ServerCore(configuration: configuration, logger: logger) { request in
            guard request.method.isImplemented else { return Resolution(middleware: []) { throw Problem.unimplementedMethod } }
            return Resolution(handler: handler)
        }
    }

    /// A server of a router's routes.
    public init(configuration: Configuration = Configuration(), logger: Logger = Logger(label: "http"), router: Router) {
        core = ServerCore(configuration: configuration, logger: logger) { router.resolve(&$0) }
    }

    /// The number of connections that are open now, for metrics.
    public var openConnections: Int { core.openConnections }

    /// Listens and serves from now on.
    ///
    /// - Returns: the address, with the port that the system picked where the configuration says 0.
    /// - Throws: `SystemError` where the address cannot be bound.
    /// - Precondition: not started before.
    @discardableResult
    public func start() throws -> BoundAddress {
        ProcessSetup.done
        var loops: [EventLoop] = []
        for index in 0..<max(1, core.configuration.loops) { loops.append(try EventLoop(label: "http.loop.\(index)")) }
        let listener = try Listener(core: core, loops: loops)
        try listener.open()
        running.withLock {
            precondition($0 == nil, "a server starts once")
            $0 = Running(loops: loops, listener: listener)
        }
        for loop in loops { loop.start() }
        core.logger.info("Listening", metadata: ["address": .stringConvertible(listener.address)])
        return listener.address
    }

    /// Stops accepting, closes idle connections at once, lets requests in flight finish for up to `grace`, then cuts what is left.
    public func shutdown(grace: Duration = .seconds(10)) async {
        guard let running = running.withLock({ $0.take() }) else { return }
        core.drain()
        running.loops[0].execute { running.listener.shut() }
        for loop in running.loops { loop.execute { for connection in Self.connections(loop) { connection.drain() } } }
        let deadline = ContinuousClock.now + grace
        while core.openConnections > 0, ContinuousClock.now < deadline { await Self.pause() }
        for loop in running.loops { loop.execute { for connection in Self.connections(loop) { connection.close() } } }
        while core.openConnections > 0 { await Self.pause() }
        for loop in running.loops { loop.stop() }
    }

    private static func connections(_ loop: EventLoop) -> [Connection] { loop.allWatched.compactMap { $0 as? Connection } }

    /// A short sleep, also for a task that is cancelled: shutting down is not to spin.
    private static func pause() async {
        await Task.detached { try? await Task.sleep(for: .milliseconds(3)) }.value
    }
}
