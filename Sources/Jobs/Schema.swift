import Foundation
import GRDB

/// The tables, by version. A migration that was released is never edited: add another.
enum Schema {
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 jobs and blobs") { try $0.execute(sql: version1) }
        migrator.registerMigration("2 blobs on pages of their own") { try $0.execute(sql: version2) }
        migrator.registerMigration("3 room for outcomes, and small fields that can be erased") { try bringToVersion3($0) }
        return migrator
    }()

    /// - Throws: `JobError.newerVersion`, `JobError.damaged`, or the database's own error.
    static func bringUpToDate(_ database: any DatabaseWriter, path: String) throws {
        guard try !database.read(migrator.hasBeenSuperseded) else { throw JobError.newerVersion(path: path) }
        try migrator.migrate(database)
        // The small table only: a look at the blobs would read the whole file.
        let verdict = try database.read { try String.fetchOne($0, sql: "PRAGMA quick_check('job')") } ?? "no answer"
        guard verdict == "ok" else { throw JobError.damaged(path: path, reason: verdict) }
    }

    /// Times are milliseconds since 1970.
    private static let version1 = """
        CREATE TABLE job (
            id TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            owner TEXT,
            idempotency_key TEXT,
            state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
            turn INTEGER NOT NULL,             -- the place in the queue: by turn, then by id
            available INTEGER NOT NULL DEFAULT 0,  -- not to be claimed before; only a retry waits
            seed INTEGER NOT NULL,             -- the bits of a UInt64
            created INTEGER NOT NULL,
            started INTEGER,
            finished INTEGER,
            completed INTEGER NOT NULL DEFAULT 0,
            total INTEGER NOT NULL DEFAULT 0,
            attempts INTEGER NOT NULL DEFAULT 0,
            failures INTEGER NOT NULL DEFAULT 0,       -- attempts that ended in an error
            interruptions INTEGER NOT NULL DEFAULT 0,  -- attempts that did not end
            cancelling INTEGER NOT NULL DEFAULT 0,
            lease TEXT,
            lease_expires INTEGER,
            failure_code TEXT,
            failure_text TEXT,
            parameters BLOB NOT NULL,
            result BLOB,
            CHECK ((state = 'running') = (lease IS NOT NULL)),
            CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished IS NOT NULL)),
            CHECK ((state = 'failed') = (failure_code IS NOT NULL)),
            CHECK ((state = 'succeeded') = (result IS NOT NULL))
        ) STRICT;
        CREATE INDEX job_by_state ON job (state, turn, id);
        CREATE INDEX job_by_owner ON job (owner, id);
        CREATE INDEX job_live_turns ON job (owner, turn) WHERE state IN ('queued', 'running');
        CREATE INDEX job_by_end ON job (finished) WHERE finished IS NOT NULL;
        CREATE UNIQUE INDEX job_by_idempotency_key ON job (ifnull(owner, ''), idempotency_key) WHERE idempotency_key IS NOT NULL;

        CREATE TABLE blob (
            job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
            role TEXT NOT NULL CHECK (role IN ('input', 'output')),
            name TEXT NOT NULL,
            bytes BLOB NOT NULL,
            UNIQUE (job, role, name)
        ) STRICT;
        """

    /// Keeps blobs off the pages of the tables' trees, so that they can be erased.
    ///
    /// SQLite wipes a page that is freed (secure_delete), but not the copies that stay in the gaps of a tree's leaf pages when their rows are
    /// moved to balance it. Of a row that does not fit, a leaf holds no more than the first 4061 bytes, and the pages behind are never copied
    /// (SQLite, Database File Format, §1.6): that beginning is padding now.
    private static let version2 = """
        ALTER TABLE blob RENAME TO blob_1;
        CREATE TABLE blob (
            job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
            role TEXT NOT NULL CHECK (role IN ('input', 'output')),
            name TEXT NOT NULL,
            padding BLOB NOT NULL DEFAULT (zeroblob(4096)),
            bytes BLOB NOT NULL,
            UNIQUE (job, role, name)
        ) STRICT;
        INSERT INTO blob (job, role, name, bytes) SELECT job, role, name, bytes FROM blob_1;
        DROP TABLE blob_1;
        """

    private static func bringToVersion3(_ db: Database) throws {
        let keys = try Row.fetchAll(db, sql: "SELECT id, owner, idempotency_key FROM job WHERE idempotency_key IS NOT NULL")
        try db.execute(sql: version3)
        for row in keys {
            let digest = IdempotencyDigest.of(row["idempotency_key"], owner: row["owner"])
            try db.execute(sql: "UPDATE job SET idempotency_digest = ? WHERE id = ?", arguments: [digest, row["id"] as String])
        }
    }

    /// Keeps room for outcomes (see ``Room``), and leaves nothing in a job's row that tells what was sent or found: parameters and results
    /// lie as blobs do, and of an idempotency key there is a digest.
    ///
    /// What earlier versions accepted came without a bound for its outcome: it is taken to be as large as the inputs.
    private static let version3 = """
        CREATE TABLE job_3 (
            id TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            owner TEXT,
            idempotency_digest BLOB,
            state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
            turn INTEGER NOT NULL,
            available INTEGER NOT NULL DEFAULT 0,
            seed INTEGER NOT NULL,
            created INTEGER NOT NULL,
            started INTEGER,
            finished INTEGER,
            completed INTEGER NOT NULL DEFAULT 0,
            total INTEGER NOT NULL DEFAULT 0,
            attempts INTEGER NOT NULL DEFAULT 0,
            failures INTEGER NOT NULL DEFAULT 0,
            interruptions INTEGER NOT NULL DEFAULT 0,
            cancelling INTEGER NOT NULL DEFAULT 0,
            lease TEXT,
            lease_expires INTEGER,
            failure_code TEXT,
            failure_text TEXT,
            pages INTEGER NOT NULL,            -- that the job takes at most, its outcome included
            reserved INTEGER NOT NULL,         -- of these, those for its outcome
            CHECK ((state = 'running') = (lease IS NOT NULL)),
            CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished IS NOT NULL)),
            CHECK ((state = 'failed') = (failure_code IS NOT NULL))
        ) STRICT;
        CREATE TABLE document (
            job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
            name TEXT NOT NULL CHECK (name IN ('parameters', 'result')),
            padding BLOB NOT NULL DEFAULT (zeroblob(4096)),  -- as in blob
            bytes BLOB NOT NULL,
            UNIQUE (job, name)
        ) STRICT;

        INSERT INTO job_3
            SELECT id, kind, owner, NULL, state, turn, available, seed, created, started, finished, completed, total, attempts, failures,
                interruptions, cancelling, lease, lease_expires, failure_code, failure_text, 0, 0
            FROM job;
        UPDATE job_3 SET reserved = 4 + (
            SELECT ifnull(sum(length(bytes) / 4000 + 4), 0) FROM blob WHERE blob.job = job_3.id AND role = 'input');
        UPDATE job_3 SET pages = reserved + 6 + (SELECT ifnull(sum(length(bytes) / 4000 + 4), 0) FROM blob WHERE blob.job = job_3.id);
        INSERT INTO document (job, name, bytes) SELECT id, 'parameters', parameters FROM job;
        INSERT INTO document (job, name, bytes) SELECT id, 'result', result FROM job WHERE result IS NOT NULL;
        DROP TABLE job;
        ALTER TABLE job_3 RENAME TO job;

        CREATE INDEX job_by_state ON job (state, turn, id);
        CREATE INDEX job_by_owner ON job (owner, id);
        CREATE INDEX job_live_turns ON job (owner, turn) WHERE state IN ('queued', 'running');
        CREATE INDEX job_live_reserves ON job (reserved) WHERE state IN ('queued', 'running');
        CREATE INDEX job_by_pages ON job (pages);
        CREATE INDEX job_by_end ON job (finished) WHERE finished IS NOT NULL;
        CREATE UNIQUE INDEX job_by_idempotency_digest ON job (idempotency_digest) WHERE idempotency_digest IS NOT NULL;
        """
}

enum BlobRole: String {
    case input, output
}

/// What a job has of JSON.
enum Document: String {
    case parameters, result
}

extension JobStore {
    /// What ``job(from:)`` reads. The names of blobs come from an index alone.
    static let columns = """
        job.*,
        (SELECT bytes FROM document WHERE document.job = job.id AND name = 'parameters') AS parameters,
        (SELECT bytes FROM document WHERE document.job = job.id AND name = 'result') AS result,
        (SELECT json_group_array(name) FROM blob WHERE blob.job = job.id AND role = 'input') AS inputs,
        (SELECT json_group_array(name) FROM blob WHERE blob.job = job.id AND role = 'output') AS outputs
        """

    func job(from row: Row) -> Job {
        let finished = (row["finished"] as Int64?).map(Date.init(milliseconds:))
        let failure = (row["failure_code"] as String?).map { Job.Failure(code: $0, text: row["failure_text"] ?? "") }
        return Job(
            id: Job.ID(stored: row["id"]), kind: row["kind"], owner: row["owner"],
            state: Job.State(rawValue: row["state"])!,  // the table's CHECK
            parameters: row["parameters"], seed: UInt64(bitPattern: row["seed"]),
            created: Date(milliseconds: row["created"]), started: (row["started"] as Int64?).map(Date.init(milliseconds:)),
            finished: finished, expires: finished.map { $0 + configuration.retention },
            progress: Job.Progress(completed: row["completed"], total: row["total"]),
            attempts: row["attempts"], isCancelling: row["cancelling"] && finished == nil, failure: failure, result: row["result"],
            inputs: Self.names(row["inputs"]), outputs: Self.names(row["outputs"]))
    }

    /// The job as it is in the database, or nil.
    func fetch(_ db: Database, _ id: Job.ID) throws -> Job? {
        try Row.fetchOne(db, sql: "SELECT \(Self.columns) FROM job WHERE id = ?", arguments: [id.description]).map(job(from:))
    }

    private static func names(_ json: String) -> [String] {
        json == "[]" ? [] : ((try? JSONDecoder().decode([String].self, from: Data(json.utf8))) ?? []).sorted()
    }
}
