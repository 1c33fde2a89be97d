import Logging
import Synchronization

/// What all connections of a server share.
final class ServerCore: Sendable {
    private struct State {
        var open = 0
        var isDraining = false
    }

    let configuration: HTTPServer.Configuration
    let logger: Logger
    private let handler: HTTPServer.Handler
    private let state = Locked(State())
    private let counter = Atomic<UInt>(0)
    private let prefix: String

    init(configuration: HTTPServer.Configuration, logger: Logger, handler: @escaping HTTPServer.Handler) {
        (self.configuration, self.logger, self.handler) = (configuration, logger, handler)
        prefix = Self.hexadecimal(UInt.random(in: 0...0xFFFF_FFFF)) + "-"
    }

    var isDraining: Bool { state.withLock { $0.isDraining } }
    var openConnections: Int { state.withLock { $0.open } }

    func drain() { state.withLock { $0.isDraining = true } }

    /// Counts a connection in; false where it is one too many.
    func connectionOpened() -> Bool {
        state.withLock {
            $0.open += 1
            return $0.open <= configuration.limits.connections
        }
    }

    func connectionClosed() { state.withLock { $0.open -= 1 } }

    /// The client's X-Request-Id where it is short and plain, else a new one: it goes into logs and back to the client.
    func identity(_ offered: String?) -> String {
        if let offered, (1...64).contains(offered.utf8.count), offered.utf8.allSatisfy(Self.isPlain) { return offered }
        return prefix + Self.hexadecimal(counter.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }

    private static func hexadecimal(_ number: UInt) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, 8 - text.count)) + text
    }

    /// The handler's answer, or its error rendered. Of an error that is no problem only the type is logged: its text may name a patient.
    func respond(to request: Request) async -> Response {
        do {
            guard request.method.isImplemented else {
                throw Problem(.notImplemented, detail: "This server does not implement the method (RFC 9110 §9.1).")
            }
            return try await handler(request)
        } catch {
            if !(error is any ProblemConvertible) && !(error is CancellationError) {
                logger.error("A handler failed", metadata: ["request": .string(request.id), "error": "\(type(of: error))"])
            }
            return Problem.describing(error).response
        }
    }

    func logRefusal(_ refusal: Refusal, id: String) {
        logger.info(
            "Refused a request",
            metadata: ["request": .string(id), "status": .stringConvertible(refusal.status.rawValue), "clause": .string(refusal.clause)])
    }
}
