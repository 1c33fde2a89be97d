import Jobs
import Synchronization

/// Promises places in a full queue to clients who are refused, and keeps them: what Retry-After tells shall be true for everybody who waits.
///
/// Each is told when one more place will be free than was promised before: were all told when the next one will be, one of them would find
/// it. Nobody's return can be told from another's first try, so a promise has a time, not a name: when it comes, the next to ask gets the
/// place, and before, places that are free already are left to those who wait. Who comes a second late has lost his.
///
/// Clients who are refused again and again push the promises ahead, but no further than the time in which all that waits now is done.
final class QueuePromises: Sendable {
    private struct State {
        /// When those who were promised a place will return, in order.
        var returns: [ContinuousClock.Instant] = []
        /// When the place that was promised last will be free.
        var latest: ContinuousClock.Instant?
    }

    /// How long a job takes, before the first has ended.
    private static let presumedRunSeconds = 1.0
    /// How long a place is kept for one who does not return.
    private static let patience = Duration.seconds(1)

    private let workers: Int
    private let state = Mutex(State())

    init(workers: Int) { self.workers = workers }

    /// Asks for a place.
    ///
    /// - Returns: nil where there is one; else after how many seconds there will be.
    /// - Complexity: O(promises).
    func ask(_ backlog: Backlog, at now: ContinuousClock.Instant = .now) -> Int? {
        state.withLock { state in
            state.returns.removeAll { $0 + Self.patience < now }
            let free = backlog.capacity - backlog.queued
            if free > 0, let first = state.returns.first, first <= now {
                state.returns.removeFirst()
                return nil
            }
            return free > state.returns.count ? nil : promise(backlog, &state, at: now)
        }
    }

    private func promise(_ backlog: Backlog, _ state: inout State, at now: ContinuousClock.Instant) -> Int {
        let interval = max((backlog.meanRunSeconds ?? Self.presumedRunSeconds) / Double(workers), backlog.meanTurnSeconds ?? 0)
        let (next, last) = (max(state.latest ?? now, now) + .seconds(interval), now + .seconds(interval * Double(backlog.queued)))
        guard next <= last else { return RetryAfter.seconds((last - now) / .seconds(1)) }
        let seconds = RetryAfter.seconds((next - now) / .seconds(1))
        state.latest = next
        let comes = now + .seconds(seconds)
        state.returns.insert(comes, at: state.returns.lastIndex { $0 <= comes }.map { $0 + 1 } ?? 0)
        return seconds
    }
}
