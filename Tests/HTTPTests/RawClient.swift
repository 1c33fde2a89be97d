import Dispatch
import Glibc

@testable import HTTP

/// A client that sends exactly the bytes it is told to and shows what came back. Blocking: use it within `onThread`.
final class RawClient {
    struct Reply: Equatable {
        var status: Int
        var headers: [String: String]
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    enum Failure: Error {
        case connect, closed, timeout
        case malformed(String)
    }

    private let socket: Int32
    private var buffer: [UInt8] = []

    init(_ address: BoundAddress, receiveBuffer: Int32? = nil, timeout: Int = 20) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var receiveBuffer { setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        var wait = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        var one: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        var storage = sockaddr_storage()
        let (_, length) = try SocketAddress.fill(&storage, host: address.host, port: address.port)
        let descriptor = socket
        let result = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        guard result == 0 else { throw Failure.connect }
    }

    deinit { close(socket) }

    /// Sends as much as the peer takes; false where it takes no more.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Bytes taken without blocking.
    func sendSome(_ bytes: [UInt8]) -> Int {
        max(0, bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress!, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)) })
    }

    /// Whether nothing has come that was not read yet.
    var hasNothing: Bool {
        var byte: UInt8 = 0
        return buffer.isEmpty && recv(socket, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK)) < 0
    }

    func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// Closes with a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// The next response, 100 (Continue) included.
    func reply(to method: String = "GET") throws -> Reply {
        let head = try take(through: [13, 10, 13, 10])
        let lines = String(decoding: head.dropLast(4), as: UTF8.self).components(separatedBy: "\r\n")
        let parts = lines[0].split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0] == "HTTP/1.1", let status = Int(parts[1]) else { throw Failure.malformed(lines[0]) }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw Failure.malformed(line) }
            let name = line[..<colon].lowercased()
            guard headers[name] == nil else { throw Failure.malformed("\(name) twice") }
            headers[name] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        var body: [UInt8] = []
        if method == "HEAD" || status < 200 || status == 204 || status == 304 {
        } else if headers["transfer-encoding"] == "chunked" {
            while true {
                let size = Int(String(decoding: try take(through: [13, 10]).dropLast(2), as: UTF8.self), radix: 16)!
                let chunk = try take(size + 2)
                if size == 0 { break }
                body += chunk.dropLast(2)
            }
        } else if let length = headers["content-length"].flatMap(Int.init) {
            body = try take(length)
        } else {
            body = try takeAll()
        }
        return Reply(status: status, headers: headers, body: body)
    }

    /// Everything up to the end of the connection.
    func takeAll() throws -> [UInt8] {
        while try fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// Whether the server closed, after whatever is still unread.
    func isClosed() -> Bool {
        do { return try takeAll().isEmpty } catch { return false }
    }

    func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { guard try fill() else { throw Failure.closed } }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    func take(through end: [UInt8]) throws -> [UInt8] {
        while true {
            if let found = ByteSearch.first(end, in: buffer[...]) { return try take(found + end.count) }
            guard try fill() else { throw Failure.closed }
        }
    }

    private func fill() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &chunk, chunk.count, 0)
        if count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) { throw Failure.timeout }
        if count > 0 { buffer += chunk[..<count] }
        return count > 0
    }
}

/// Runs blocking work on a thread of its own, not on one that handlers need.
func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "test.client").async { continuation.resume(with: Result { try work() }) }
    }
}

extension String {
    func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = Substring(self).utf8[...]
        let pattern = Array(separator.utf8)
        while let found = ByteSearch.first(pattern, in: Array(rest)[...]) {
            parts.append(String(rest.prefix(found))!)
            rest = rest.dropFirst(found + pattern.count)
        }
        return parts + [String(rest)!]
    }
}
