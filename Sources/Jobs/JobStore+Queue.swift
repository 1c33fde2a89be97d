import Foundation
import GRDB

extension JobStore {
    /// Takes up the next job for one worker: it is running, held by a lease that ``renew(_:)`` prolongs, and counts one attempt more.
    ///
    /// - Returns: Nil if there is none to take now.
    /// - Complexity: O(log jobs).
    public func claimNext() throws(JobError) -> ClaimedJob? {
        let now = configuration.clock()
        let token = secureBytes(16).map { String($0, radix: 36) }.joined(separator: "-")
        let (claimed, lost) = try write { db in
            let lost = try takeBack(db, heldPast: now, at: now)
            guard let id = try candidate(db, at: now) else { return (nil as ClaimedJob?, lost) }
            let lease = Lease(id: id, token: token)
            let end = now + configuration.leaseDuration
            try db.execute(
                sql: """
                    UPDATE job SET state = 'running', started = ?, lease = ?, lease_expires = ?, attempts = attempts + 1,
                        completed = 0, total = 0
                    WHERE id = ?
                    """,
                arguments: [now.milliseconds, token, end.milliseconds, id.description])
            // Before the commit, so that no cancellation finds the job running but nobody to tell.
            live.begin(lease, until: end)
            return (try ClaimedJob(job: fetch(db, id)!, lease: lease), lost)
        }
        announce(lost)
        if let claimed { announce([claimed.job.id]) }
        return claimed
    }

    /// The first job in the order of turns that may run now. A job suspected of killing the process runs with nothing beside it.
    private func candidate(_ db: Database, at now: Date) throws -> Job.ID? {
        let running = try Int.fetchAll(db, sql: "SELECT interruptions FROM job WHERE state = 'running'")
        guard !running.contains(where: { $0 >= Self.suspicion }) else { return nil }
        let row = try Row.fetchOne(
            db, sql: "SELECT id, interruptions FROM job WHERE state = 'queued' AND available <= ? ORDER BY turn, id LIMIT 1",
            arguments: [now.milliseconds])
        guard let row, row["interruptions"] < Self.suspicion || running.isEmpty else { return nil }
        return Job.ID(stored: row["id"])
    }

    private static let suspicion = 2

    /// When the next job that waits for its retry may run; nil if none does.
    func nextRetry() throws(JobError) -> Date? {
        let now = configuration.clock().milliseconds
        return try read {
            try Int64.fetchOne($0, sql: "SELECT min(available) FROM job WHERE state = 'queued' AND available > ?", arguments: [now])
        }.map(Date.init(milliseconds:))
    }

    /// Notes an attempt's progress in memory, where pollers of this process see it at once; ``renew(_:)`` brings it to disk.
    ///
    /// Without effect once the lease is lost. O(1), never blocks for the disk.
    public func report(_ progress: Job.Progress, for lease: Lease) {
        if live.report(progress, lease) { subscribers.notify(lease.id) }
    }

    /// Prolongs leases by their full duration and stores the progress reported so far, in one transaction.
    ///
    /// - Returns: The leases that are lost.
    public func renew(_ leases: [Lease]) throws(JobError) -> [Lease] {
        guard !leases.isEmpty else { return [] }
        let end = configuration.clock() + configuration.leaseDuration
        // First: where the disk takes nothing, the jobs are held all the same.
        for lease in leases { live.prolong(lease, until: end) }
        let lost = try write { db in
            try leases.filter { lease in
                let progress = live.progress(lease.id) ?? Job.Progress()
                try db.execute(
                    sql: "UPDATE job SET lease_expires = ?, completed = ?, total = ? WHERE id = ? AND lease = ?",
                    arguments: [end.milliseconds, progress.completed, progress.total, lease.id.description, lease.token])
                return db.changesCount == 0
            }
        }
        lost.forEach(live.end)
        return lost
    }

    /// Ends an attempt well: stores result and output blobs and the final state in one transaction.
    ///
    /// - Returns: The job; it is `cancelled`, without outputs, if cancellation was asked for in the meantime.
    /// - Throws: `leaseLost`.
    public func complete(_ lease: Lease, with output: JobOutput) throws(JobError) -> Job {
        try end(lease) { db, row, now in
            try insert(db, output.outputs, .output, of: lease.id)
            try insert(db, .result, output.result, of: lease.id)
            let total = live.progress(lease.id) ?? Job.Progress()
            try db.execute(
                sql: """
                    UPDATE job SET state = 'succeeded', finished = ?, lease = NULL, lease_expires = NULL, completed = ?, total = ?
                    WHERE id = ?
                    """,
                arguments: [now.milliseconds, total.total, total.total, lease.id.description])
        }
    }

    /// Ends an attempt badly: back to its place in the queue after a pause, or `failed` if no attempt is left or none would help.
    ///
    /// - Throws: `leaseLost`.
    public func fail(_ lease: Lease, _ failure: JobFailure) throws(JobError) -> Job {
        try end(lease) { db, row, now in
            let failures = row["failures"] + 1
            guard !failure.isPermanent, failures < configuration.maximumAttempts else {
                return try fail(db, lease.id, failure.reason, at: now)
            }
            let pause = configuration.retryDelay * (1 << min(failures - 1, 10))
            try requeue(db, lease.id, pausedUntil: now + pause, "failures = failures + 1")
        }
    }

    /// Gives an attempt up, as at shutdown: back to its place in the queue as if the attempt had not been, not to be taken for `pause`.
    ///
    /// - Throws: `leaseLost`.
    public func handBack(_ lease: Lease, pause: Duration = .zero) throws(JobError) -> Job {
        try end(lease) { db, row, now in
            try requeue(db, lease.id, pausedUntil: pause > .zero ? now + pause : nil, "attempts = attempts - 1")
        }
    }

    /// Puts the jobs whose leases ran out back in their place; an attempt that was cut short too often ends the job.
    ///
    /// - Returns: How many there were.
    @discardableResult
    public func takeBackLostJobs() throws(JobError) -> Int {
        let now = configuration.clock()
        guard try read({ try !lostJobs($0, heldPast: now, at: now).isEmpty }) else { return 0 }
        let lost = try write { try takeBack($0, heldPast: now, at: now) }
        announce(lost)
        bell.ring()
        return lost.count
    }

    /// At open: whoever ran these jobs is dead, as this process has the file to itself.
    func recover() throws(JobError) {
        let now = configuration.clock()
        _ = try write { db in
            // The clock may have been set back: no pause outlives the process.
            try db.execute(sql: "UPDATE job SET available = 0 WHERE state = 'queued' AND available <> 0")
            return try takeBack(db, heldPast: .distantFuture, at: now)
        }
    }

    /// Running jobs whose lease ran out on disk and in memory.
    private func lostJobs(_ db: Database, heldPast deadline: Date, at now: Date) throws -> [Row] {
        let rows = try Row.fetchAll(
            db, sql: "SELECT id, interruptions, cancelling FROM job WHERE state = 'running' AND lease_expires <= ?",
            arguments: [deadline.milliseconds])
        return rows.filter { !live.isHeld(Job.ID(stored: $0["id"]), at: now) }
    }

    private func takeBack(_ db: Database, heldPast deadline: Date, at now: Date) throws -> [Job.ID] {
        try lostJobs(db, heldPast: deadline, at: now).map { row in
            let id = Job.ID(stored: row["id"])
            if row["cancelling"] {
                try cancel(db, id, at: now)
            } else if row["interruptions"] + 1 >= configuration.maximumInterruptions {
                let times = configuration.maximumInterruptions
                try fail(db, id, Job.Failure(code: "interrupted", text: "The job was cut short \(times) times."), at: now)
            } else {
                try requeue(db, id, "interruptions = interruptions + 1")
            }
            live.end(id)
            return id
        }
    }

    /// Ends an attempt by its lease in one transaction. Whatever its outcome, a job to be cancelled ends as cancelled.
    private func end(_ lease: Lease, _ body: (Database, Row, Date) throws -> Void) throws(JobError) -> Job {
        let now = configuration.clock()
        defer { bell.ring() }
        do {
            let job = try write { db in
                let row = try Row.fetchOne(
                    db, sql: "SELECT failures, cancelling FROM job WHERE id = ? AND lease = ?",
                    arguments: [lease.id.description, lease.token])
                guard let row else { throw JobError.leaseLost(lease.id) }
                if row["cancelling"] { try cancel(db, lease.id, at: now) } else { try body(db, row, now) }
                return try fetch(db, lease.id)!
            }
            // In this order: before the announcement the job is still shown running, as far as it has come.
            announce([lease.id])
            live.end(lease)
            return job
        } catch {
            if case .leaseLost = error { live.end(lease) }
            throw error
        }
    }

    private func requeue(_ db: Database, _ id: Job.ID, pausedUntil: Date? = nil, _ count: String) throws {
        try db.execute(
            sql: """
                UPDATE job SET state = 'queued', started = NULL, lease = NULL, lease_expires = NULL, completed = 0, total = 0,
                    available = ?, \(count)
                WHERE id = ?
                """,
            arguments: [pausedUntil?.milliseconds ?? 0, id.description])
    }

    private func fail(_ db: Database, _ id: Job.ID, _ reason: Job.Failure, at now: Date) throws {
        try db.execute(
            sql: """
                UPDATE job SET state = 'failed', finished = ?, lease = NULL, lease_expires = NULL, failures = failures + 1,
                    failure_code = ?, failure_text = ?
                WHERE id = ?
                """,
            arguments: [now.milliseconds, reason.code, reason.text, id.description])
    }
}
