import Foundation
import GRDB
import Synchronization

extension JobStore {
    /// Asks that a job not be done. A queued one is cancelled when this returns; a running one ends as cancelled when its handler next
    /// looks, that is, at its next step. Cancelling a cancelled job changes nothing.
    ///
    /// - Throws: `notFound`, also for a job outside `scope`; `alreadyFinished` if it succeeded or failed.
    @discardableResult
    public func cancel(_ id: Job.ID, in scope: JobScope = .everyone) throws(JobError) -> Job {
        let now = configuration.clock()
        let job = try write { db in
            guard let job = try fetch(db, id), scope.includes(job) else { throw JobError.notFound(id) }
            switch job.state {
            case .queued: try cancel(db, id, at: now)
            case .running: try db.execute(sql: "UPDATE job SET cancelling = 1 WHERE id = ?", arguments: [id.description])
            case .cancelled: break
            case .succeeded, .failed: throw JobError.alreadyFinished(id, job.state)
            }
            return try fetch(db, id)!
        }
        live.cancel(id)
        announce([id])
        return job
    }

    func cancel(_ db: Database, _ id: Job.ID, at now: Date) throws {
        try db.execute(
            sql: "UPDATE job SET state = 'cancelled', finished = ?, lease = NULL, lease_expires = NULL WHERE id = ?",
            arguments: [now.milliseconds, id.description])
    }

    /// Erases a finished job with all its bytes (see ``sweep()``).
    ///
    /// - Throws: `notFound`, also for a job outside `scope`; `notFinished`.
    public func delete(_ id: Job.ID, in scope: JobScope = .everyone) throws(JobError) {
        try write { db in
            guard let job = try fetch(db, id), scope.includes(job) else { throw JobError.notFound(id) }
            guard job.state.isFinal else { throw JobError.notFinished(id, job.state) }
            try delete(db, id)
        }
        announce([id])
        try erase()
    }

    /// Erases the finished jobs whose time is over, the oldest first and at most a hundred: who sweeps has other things to do.
    ///
    /// Their bytes are overwritten in the database (secure_delete) and leave the write-ahead log, which is emptied; freed pages are given
    /// back to the disk. If a reader is in the way, the log is emptied by a later sweep.
    ///
    /// - Returns: How many jobs were erased.
    /// - Complexity: O(bytes erased), in a transaction for each job: the log must not need more room than is kept for it.
    @discardableResult
    public func sweep() throws(JobError) -> Int {
        let limit = configuration.clock().addingTimeInterval(-configuration.retention.seconds)
        let ids = try read {
            try String.fetchAll(
                $0, sql: "SELECT id FROM job WHERE finished IS NOT NULL AND finished <= ? ORDER BY finished LIMIT 100",
                arguments: [limit.milliseconds])
        }.map(Job.ID.init(stored:))
        for id in ids {
            try write { try delete($0, id) }
            announce([id])
        }
        if hasTraces.load(ordering: .relaxed) { try erase() }
        return ids.count
    }

    /// For how long no job will expire, whatever ends meanwhile; not positive where one has.
    func timeToExpiry() throws(JobError) -> Duration {
        let first = try read { try Int64.fetchOne($0, sql: "SELECT min(finished) FROM job WHERE finished IS NOT NULL") }
        guard let first else { return configuration.retention }
        let expiry = Date(milliseconds: first) + configuration.retention
        return min(configuration.retention, .seconds(expiry.timeIntervalSince(configuration.clock())))
    }

    private func delete(_ db: Database, _ id: Job.ID) throws {
        // Before: from the commit on there is something to erase.
        hasTraces.store(true, ordering: .relaxed)
        try db.execute(sql: "DELETE FROM job WHERE id = ?", arguments: [id.description])
    }

    /// Empties the log, which still holds what was deleted, and gives free pages back.
    private func erase() throws(JobError) {
        // Before: what is deleted meanwhile leaves traces anew.
        hasTraces.store(false, ordering: .relaxed)
        guard file != nil else { return }
        do {
            // First, and so with an empty log, which has room for what moves pages.
            try emptyLog()
            while try giveBack() {}
            try emptyLog()
        } catch {
            hasTraces.store(true, ordering: .relaxed)
            throw JobError(error, path: path)
        }
    }

    /// Brings all of the log into the file. Where a reader is in the way, the next sweep tries again.
    private func emptyLog() throws {
        do {
            try database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            hasTraces.store(true, ordering: .relaxed)
        }
    }

    /// Cuts free pages off the file, a megabyte at a time: the log must not need more room than is kept for it. Where it has none, they stay
    /// for other jobs.
    ///
    /// - Returns: Whether there were some.
    private func giveBack() throws -> Bool {
        do {
            return try database.writeWithoutTransaction { db in
                let before = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
                try db.execute(sql: "PRAGMA incremental_vacuum(250)")
                return try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0 < before
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            return false
        }
    }
}
