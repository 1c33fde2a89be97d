import Foundation
import GRDB
import Synchronization

/// The durable store of jobs and the queue in it: one SQLite file, opened by one process at a time.
///
/// *The promise.* When ``submit(_:)`` returns, the job is on disk (write-ahead log, synchronous FULL) and will be run until it reaches a
/// final state, whatever happens to the process. A job ends once: an outcome is stored together with its blobs in one transaction, and
/// only by the holder of the job's lease.
///
/// *The order.* First in, first out among the jobs of one owner; the owners take turns. A repeated attempt keeps its place.
///
/// *The calls.* They block for the disk, writers one after the other, readers beside them; from async code go through ``perform(_:)``.
/// All of them may throw ``JobError/storageFull``, ``JobError/damaged(path:reason:)`` and ``JobError/unavailable(code:reason:)``; what else
/// is said at each.
public final class JobStore: Sendable {
    public enum Location: Sendable, Equatable {
        case file(String)
        /// For tests: durable until the store is released.
        case memory
    }

    public struct Configuration: Sendable {
        /// How many jobs may wait at once.
        public var capacity = 1000
        /// How many attempts may fail before the job does.
        public var maximumAttempts = 3
        /// How many attempts may be cut short (crash, kill, power) before the job fails. A job that was cut short twice is suspected of
        /// doing it and from then on runs with nothing beside it.
        public var maximumInterruptions = 10
        /// How long a silent worker keeps its job.
        public var leaseDuration: Duration = .seconds(30)
        /// The pause before the second attempt; it doubles before each further one.
        public var retryDelay: Duration = .seconds(1)
        /// How long finished jobs are kept.
        public var retention: Duration = .seconds(24 * 3600)
        /// The largest size of the database file in bytes; nil for as large as the disk allows.
        public var maximumBytes: Int?
        /// Replaced in tests.
        public var clock: @Sendable () -> Date = { Date() }
        /// The free bytes of the disk that the file lies on; replaced in tests.
        public var freeBytes: @Sendable (_ path: String) -> Int = StoreFile.freeBytes(beside:)

        public init() {}
    }

    public let configuration: Configuration
    let path: String
    let file: StoreFile?
    let database: any DatabaseWriter
    let ids: IDGenerator
    let live = LiveJobs()
    let recent = RecentJobs()
    let subscribers = Subscribers()
    /// Whether the files may hold what was deleted: until the log is emptied, and when a process died before it could.
    let hasTraces = Atomic(true)
    /// Rings when a worker should look at the queue again.
    let bell = Bell()
    private let callers = OperationQueue()

    /// Opens or creates the store, brings its schema up to date, and puts the jobs that a dead process was running back in their place.
    ///
    /// - Throws: `inUse`, `cannotOpen`, `damaged`, `newerVersion`.
    /// - Complexity: O(jobs), whatever the size of their blobs.
    public init(_ location: Location, configuration: Configuration = Configuration()) throws(JobError) {
        self.configuration = configuration
        callers.maxConcurrentOperationCount = 8
        switch location {
        case .file(let path):
            self.path = path
            file = try StoreFile(path: path)
        case .memory:
            path = "(memory)"
            file = nil
        }
        do {
            database = try Self.open(location, configuration)
            try Schema.bringUpToDate(database, path: path)
            ids = try IDGenerator(
                after: database.read { try String.fetchOne($0, sql: "SELECT max(id) FROM job").map(Job.ID.init(stored:)) })
        } catch {
            throw JobError(error, path: path)
        }
        try recover()
    }

    private static func open(_ location: Location, _ configuration: Configuration) throws -> any DatabaseWriter {
        var options = GRDB.Configuration()
        options.label = "jobs"
        options.busyMode = .timeout(5)
        let maximumBytes = configuration.maximumBytes
        options.prepareDatabase { db in
            guard !db.configuration.readonly else { return }
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY")
            if let maximumBytes {
                try db.execute(sql: "PRAGMA max_page_count = \(max(1, maximumBytes / Room.pageSize))")
            }
        }
        switch location {
        case .memory:
            return try DatabaseQueue(configuration: options)
        case .file(let path):
            let pool = try DatabasePool(path: path, configuration: options)
            // After opening: the pool itself settles for NORMAL, which may lose the last commits with the power.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            return pool
        }
    }

    /// Runs `body` on a thread that may block, at most eight at a time.
    public func perform<Value: Sendable>(
        _ body: @escaping @Sendable (JobStore) throws(JobError) -> Value
    ) async throws(JobError) -> Value {
        let result: Result<Value, JobError> = await withCheckedContinuation { continuation in
            callers.addOperation { [self] in
                do throws(JobError) {
                    continuation.resume(returning: .success(try body(self)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(JobError) -> Value {
        do { return try database.read(body) } catch { throw JobError(error, path: path) }
    }

    /// One transaction: on disk when it returns, undone when it throws.
    func write<Value>(_ body: (Database) throws -> Value) throws(JobError) -> Value {
        do { return try database.write(body) } catch { throw JobError(error, path: path) }
    }

    /// Tells whoever follows these jobs, after the commit.
    func announce(_ ids: some Sequence<Job.ID>) {
        recent.drop(ids)
        for id in ids { subscribers.notify(id) }
    }
}

extension Duration {
    /// In seconds.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}

extension Date {
    /// The store's times: whole milliseconds since 1970.
    var milliseconds: Int64 {
        Int64((timeIntervalSince1970 * 1000).rounded())
    }

    init(milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    static func + (date: Date, duration: Duration) -> Date {
        date.addingTimeInterval(duration.seconds)
    }
}
