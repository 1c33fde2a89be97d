import Synchronization

/// Jobs as they were last read, so that a thousand clients who poll cost no reads of the disk.
///
/// Never older than the last announced change: an announcement drops what it changes, and what was read before one is not kept after it.
final class RecentJobs: Sendable {
    private struct State {
        var jobs: [Job.ID: Job] = [:]
        /// Of queued jobs; any change may move all of them.
        var positions: [Job.ID: Int] = [:]
        var changes: UInt64 = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: how many jobs are kept; where one more comes, all others go.
    init(capacity: Int = 4096) { self.capacity = capacity }

    func job(_ id: Job.ID) -> Job? { state.withLock { $0.jobs[id] } }

    func position(_ id: Job.ID) -> Int? { state.withLock { $0.positions[id] } }

    /// Names the moment for `keep`: look at it before reading what is to be kept.
    var moment: UInt64 { state.withLock { $0.changes } }

    /// Keeps a job that was read after `moment`, unless anything has changed since.
    func keep(_ job: Job, since moment: UInt64) { keep(job, of: job.id, in: \.jobs, since: moment) }

    /// Keeps a place in the queue that was read after `moment`, unless anything has changed since.
    func keep(position: Int, of id: Job.ID, since moment: UInt64) { keep(position, of: id, in: \.positions, since: moment) }

    private func keep<Value>(
        _ value: Value, of id: Job.ID, in place: WritableKeyPath<State, [Job.ID: Value]> & Sendable, since moment: UInt64
    ) {
        state.withLock { state in
            guard state.changes == moment else { return }
            if state[keyPath: place].count >= capacity { state[keyPath: place].removeAll(keepingCapacity: true) }
            state[keyPath: place][id] = value
        }
    }

    /// Forgets jobs that have changed, and every place in the queue.
    func drop(_ ids: some Sequence<Job.ID>) {
        state.withLock { state in
            for id in ids { state.jobs[id] = nil }
            state.positions.removeAll(keepingCapacity: true)
            state.changes += 1
        }
    }
}
