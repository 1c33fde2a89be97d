import Logging
import Synchronization

/// What all connections of a server share.
final class ServerCore: Sendable {
    private struct State {
        var open = 0
        var openByAddress: [String: Int] = [:]
        var isDraining = false
    }

    let configuration: HTTPServer.Configuration
    let timeouts: HTTPServer.Timeouts.Nanoseconds
    let logger: Logger
    /// Decides on the loop what answers a request.
    let resolve: @Sendable (inout Request) -> Resolution
    private let state = Locked(State())
    private let counter = Atomic<UInt>(0)
    private let prefix: String

    init(configuration: HTTPServer.Configuration, logger: Logger, resolve: @escaping @Sendable (inout Request) -> Resolution) {
        (self.configuration, self.logger, self.resolve) = (configuration, logger, resolve)
        timeouts = HTTPServer.Timeouts.Nanoseconds(configuration.timeouts)
        // With eight digits of a number: fifteen bytes, which a String holds without allocating.
        prefix = Self.hexadecimal(UInt.random(in: 0...0xFF_FFFF), digits: 6) + "-"
    }

    var isDraining: Bool { state.withLock { $0.isDraining } }
    var openConnections: Int { state.withLock { $0.open } }

    func drain() { state.withLock { $0.isDraining = true } }

    /// Counts a connection in; the refusal that it gets where it is one too many.
    func connectionOpened(from address: String) -> Refusal? {
        let limits = configuration.limits
        return state.withLock {
            $0.open += 1
            $0.openByAddress[address, default: 0] += 1
            guard $0.open <= limits.connections else {
                return Refusal(.serviceUnavailable, "Too many connections; come back later.", "RFC 9110 §15.6.4")
            }
            guard $0.openByAddress[address]! <= limits.connectionsPerAddress else {
                return Refusal(.tooManyRequests, "Too many connections from one address; close some.", "RFC 6585 §4")
            }
            return nil
        }
    }

    func connectionClosed(from address: String) {
        state.withLock {
            $0.open -= 1
            let left = $0.openByAddress[address, default: 1] - 1
            $0.openByAddress[address] = left > 0 ? left : nil
        }
    }

    /// The client's X-Request-Id where it is short and plain, else a new one: it goes into logs and back to the client.
    func identity(_ offered: String?) -> String {
        if let offered, (1...64).contains(offered.utf8.count), offered.utf8.allSatisfy(Self.isPlain) { return offered }
        return prefix + Self.hexadecimal(counter.wrappingAdd(1, ordering: .relaxed).newValue, digits: 8)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }

    private static func hexadecimal(_ number: UInt, digits: Int) -> String {
        String(unsafeUninitializedCapacity: digits) { output in
            for index in 0..<digits {
                let digit = UInt8(truncatingIfNeeded: number >> UInt(4 * (digits - 1 - index))) & 15
                output[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
            }
            return digits
        }
    }

    func logRefusal(_ refusal: Refusal, id: String) {
        logger.info(
            "Refused a request",
            metadata: ["request": .string(id), "status": .stringConvertible(refusal.status.rawValue), "clause": .string(refusal.clause)])
    }
}
