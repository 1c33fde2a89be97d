import Jobs
import Synchronization

/// Promises places in a full queue to clients who are refused, and keeps them: what Retry-After tells shall be true for everybody who waits.
///
/// Each is told when one more place will be free than is promised already: were all told when the next one will be, one of them would find
/// it. When that time has come, a place is kept for a while for whoever returns with the same request; one who comes for the first time is
/// let in only where no promise is broken by it. Requests that cannot be told apart share their promises: when one is due, the next of them
/// to ask has it.
///
/// Clients who are refused again and again push the promises ahead, but no further than the time in which the queue is done twice.
final class QueuePromises: Sendable {
    /// A place that is being taken: its job is on its way into the queue.
    struct Place: Sendable {
        fileprivate let number: Int
    }

    private struct Promise {
        let claimant: Claimant
        let due: ContinuousClock.Instant
    }

    private struct State {
        /// In the order in which they are due.
        var promises: [Promise] = []
        /// By number, those who were let in, and until when they are waited for.
        var entering: [Int: ContinuousClock.Instant] = [:]
        var entered = 0
        /// How long a turn takes, as it was last told.
        var turnSeconds = presumedRunSeconds

        mutating func forgetPast(_ now: ContinuousClock.Instant) {
            promises.removeFirst(promises.prefix { $0.due + patience < now }.count)
            for (number, end) in entering where end < now { entering[number] = nil }
        }

        /// Whether one more can be let in without a promise being broken: everybody who is promised a place finds one still, among those that
        /// are free and those that will be, with as much of a margin as they were told.
        func hasRoom(beside promises: [Promise], free: Int, at now: ContinuousClock.Instant) -> Bool {
            guard free <= promises.count else { return true }
            return free > 0
                && promises.enumerated().allSatisfy { number, promise in
                    let turns = max(0, (promise.due - now) / .seconds(1) / turnSeconds)
                    return Double(number + 2) <= Double(free) + max(0, turns - margin(turns))
                }
        }
    }

    /// How long a job takes, before the first has ended.
    private static let presumedRunSeconds = 1.0
    /// How long a place is kept for one who does not return.
    private static let patience = Duration.seconds(2)
    /// How long a place is kept for one whose body does not arrive.
    private static let bodyPatience = Duration.seconds(10)
    /// The most that are promised a place at once, as a multiple of the queue's capacity, and at all. Who is refused beyond that is told when
    /// all of them will have had theirs, and nothing is kept.
    private static let (mostQueues, mostPromises) = (2, 10_000)

    /// Jobs differ in length, so what so many turns take does: two standard deviations, were the lengths distributed exponentially.
    private static func margin(_ turns: Double) -> Double { 2 * turns.squareRoot() }

    private let workers: Int
    private let state = Mutex(State())

    init(workers: Int) { self.workers = workers }

    /// Takes a place, which is ``leave(_:)``'s to give back, as soon as the job is counted in the queue or will not be.
    ///
    /// - Returns: nil where there is none for this claimant.
    /// - Complexity: O(promises).
    func enter(_ claimant: Claimant, _ backlog: Backlog, at now: ContinuousClock.Instant = .now) -> Place? {
        state.withLock { state in
            state.forgetPast(now)
            let free = backlog.capacity - backlog.queued - state.entering.count
            // The first of theirs to be due.
            if let own = state.promises.firstIndex(where: { $0.claimant == claimant }) {
                var others = state.promises
                let isDue = others.remove(at: own).due <= now
                guard isDue ? free > 0 : state.hasRoom(beside: others, free: free, at: now) else { return nil }
                state.promises = others
            } else {
                guard state.hasRoom(beside: state.promises, free: free, at: now) else { return nil }
            }
            state.entered += 1
            state.entering[state.entered] = now + Self.bodyPatience
            return Place(number: state.entered)
        }
    }

    func leave(_ place: Place) {
        state.withLock { $0.entering[place.number] = nil }
    }

    /// Promises a place to a claimant who has got none.
    ///
    /// - Returns: after how many seconds there will be one.
    /// - Complexity: O(promises).
    func promise(_ claimant: Claimant, _ backlog: Backlog, _ pace: Pace, at now: ContinuousClock.Instant = .now) -> Int {
        state.withLock { state in
            state.forgetPast(now)
            var before = state.promises.count
            if let own = state.promises.firstIndex(where: { $0.claimant == claimant && $0.due <= now }) {
                // It was not kept: jobs took longer. Only those go before whose time has come too.
                state.promises.remove(at: own)
                before = state.promises.count { $0.due <= now }
            }
            // As many jobs must have been taken up before one more place is free.
            let turns = max(1, before + 1 + state.entering.count - (backlog.capacity - backlog.queued))
            state.turnSeconds = max((pace.meanRunSeconds ?? Self.presumedRunSeconds) / Double(workers), pace.meanTurnSeconds ?? 0, 0.001)
            let most = min(backlog.capacity * Self.mostQueues, Self.mostPromises)
            let told = Double(min(turns, most))
            let seconds = RetryAfter.seconds(state.turnSeconds * (told + Self.margin(told)))
            guard turns <= most, state.promises.count < most else { return seconds }
            let due = now + .seconds(seconds)
            let place = state.promises.lastIndex { $0.due <= due }.map { $0 + 1 } ?? 0
            state.promises.insert(Promise(claimant: claimant, due: due), at: place)
            return seconds
        }
    }

    /// How many promises there are, for tests.
    var count: Int { state.withLock { $0.promises.count } }
}
