import CLinux
import Glibc

/// A listening socket: accepts, and hands each connection to a loop in turn.
///
/// `@unchecked Sendable`: touched on its loop's thread alone, once started.
final class Listener: EventLoop.Watched, @unchecked Sendable {
    private let core: ServerCore
    private let loops: [EventLoop]
    private let socket: Int32
    private var token: UInt64 = 0
    private var accepted = 0
    private var isOpen = true
    let address: BoundAddress

    /// Binds and listens.
    init(core: ServerCore, loops: [EventLoop]) throws(SystemError) {
        (self.core, self.loops) = (core, loops)
        let (host, port) = (core.configuration.host, core.configuration.port)
        var storage = sockaddr_storage()
        let (family, length) = try SocketAddress.fill(&storage, host: host, port: port)
        socket = Glibc.socket(family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw SystemError(call: "socket", code: errno) }
        var one: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        let descriptor = socket
        func call(_ name: String, _ body: () -> Int32) throws(SystemError) {
            guard body() == 0 else {
                let code = errno
                close(descriptor)
                throw SystemError(call: name, code: code)
            }
        }
        try call("bind to \(host), port \(port)") {
            withUnsafePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
            }
        }
        try call("listen") { Glibc.listen(descriptor, 4096) }
        var actual = socklen_t(MemoryLayout<sockaddr_storage>.size)
        try call("getsockname") {
            withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &actual) }
            }
        }
        address = SocketAddress.read(storage)
    }

    /// Starts accepting; on the first loop.
    func open() throws(SystemError) { token = try loops[0].add(self, socket: socket, edgeTriggered: false) }

    /// Stops accepting, after a last look at who waits already: the kernel resets the others. On the first loop.
    func shut() {
        guard isOpen else { return }
        ready(readable: true, writable: false, finished: false, hangUp: false)
        isOpen = false
        loops[0].remove(token, socket: socket)
        close(socket)
    }

    func ready(readable: Bool, writable: Bool, finished: Bool, hangUp: Bool) {
        // A bounded number in a row, for fairness; level-triggered, so the rest comes up again.
        for _ in 0..<64 where isOpen {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let peer = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    accept4(socket, $0, &length, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
                }
            }
            if peer >= 0 {
                take(peer, SocketAddress.read(storage).host)
                continue
            }
            switch errno {
            case EINTR, ECONNABORTED, EPROTO: continue
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                // Out of descriptors: serve on, and look again when some may be free. The backlog keeps who waits.
                core.logger.warning("Out of file descriptors; accepting later")
                loops[0].listen(token, socket: socket, false)
                loops[0].schedule(loops[0].clock.now + 100_000_000, token: token)
                return
            default: return
            }
        }
    }

    func deadlinePassed() {
        if isOpen { loops[0].listen(token, socket: socket, true) }
    }

    private func take(_ peer: Int32, _ host: String) {
        var one: Int32 = 1
        // Without it a small answer may wait for the acknowledgement of the one before (RFC 896).
        setsockopt(peer, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        // TCP_NOTSENT_LOWAT: what the kernel holds beyond the client's window is bounded too, else a slow reader costs megabytes there.
        var unsent = Int32(clamping: core.configuration.limits.bufferBytes / 2)
        setsockopt(peer, Int32(IPPROTO_TCP), 25, &unsent, 4)
        let refusal = core.connectionOpened(from: host)
        let loop = loops[accepted % loops.count]
        accepted += 1
        let connection = Connection(core: core, loop: loop, socket: peer, remoteAddress: host)
        if loop === loops[0] { connection.open(refusal: refusal) } else { loop.execute { connection.open(refusal: refusal) } }
    }
}

/// Between socket addresses and text.
enum SocketAddress {
    static func fill(
        _ storage: inout sockaddr_storage, host: String, port: Int
    ) throws(SystemError) -> (family: Int32, length: socklen_t) {
        guard let number = UInt16(exactly: port) else { throw SystemError(call: "port \(port)", code: EINVAL) }
        if host.contains(":") {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = number.bigEndian
            guard inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else { throw SystemError(call: "address \(host)", code: EINVAL) }
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in6.self) }
            return (AF_INET6, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = number.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { throw SystemError(call: "address \(host)", code: EINVAL) }
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in.self) }
        return (AF_INET, socklen_t(MemoryLayout<sockaddr_in>.size))
    }

    static func read(_ storage: sockaddr_storage) -> BoundAddress {
        withUnsafeBytes(of: storage) { bytes in
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            let port: UInt16
            if Int32(storage.ss_family) == AF_INET6 {
                var address = bytes.loadUnaligned(as: sockaddr_in6.self)
                port = UInt16(bigEndian: address.sin6_port)
                inet_ntop(AF_INET6, &address.sin6_addr, &text, socklen_t(text.count))
            } else {
                var address = bytes.loadUnaligned(as: sockaddr_in.self)
                port = UInt16(bigEndian: address.sin_port)
                inet_ntop(AF_INET, &address.sin_addr, &text, socklen_t(text.count))
            }
            let used = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            return BoundAddress(host: String(decoding: used, as: UTF8.self), port: Int(port))
        }
    }
}
