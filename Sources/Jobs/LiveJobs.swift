import Foundation
import Synchronization

/// What is known in memory about the jobs that workers hold: progress that no disk has seen yet, and who is to stop.
final class LiveJobs: Sendable {
    private struct Entry {
        let token: String
        var heldUntil: Date
        var progress = Job.Progress()
        var isCancelling = false
    }

    private let entries = Mutex<[Job.ID: Entry]>([:])

    func begin(_ lease: Lease, until end: Date) {
        entries.withLock { $0[lease.id] = Entry(token: lease.token, heldUntil: end) }
    }

    /// A sign of life from a lease's holder; without effect once the lease is lost.
    func prolong(_ lease: Lease, until end: Date) {
        entries.withLock { if $0[lease.id]?.token == lease.token { $0[lease.id]?.heldUntil = end } }
    }

    /// Whether the job's holder has given a sign of life that is still good, be it one that no disk has seen.
    func isHeld(_ id: Job.ID, at now: Date) -> Bool {
        entries.withLock { $0[id].map { $0.heldUntil > now } ?? false }
    }

    func end(_ lease: Lease) {
        entries.withLock { if $0[lease.id]?.token == lease.token { $0[lease.id] = nil } }
    }

    func end(_ id: Job.ID) {
        entries.withLock { $0[id] = nil }
    }

    func cancel(_ id: Job.ID) {
        entries.withLock { $0[id]?.isCancelling = true }
    }

    /// - Returns: Whether anything changed; never for a lease that was lost.
    func report(_ progress: Job.Progress, _ lease: Lease) -> Bool {
        entries.withLock { entries in
            guard let entry = entries[lease.id], entry.token == lease.token, entry.progress != progress else { return false }
            entries[lease.id]?.progress = progress
            return true
        }
    }

    func progress(_ id: Job.ID) -> Job.Progress? {
        entries.withLock { $0[id]?.progress }
    }

    /// Whether the attempt has become pointless: its job is to be cancelled, or is no longer its own.
    func shouldStop(_ lease: Lease) -> Bool {
        entries.withLock { entries in
            guard let entry = entries[lease.id], entry.token == lease.token else { return true }
            return entry.isCancelling
        }
    }
}
