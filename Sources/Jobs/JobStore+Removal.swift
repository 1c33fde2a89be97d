import Foundation
import GRDB

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
            try db.execute(sql: "DELETE FROM job WHERE id = ?", arguments: [id.description])
        }
        announce([id])
        try erase()
    }

    /// Erases the finished jobs whose time is over.
    ///
    /// Their bytes are overwritten in the database (secure_delete) and leave the write-ahead log, which is emptied; freed pages are given
    /// back to the disk. If a reader is in the way, the log is emptied by a later sweep.
    ///
    /// - Returns: How many jobs were erased.
    /// - Complexity: O(bytes erased), in transactions of at most twenty jobs.
    @discardableResult
    public func sweep() throws(JobError) -> Int {
        let limit = configuration.clock().addingTimeInterval(-configuration.retention.seconds)
        var erased = 0
        while true {
            let ids = try write { db in
                let ids = try String.fetchAll(
                    db, sql: "SELECT id FROM job WHERE finished IS NOT NULL AND finished <= ? ORDER BY finished LIMIT 20",
                    arguments: [limit.milliseconds])
                for id in ids { try db.execute(sql: "DELETE FROM job WHERE id = ?", arguments: [id]) }
                return ids.map(Job.ID.init(stored:))
            }
            announce(ids)
            erased += ids.count
            guard ids.count == 20 else { break }
        }
        try erase()
        return erased
    }

    /// Gives free pages back and empties the log, which still holds what was deleted.
    private func erase() throws(JobError) {
        guard file != nil else { return }
        do {
            try database.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA incremental_vacuum(10000)")
                do {
                    try db.checkpoint(.truncate)
                } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                    // A reader is in the way: the next sweep tries again.
                }
            }
        } catch {
            throw JobError(error, path: path)
        }
    }
}
