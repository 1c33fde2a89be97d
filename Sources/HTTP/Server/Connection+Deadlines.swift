/// When a connection has had time enough.
extension Connection {
    /// The moment by which something has to happen; nil while it is the handler's turn.
    private var deadline: UInt64? {
        var earliest: UInt64?
        switch phase {
        case .reading where output.isEmpty:
            earliest = requestBegan.map { $0 + core.timeouts.header } ?? idleSince + core.timeouts.idle
        case .handling:
            if let exchange, exchange.wantsBody {
                // A body may take longer the more of it has come: who drips it slower than the rate runs out of time.
                let earned = UInt64(exchange.bodyBytes) * core.timeouts.bodyByte
                earliest = exchange.bodyBegan + core.timeouts.body + earned
            }
        case .lingering: return lingerSince + core.timeouts.linger
        // The client is still taking an answer: nothing else is asked of it.
        case .reading, .closing: break
        case .closed: return nil
        }
        guard !output.isEmpty else { return earliest }
        return min(earliest ?? .max, lastProgress + core.timeouts.write)
    }

    /// Sees to it that the loop looks here by the deadline. One that moved later waits for the entry that stands already.
    func updateDeadline() {
        guard let deadline else { return }
        if let scheduled, scheduled <= deadline { return }
        scheduled = deadline
        loop.schedule(deadline, token: token)
    }

    func deadlinePassed() {
        let now = loop.clock.now
        if let scheduled, scheduled <= now { self.scheduled = nil }
        guard let deadline else { return }
        guard deadline <= now else { return updateDeadline() }
        switch phase {
        case .reading where output.isEmpty && requestBegan != nil && hasUnfinishedRequest:
            refuse(Refusal(.requestTimeout, "The request took too long to arrive.", "RFC 9110 §15.5.9"))
        case .reading where output.isEmpty: finish()
        case .handling where output.isEmpty:
            failBody(Refusal(.requestTimeout, "The body took too long to arrive.", "RFC 9110 §15.5.9"))
        default: close()
        }
        updateDeadline()
    }
}

extension HTTPServer.Timeouts {
    /// In the loop's unit.
    struct Nanoseconds: Sendable {
        let header: UInt64
        let idle: UInt64
        let body: UInt64
        /// What each byte of a body earns.
        let bodyByte: UInt64
        let write: UInt64
        let linger: UInt64

        init(_ timeouts: HTTPServer.Timeouts) {
            (header, idle, body) = (timeouts.header.nanoseconds, timeouts.idle.nanoseconds, timeouts.body.nanoseconds)
            (write, linger) = (timeouts.write.nanoseconds, timeouts.linger.nanoseconds)
            bodyByte = 1_000_000_000 / UInt64(max(1, timeouts.bodyBytesPerSecond))
        }
    }
}
