import Glibc
import HTTP

/// `name=value` for each thing that a test or a benchmark sets; without any, a free port of the loopback.
struct Options {
    private(set) var configuration = HTTPServer.Configuration()

    init(_ arguments: some Sequence<String>) {
        // A benchmark's clients all come from one address.
        configuration.limits.connectionsPerAddress = configuration.limits.connections
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let number = Int(parts[1]), set(parts[0], number) else {
                complain("usage: echo-server [\(Self.names.joined(separator: "=N] ["))=N]\n")
                exit(64)
            }
        }
    }

    static let names = [
        "port", "loops", "connections", "per-address", "body-bytes", "header-ms", "body-ms", "idle-ms", "write-ms",
    ]

    private mutating func set(_ name: String, _ number: Int) -> Bool {
        switch name {
        case "port": configuration.port = number
        case "loops": configuration.loops = number
        case "connections": configuration.limits.connections = number
        case "per-address": configuration.limits.connectionsPerAddress = number
        case "body-bytes": configuration.limits.bodyBytes = number
        case "header-ms": configuration.timeouts.header = .milliseconds(number)
        case "body-ms": configuration.timeouts.body = .milliseconds(number)
        case "idle-ms": configuration.timeouts.idle = .milliseconds(number)
        case "write-ms": configuration.timeouts.write = .milliseconds(number)
        default: return false
        }
        return true
    }
}

private func complain(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) } }
