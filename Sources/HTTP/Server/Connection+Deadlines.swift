/// When a connection has had time enough.
extension Connection {
    private var timeouts: HTTPServer.Timeouts { core.configuration.timeouts }

    /// The moment by which something has to happen; nil while it is the handler's turn.
    private var deadline: UInt64? {
        var earliest: UInt64?
        switch phase {
        case .reading:
            earliest = requestBegan.map { $0 + timeouts.header.nanoseconds } ?? idleSince + timeouts.idle.nanoseconds
        case .handling:
            if let exchange, exchange.wantsBody {
                // A body may take longer the more of it has come: who drips it slower than the rate runs out of time.
                let earned = UInt64(exchange.bodyBytes) * 1_000_000_000 / UInt64(max(1, timeouts.bodyBytesPerSecond))
                earliest = exchange.bodyBegan + timeouts.body.nanoseconds + earned
            }
        case .lingering: return lingerSince + timeouts.linger.nanoseconds
        case .closing: break
        case .closed: return nil
        }
        guard !output.isEmpty else { return earliest }
        return min(earliest ?? .max, lastProgress + timeouts.write.nanoseconds)
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
