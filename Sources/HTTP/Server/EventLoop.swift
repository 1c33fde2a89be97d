import CLinux
import Dispatch
import Glibc

/// A readiness loop over epoll, running as one long block on a serial Dispatch queue of its own.
///
/// Sockets are registered once, edge-triggered, for reading and writing both: a connection that does not want to read leaves the bytes in
/// the kernel, which is the whole of backpressure, and no request costs an `epoll_ctl`.
///
/// `@unchecked Sendable`: everything mutable is touched on the loop's thread alone, but for `inbox`, which has a lock, and the wake-up
/// descriptor, which is written to from anywhere.
final class EventLoop: @unchecked Sendable {
    /// What the loop watches: a connection or a listener.
    protocol Watched: AnyObject {
        /// - Parameter finished: the peer sends no more; reading until the end of file is worth it, however short a read was.
        func ready(readable: Bool, writable: Bool, finished: Bool, hangUp: Bool)
        /// Looks at the clock after a deadline that `schedule` asked for.
        func deadlinePassed()
    }

    private struct Inbox {
        var work: [@Sendable () -> Void] = []
        var isAwake = false
        var isStopped = false
    }

    private let queue: DispatchQueue
    private let epoll: Int32
    private let wakeUp: Int32
    private let inbox = Locked(Inbox())

    private var slots: [(watched: (any Watched)?, generation: UInt32)] = []
    private var freeSlots: [Int] = []
    private var deadlines = Deadlines()
    private(set) var clock = LoopClock()
    private var again: [UInt64] = []
    /// Where every socket of this loop is read into: a form with two pictures at once.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)

    private static let wakeToken = UInt64.max

    init(label: String) throws(SystemError) {
        queue = DispatchQueue(label: label, qos: .userInitiated)
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemError(call: "epoll_create1", code: errno) }
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard wakeUp >= 0 else { throw SystemError(call: "eventfd", code: errno) }
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: Self.wakeToken))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, wakeUp, &event) == 0 else { throw SystemError(call: "epoll_ctl", code: errno) }
    }

    deinit {
        close(epoll)
        close(wakeUp)
        scratch.deallocate()
    }

    func start() { queue.async { [self] in run() } }

    /// Ends the loop after the work that is in its inbox.
    func stop() { execute { [self] in inbox.withLock { $0.isStopped = true } } }

    // MARK: From any thread

    /// Runs `work` on the loop. Once that has stopped, runs it here: a handler that outlives its connection hears so, where an inbox that
    /// nobody empties would hold it, and itself, for ever. By then every connection is closed, and work of theirs changes nothing.
    func execute(_ work: @escaping @Sendable () -> Void) {
        let (sleeps, isStopped) = inbox.withLock { inbox in
            if inbox.isStopped { return (false, true) }
            inbox.work.append(work)
            defer { inbox.isAwake = true }
            return (!inbox.isAwake, false)
        }
        if isStopped { return work() }
        if sleeps {
            var one: UInt64 = 1
            _ = write(wakeUp, &one, 8)
        }
    }

    // MARK: On the loop

    /// Watches a socket from now on; the token is its name for `schedule`, `runAgain` and `remove`.
    func add(_ watched: any Watched, socket: Int32, edgeTriggered: Bool = true) throws(SystemError) -> UInt64 {
        let slot = freeSlots.popLast() ?? slots.count
        if slot == slots.count { slots.append((nil, 0)) }
        slots[slot].watched = watched
        let token = UInt64(slots[slot].generation) << 32 | UInt64(slot)
        let interest = edgeTriggered ? EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | 1 << 31 : EPOLLIN.rawValue
        var event = epoll_event(events: interest, data: epoll_data_t(u64: token))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) == 0 else {
            let code = errno
            release(token)
            throw SystemError(call: "epoll_ctl", code: code)
        }
        return token
    }

    /// Forgets a socket, before it is closed. Events and deadlines that are still on their way find a newer generation.
    func remove(_ token: UInt64, socket: Int32) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nil)
        release(token)
    }

    /// Mutes a level-triggered socket, or lets it speak again.
    func listen(_ token: UInt64, socket: Int32, _ listens: Bool) {
        var event = epoll_event(events: listens ? EPOLLIN.rawValue : 0, data: epoll_data_t(u64: token))
        epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event)
    }

    /// Everything watched now.
    var allWatched: [any Watched] { slots.compactMap(\.watched) }

    func schedule(_ when: UInt64, token: UInt64) { deadlines.add(when, token: token) }

    /// Calls `ready(readable: true)` once more after the others had their turn.
    func runAgain(_ token: UInt64) { again.append(token) }

    private func release(_ token: UInt64) {
        let slot = Int(token & 0xFFFF_FFFF)
        slots[slot].watched = nil
        slots[slot].generation &+= 1
        freeSlots.append(slot)
    }

    private func watched(_ token: UInt64) -> (any Watched)? {
        let slot = Int(token & 0xFFFF_FFFF)
        guard slot < slots.count, slots[slot].generation == UInt32(token >> 32) else { return nil }
        return slots[slot].watched
    }

    private func run() {
        let capacity = 256
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
        defer { events.deallocate() }
        while !drainInbox() {
            let count = epoll_wait(epoll, events, Int32(capacity), timeout())
            clock.update()
            inbox.withLock { $0.isAwake = true }
            // EINTR comes back as -1 with nothing to do.
            for index in 0..<max(0, Int(count)) { dispatch(events[index]) }
            let continued = again
            again.removeAll(keepingCapacity: true)
            for token in continued { watched(token)?.ready(readable: true, writable: false, finished: false, hangUp: false) }
            while let token = deadlines.take(until: clock.now) { watched(token)?.deadlinePassed() }
        }
    }

    private func dispatch(_ event: epoll_event) {
        let token = event.data.u64
        if token == Self.wakeToken {
            var drained: UInt64 = 0
            _ = read(wakeUp, &drained, 8)
            return
        }
        let bits = event.events
        watched(token)?.ready(
            readable: bits & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0, writable: bits & EPOLLOUT.rawValue != 0,
            finished: bits & EPOLLRDHUP.rawValue != 0, hangUp: bits & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0)
    }

    /// Milliseconds until something is due, -1 for ever; rounded up, so that a deadline has passed when the loop wakes.
    private func timeout() -> Int32 {
        if !again.isEmpty { return 0 }
        guard let earliest = deadlines.earliest else { return -1 }
        let now = LoopClock.monotonic()
        return earliest <= now ? 0 : Int32(clamping: (earliest - now + 999_999) / 1_000_000)
    }

    /// Does what was submitted, rounds of it while there is more, a bounded number; true once the loop was stopped.
    private func drainInbox() -> Bool {
        for _ in 0..<16 {
            let (work, isStopped) = inbox.withLock { inbox in
                inbox.isAwake = !inbox.work.isEmpty
                defer { inbox.work = [] }
                return (inbox.work, inbox.isStopped)
            }
            if work.isEmpty { return isStopped }
            for item in work { item() }
        }
        // Others wait too: come back at once through the wake-up descriptor.
        var one: UInt64 = 1
        _ = write(wakeUp, &one, 8)
        return false
    }
}
