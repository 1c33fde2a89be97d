import Glibc
import Logging

/// One connection: reads requests one after the other, has each handled, writes the answers in order (RFC 9112 §9.3).
///
/// A connection reads from its socket only while it has use for the bytes: not while a handler is slow to take its body, not while the
/// client is slow to take its answers, not for the next request before this one is answered.
///
/// `@unchecked Sendable`: everything is touched on the loop's thread alone; handlers reach it through `loop.execute`.
final class Connection: EventLoop.Watched, @unchecked Sendable {
    enum Phase {
        /// Between requests, or within a request's head.
        case reading
        /// A request is with its handler, its body perhaps still on the way.
        case handling
        /// The last answer is on its way out.
        case closing
        /// Our side is shut; what still comes is thrown away until the client closes too, lest a reset destroys the answer (RFC 9112 §9.6).
        case lingering
        case closed
    }

    let core: ServerCore
    let loop: EventLoop
    let socket: Int32
    let remoteAddress: String
    var limits: HTTPServer.Limits { core.configuration.limits }

    var phase = Phase.reading
    var exchange: Exchange?
    var output = OutputQueue()
    private(set) var token: UInt64 = 0

    private var parser: HeadParser
    /// What was read and not consumed, beyond the loop's scratch space: nothing, on an idle connection.
    private var inbound: [UInt8] = []
    private var inboundStart = 0
    private var isReadable = false
    /// The client shut its side: reads go on to the end of file, and answers are still sent (RFC 9112 §9.6).
    private var isFinished = false
    private(set) var sawEnd = false
    private var isPumping = false
    /// Requests begun since the client last had nothing ahead of an answer.
    var pipelined = 0

    /// When the first byte of the unfinished request came (or the connection opened); nil while idle.
    var requestBegan: UInt64?
    var idleSince: UInt64 = 0
    var lingerSince: UInt64 = 0
    var lastProgress: UInt64 = 0
    var scheduled: UInt64?

    init(core: ServerCore, loop: EventLoop, socket: Int32, remoteAddress: String) {
        (self.core, self.loop, self.socket, self.remoteAddress) = (core, loop, socket, remoteAddress)
        parser = HeadParser(limits: core.configuration.limits)
    }

    /// Begins to serve; a client over a limit of connections gets its refusal instead.
    func open(refusal: Refusal?) {
        do { token = try loop.add(self, socket: socket) } catch {
            phase = .closed
            Glibc.close(socket)
            core.connectionClosed(from: remoteAddress)
            return
        }
        (requestBegan, idleSince) = (loop.clock.now, loop.clock.now)
        if core.isDraining {
            drain()
        } else if let refusal {
            refuse(refusal)
        }
        updateDeadline()
    }

    func ready(readable: Bool, writable: Bool, finished: Bool, hangUp: Bool) {
        guard phase != .closed else { return }
        if hangUp { return close() }
        if finished { isFinished = true }
        if readable { isReadable = true }
        if writable { flush() }
        pump()
    }

    // MARK: Reading

    private var wantsBytes: Bool {
        switch phase {
        case .reading: output.count < limits.bufferBytes
        case .handling: exchange?.wantsBody ?? false
        case .lingering: true
        case .closing, .closed: false
        }
    }

    /// Processes what is there and reads on while there is use for it; after a megabyte the other connections have their turn.
    func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        var budget = 4
        processInbound()
        while wantsBytes, isReadable, !sawEnd {
            if budget == 0 {
                loop.runAgain(token)
                break
            }
            budget -= 1
            receive()
        }
        updateDeadline()
    }

    /// Whether some of a request is there, so that there is something to answer.
    var hasUnfinishedRequest: Bool { parser.hasBegun || !inbound.isEmpty }

    private func receive() {
        let count = recv(socket, loop.scratch.baseAddress, loop.scratch.count, 0)
        if count > 0 {
            // A short read emptied the socket, unless the end of file stands behind it.
            if count < loop.scratch.count && !isFinished { isReadable = false }
            if phase == .reading && inbound.isEmpty { pipelined = 0 }
            let bytes = UnsafeRawBufferPointer(rebasing: loop.scratch[..<count])
            if inbound.isEmpty {
                let consumed = process(bytes)
                if consumed < count && phase != .closed { inbound = Array(bytes[consumed...]) }
                noteBeginning()
            } else {
                inbound.append(contentsOf: bytes)
                processInbound()
            }
        } else if count == 0 {
            sawEnd = true
            ended()
        } else {
            switch errno {
            case EINTR: break
            case EAGAIN, EWOULDBLOCK: isReadable = false
            default: close()
            }
        }
    }

    private func processInbound() {
        guard !inbound.isEmpty else { return }
        // Out of `self` while it is read: processing may close the connection.
        let (bytes, start) = (inbound, inboundStart)
        (inbound, inboundStart) = ([], 0)
        let consumed = start + bytes.withUnsafeBytes { process(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        if consumed < bytes.count && phase != .closed {
            // Moving the rest down costs as much as it is long; do it when it is the smaller part.
            if consumed > bytes.count / 2 { inbound = Array(bytes[consumed...]) } else { (inbound, inboundStart) = (bytes, consumed) }
        }
        noteBeginning()
    }

    /// Starts the clock of a request of which something is there, also where it came in one read with the request before it.
    private func noteBeginning() {
        if phase == .reading { requestBegan = hasUnfinishedRequest ? requestBegan ?? loop.clock.now : nil }
    }

    /// Consumes what the phase allows. Does not touch `inbound`.
    private func process(_ input: UnsafeRawBufferPointer) -> Int {
        var start = 0
        while true {
            let rest = UnsafeRawBufferPointer(rebasing: input[start...])
            switch phase {
            case .reading:
                guard !rest.isEmpty, output.count < limits.bufferBytes else { return start }
                do {
                    let (consumed, head) = try parser.parse(rest)
                    start += consumed
                    guard let head else { return start }
                    requestBegan = nil
                    start += begin(head, UnsafeRawBufferPointer(rebasing: input[start...]))
                } catch {
                    refuse(error)
                    return input.count
                }
            case .handling:
                let consumed = takeBody(rest)
                guard consumed > 0 else { return start }
                start += consumed
            case .closing, .lingering, .closed: return input.count
            }
        }
    }

    /// The client sends no more.
    private func ended() {
        switch phase {
        case .reading:
            if hasUnfinishedRequest {
                refuse(Refusal(.badRequest, "The request ended early.", "RFC 9112 §8"))
            } else {
                finish()
            }
        case .handling: failBody(Refusal(.badRequest, "The body ended early.", "RFC 9112 §8"))
        case .lingering: close()
        case .closing, .closed: break
        }
    }

    // MARK: Writing and closing

    /// Answers a request that no handler sees, and closes: where the next one begins is not known (RFC 9112 §11.2).
    func refuse(_ refusal: Refusal) {
        let id = exchange?.id ?? core.identity(nil)
        core.logRefusal(refusal, id: id)
        let response = refusal.problem.response
        let version = exchange?.version ?? parser.version ?? .http11
        let method = exchange?.method ?? parser.method
        let framing = ResponseEncoder.framing(response, version: version)
        output.append(
            ResponseEncoder.head(response, framing: framing, version: version, keepAlive: false, id: id, date: loop.clock.date))
        if method != .head, case .bytes(let bytes) = response.body { output.append(bytes) }
        lastProgress = loop.clock.now
        exchange = nil
        finish()
    }

    /// Closes once everything is sent.
    func finish() {
        guard phase != .closed, phase != .lingering else { return }
        phase = .closing
        inbound = []
        inboundStart = 0
        flush()
    }

    /// Sends what the socket takes.
    func flush() {
        guard phase != .closed, phase != .lingering else { return }
        let before = output.count
        let progress = output.send(to: socket)
        if output.count < before { lastProgress = loop.clock.now }
        switch progress {
        case .failed: return close()
        case .blocked: break
        case .drained where phase == .closing:
            if sawEnd { return close() }
            shutdown(socket, Int32(SHUT_WR))
            phase = .lingering
            lingerSince = loop.clock.now
        case .drained where phase == .reading && before > 0: beginTurn()
        case .drained: break
        }
        if output.count <= limits.bufferBytes / 2 { exchange?.resumeWriters() }
        updateDeadline()
    }

    /// Ends the connection now.
    ///
    /// - Parameter reset: tells the client that what it has is not whole (RFC 9112 §8).
    func close(reset: Bool = false) {
        guard phase != .closed else { return }
        phase = .closed
        exchange?.abandon()
        exchange = nil
        (inbound, inboundStart, output) = ([], 0, OutputQueue())
        loop.remove(token, socket: socket)
        if reset {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
        Glibc.close(socket)
        core.connectionClosed(from: remoteAddress)
    }

    /// Part of a shutdown: an idle connection closes; one with a request in flight, be it unread in the socket, closes after its answer.
    func drain() {
        guard phase == .reading else { return }
        isReadable = true
        pump()
        if phase == .reading && !hasUnfinishedRequest { finish() }
    }

    /// After an answer: the next request.
    func next() {
        phase = .reading
        beginTurn()
    }

    /// It is the client's turn to send. What time it took to receive an answer does not count.
    private func beginTurn() {
        (idleSince, requestBegan) = (loop.clock.now, hasUnfinishedRequest ? loop.clock.now : nil)
    }
}
