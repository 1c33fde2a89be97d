import Foundation
import GRDB

extension JobStore {
    /// Accepts a job with its input blobs, in one transaction. When it returns, the job is on disk.
    ///
    /// A request whose idempotency key its owner has used before is not stored: the earlier job comes back if kind, parameters and
    /// inputs are the same byte for byte. A key is remembered as long as its job.
    ///
    /// - Throws: `queueFull`, `idempotencyConflict`, and `storageFull` already where there might be no room for the outcome one day (see
    ///   ``Room``). Nothing is stored then.
    /// - Complexity: O(bytes + queued jobs).
    public func submit(_ request: JobRequest) throws(JobError) -> Submission {
        let now = configuration.clock()
        let submission = try write { db in
            if let earlier = try earlierJob(db, request) { return Submission(job: earlier, isNew: false) }
            let queued = try queuedJobs(db)
            guard queued < configuration.capacity else { throw JobError.queueFull(queued: queued, capacity: configuration.capacity) }
            let room = Room(for: request)
            try require(room, db)
            let id = ids.next(at: now)
            let turn = try nextTurn(db, owner: request.owner)
            try db.execute(
                sql: """
                    INSERT INTO job (id, kind, owner, idempotency_digest, state, turn, seed, created, pages, reserved)
                    VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    id.description, request.kind, request.owner, request.idempotencyDigest, turn,
                    Int64(bitPattern: request.seed), now.milliseconds, room.pages, room.reserved,
                ])
            try insert(db, .parameters, request.parameters, of: id)
            try insert(db, request.inputs, .input, of: id)
            return Submission(job: try fetch(db, id)!, isNew: true)
        }
        if submission.isNew {
            // Others may wait behind it now.
            recent.drop([])
            bell.ring()
        }
        return submission
    }

    /// The turn of an owner's next job: one after the owner's last, but not before the turn that is being served.
    ///
    /// So an owner who comes late takes turns with one who has a thousand jobs waiting, and does not overtake them all.
    private func nextTurn(_ db: Database, owner: String?) throws -> Int64 {
        let last = try Int64.fetchOne(
            db, sql: "SELECT max(turn) FROM job WHERE owner IS ? AND state IN ('queued', 'running')", arguments: [owner])
        let served = try Int64.fetchOne(
            db,
            sql: """
                SELECT min(turn) FROM (
                    SELECT min(turn) AS turn FROM job WHERE state = 'queued' UNION ALL SELECT min(turn) FROM job WHERE state = 'running')
                """)
        return max((last ?? 0) + 1, served ?? 0)
    }

    private func earlierJob(_ db: Database, _ request: JobRequest) throws -> Job? {
        guard let digest = request.idempotencyDigest else { return nil }
        let row = try Row.fetchOne(db, sql: "SELECT \(Self.columns) FROM job WHERE idempotency_digest = ?", arguments: [digest])
        guard let job = row.map(job(from:)) else { return nil }
        guard job.kind == request.kind, job.parameters == request.parameters, job.inputs == request.inputs.keys.sorted() else {
            throw JobError.idempotencyConflict(existing: job.id)
        }
        for (name, bytes) in request.inputs where try blob(db, .input, name, of: job.id) != bytes {
            throw JobError.idempotencyConflict(existing: job.id)
        }
        return job
    }

    func insert(_ db: Database, _ blobs: [String: Data], _ role: BlobRole, of id: Job.ID) throws {
        for (name, bytes) in blobs.sorted(by: { $0.key < $1.key }) {
            try db.execute(
                sql: "INSERT INTO blob (job, role, name, bytes) VALUES (?, ?, ?, ?)",
                arguments: [id.description, role.rawValue, name, bytes])
        }
    }

    func insert(_ db: Database, _ document: Document, _ bytes: Data, of id: Job.ID) throws {
        try db.execute(
            sql: "INSERT INTO document (job, name, bytes) VALUES (?, ?, ?)", arguments: [id.description, document.rawValue, bytes])
    }

    func blob(_ db: Database, _ role: BlobRole, _ name: String, of id: Job.ID) throws -> Data? {
        try Data.fetchOne(
            db, sql: "SELECT bytes FROM blob WHERE job = ? AND role = ? AND name = ?", arguments: [id.description, role.rawValue, name])
    }
}
