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
    /// How long a job takes, before the first has ended.
    private static let presumedRunSeconds = 1.0
    /// How long a place is kept for one who does not return.
    private static let patience = Duration.seconds(1)

    private let workers: Int
    /// When those who were promised a place will return, in order.
    private let returns = Mutex<[ContinuousClock.Instant]>([])

    init(workers: Int) { self.workers = workers }

    /// Asks for a place.
    ///
    /// - Returns: nil where there is one; else after how many seconds there will be.
    /// - Complexity: O(promises).
    func ask(_ backlog: Backlog, at now: ContinuousClock.Instant = .now) -> Int? {
        returns.withLock { returns in
            returns.removeAll { $0 + Self.patience < now }
            let free = backlog.capacity - backlog.queued
            if free > 0, let first = returns.first, first <= now {
                returns.removeFirst()
                return nil
            }
            guard free <= returns.count else { return nil }
            // As many jobs must have been taken up before one more place is free.
            let turns = returns.count + 1 - max(free, 0)
            let interval = max((backlog.meanRunSeconds ?? Self.presumedRunSeconds) / Double(workers), backlog.meanTurnSeconds ?? 0)
            let seconds = RetryAfter.seconds(interval * Double(min(turns, backlog.queued)))
            guard turns <= backlog.queued else { return seconds }
            let comes = now + .seconds(seconds)
            returns.insert(comes, at: returns.lastIndex { $0 <= comes }.map { $0 + 1 } ?? 0)
            return seconds
        }
    }
}
