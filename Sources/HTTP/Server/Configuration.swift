import Glibc

extension HTTPServer {
    /// Where to listen, what to bear and how long.
    public struct Configuration: Sendable {
        /// A numeric address: IPv4, or IPv6 without brackets.
        public var host: String
        /// 0 lets the system pick.
        public var port: Int
        /// Event loops, each on a thread of its own. One serves tens of thousands of small requests a second.
        public var loops = 1
        public var limits = Limits()
        public var timeouts = Timeouts()

        public init(host: String = "127.0.0.1", port: Int = 0) { (self.host, self.port) = (host, port) }
    }

    /// Bounds on what a client may send. A request beyond one is refused with its status.
    public struct Limits: Sendable {
        /// Request line, 414 (RFC 9112 §3 recommends at least 8000).
        public var requestLineBytes = 8192
        /// Header section, and trailer section, 431 (RFC 6585 §5).
        public var headerBytes = 16384
        /// Lines of a header or trailer section, 431.
        public var headerCount = 100
        /// Decoded body, 413 (RFC 9110 §15.5.14).
        public var bodyBytes = 32 << 20
        /// Open connections; further ones are answered 503.
        public var connections = 16384
        /// Open connections from one address; further ones are answered 429 (RFC 6585 §4). Raise it behind a proxy, which is one address.
        public var connectionsPerAddress = 1024
        /// Requests that a client may send ahead of their answers: the last of so many in a row is answered with "Connection: close", and
        /// what follows is to be sent again (RFC 9112 §9.3.2). At least 1.
        public var pipelinedRequests = 1000
        /// Bytes that wait in memory, each way, for a slow handler or a slow client.
        public var bufferBytes = 256 << 10

        public init() {}
    }

    /// How long a client may take. A connection beyond one is closed, answered 408 where a request has begun (RFC 9110 §15.5.9).
    public struct Timeouts: Sendable {
        /// From the first byte of a request (or the opening of the connection) to the end of its header section.
        public var header = Duration.seconds(10)
        /// Between requests.
        public var idle = Duration.seconds(60)
        /// For a body: this long, and longer by what arrives at `bodyBytesPerSecond` or faster.
        public var body = Duration.seconds(20)
        public var bodyBytesPerSecond = 1024
        /// Without the client taking a byte of the answer.
        public var write = Duration.seconds(30)
        /// After the last answer, for the client to close its side (RFC 9112 §9.6).
        public var linger = Duration.seconds(2)

        public init() {}
    }
}

/// Where a server listens.
public struct BoundAddress: Sendable, Equatable, CustomStringConvertible {
    public let host: String
    public let port: Int

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// A system call that failed.
public struct SystemError: Error, CustomStringConvertible {
    public let call: String
    public let code: Int32

    public var description: String { "\(call): \(String(cString: strerror(code)))" }

    /// Whether a file system had no room left, or the user's share of it was used up.
    public var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }
}
