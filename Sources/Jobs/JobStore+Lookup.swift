import Foundation
import GRDB

extension JobStore {
    /// The job as it stands now; progress is up to the last report, also before it is on disk.
    ///
    /// - Throws: `notFound`, also for a job outside `scope`.
    /// - Complexity: O(log jobs); no blob is read.
    public func job(_ id: Job.ID, in scope: JobScope = .everyone) throws(JobError) -> Job {
        if let job = recentJob(id, in: scope) { return job }
        let moment = recent.moment
        guard let job = try read({ try fetch($0, id) }), scope.includes(job) else { throw .notFound(id) }
        recent.keep(job, since: moment)
        return withLiveProgress(job)
    }

    /// The job as ``job(_:in:)`` has it, where that needs no read; nil where it does, and for a job outside `scope`.
    ///
    /// - Complexity: O(1), without waiting for the disk: also fit for a thread that must not block.
    public func recentJob(_ id: Job.ID, in scope: JobScope = .everyone) -> Job? {
        guard let job = recent.job(id), scope.includes(job) else { return nil }
        return withLiveProgress(job)
    }

    /// Jobs, newest first, at most `limit` of them.
    ///
    /// - Parameters:
    ///   - states: Only jobs in one of these; nil for all.
    ///   - before: Only jobs older than this one, which need not exist any more.
    /// - Precondition: `limit >= 1`.
    /// - Complexity: O(jobs passed over); no blob is read.
    public func list(
        in scope: JobScope = .everyone, states: Set<Job.State>? = nil, before: Job.ID? = nil, limit: Int = 50
    ) throws(JobError) -> JobPage {
        precondition(limit >= 1, "an empty page")
        var conditions = ["id < ?"]
        var arguments: StatementArguments = [before?.description ?? "~"]  // "~" follows every identifier
        if case .owner(let owner) = scope {
            conditions.append("owner = ?")
            arguments += [owner]
        }
        if let states {
            // "+" keeps the planner on the order of identifiers, where it can stop at the limit.
            conditions.append("+state IN (\(states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")))")
        }
        arguments += [limit + 1]
        let sql = "SELECT \(Self.columns) FROM job WHERE \(conditions.joined(separator: " AND ")) ORDER BY id DESC LIMIT ?"
        let jobs = try read { try Row.fetchAll($0, sql: sql, arguments: arguments).map(job(from:)) }.map(withLiveProgress)
        return JobPage(jobs: Array(jobs.prefix(limit)), next: jobs.count > limit ? jobs[limit - 1].id : nil)
    }

    /// How many jobs will be taken up before this one; nil unless it is queued.
    ///
    /// A submission by an owner with few waiting jobs may still come in between.
    ///
    /// - Throws: `notFound`.
    /// - Complexity: O(jobs before it).
    public func queuePosition(of id: Job.ID) throws(JobError) -> Int? {
        if let position = recent.position(id) { return position }
        let moment = recent.moment
        let position = try readPosition(of: id)
        if let position { recent.keep(position: position, of: id, since: moment) }
        return position
    }

    /// The place as ``queuePosition(of:)`` has it, where that needs no read; nil where it does.
    ///
    /// - Complexity: O(1), without waiting for the disk.
    public func recentQueuePosition(of id: Job.ID) -> Int? { recent.position(id) }

    private func readPosition(of id: Job.ID) throws(JobError) -> Int? {
        try read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT state, turn FROM job WHERE id = ?", arguments: [id.description]) else {
                throw JobError.notFound(id)
            }
            guard row["state"] == Job.State.queued.rawValue else { return nil }
            return try Int.fetchOne(
                db, sql: "SELECT count(*) FROM job WHERE state = 'queued' AND (turn, id) < (?, ?)",
                arguments: [row["turn"] as Int64, id.description])
        }
    }

    /// Whether a submission with this key would lead to an earlier job.
    ///
    /// - Complexity: O(log jobs).
    public func hasJob(idempotencyKey key: String, owner: String?) throws(JobError) -> Bool {
        let digest = IdempotencyDigest.of(key, owner: owner)
        return try read { try Bool.fetchOne($0, sql: "SELECT 1 FROM job WHERE idempotency_digest = ?", arguments: [digest]) } ?? false
    }

    /// An input blob; nil if the job has none of that name, or is gone.
    public func input(_ name: String, of id: Job.ID) throws(JobError) -> Data? {
        try read { try blob($0, .input, name, of: id) }
    }

    /// An output blob; nil if the job has none of that name, has not succeeded, or is gone.
    public func output(_ name: String, of id: Job.ID) throws(JobError) -> Data? {
        try read { try blob($0, .output, name, of: id) }
    }

    /// - Complexity: O(queued jobs), on an index alone.
    public func backlog() throws(JobError) -> Backlog {
        Backlog(queued: try read { try queuedJobs($0) }, capacity: configuration.capacity)
    }

    /// - Complexity: O(1): fifty jobs are looked at.
    public func pace() throws(JobError) -> Pace {
        try read { Pace(meanRunSeconds: try meanRunSeconds($0), meanTurnSeconds: try meanTurnSeconds($0)) }
    }

    func queuedJobs(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT count(*) FROM job WHERE state = 'queued'") ?? 0
    }

    private func meanRunSeconds(_ db: Database) throws -> Double? {
        try Double.fetchOne(
            db,
            sql: """
                SELECT avg(finished - started) / 1000 FROM (
                    SELECT finished, started FROM job WHERE finished IS NOT NULL AND +state = 'succeeded'
                    ORDER BY finished DESC LIMIT 50)
                """)
    }

    /// The time before a job was handed in is no part of its turn: nothing waited then.
    private func meanTurnSeconds(_ db: Database) throws -> Double? {
        try Double.fetchOne(
            db,
            sql: """
                SELECT avg(finished - max(previous, created)) / 1000 FROM (
                    SELECT finished, created, lag(finished) OVER (ORDER BY finished) AS previous FROM (
                        SELECT finished, created FROM job WHERE finished IS NOT NULL AND started IS NOT NULL
                        ORDER BY finished DESC LIMIT 50))
                WHERE previous IS NOT NULL
                """)
    }

    /// - Complexity: O(jobs), on an index alone.
    public func statistics() throws(JobError) -> JobStatistics {
        try read { db in
            var counts = Dictionary(uniqueKeysWithValues: Job.State.allCases.map { ($0, 0) })
            for row in try Row.fetchAll(db, sql: "SELECT state, count(*) AS count FROM job GROUP BY state") {
                if let state = Job.State(rawValue: row["state"]) { counts[state] = row["count"] }
            }
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            let pageSize = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0
            let oldest = try String.fetchOne(db, sql: "SELECT min(id) FROM job WHERE state = 'queued'").map(Job.ID.init(stored:))
            return try JobStatistics(
                counts: counts, oldestQueued: oldest.flatMap { try fetch(db, $0)?.created }, meanRunSeconds: meanRunSeconds(db),
                bytes: pages * pageSize)
        }
    }

    /// Reads every page of the file and checks it.
    ///
    /// - Throws: `damaged`.
    /// - Complexity: O(bytes): seconds for gigabytes.
    public func verify() throws(JobError) {
        let verdict = try read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") } ?? "no answer"
        guard verdict == "ok" else { throw .damaged(path: path, reason: verdict) }
    }

    private func withLiveProgress(_ job: Job) -> Job {
        guard job.state == .running, let progress = live.progress(job.id) else { return job }
        var job = job
        job.progress = progress
        return job
    }
}

extension JobScope {
    /// Whether a reader with this scope may see the job.
    public func includes(_ job: Job) -> Bool {
        switch self {
        case .everyone: true
        case .owner(let owner): job.owner == owner
        }
    }
}
