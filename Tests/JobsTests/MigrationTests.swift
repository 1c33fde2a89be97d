import Foundation
import GRDB
import Testing

@testable import Jobs

/// Stores that earlier versions of the program wrote.
@Suite(.timeLimit(.minutes(2))) struct MigrationTests {
    /// A folder with a store as an earlier version left it.
    private func store(ofVersion version: Int) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let dump = try present(Bundle.module.url(forResource: "version-\(version)", withExtension: "sql", subdirectory: "Fixtures"))
        let database = try DatabaseQueue(path: folder.store)
        try database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF")
            try db.execute(sql: String(contentsOf: dump, encoding: .utf8))
        }
        try database.close()
        return folder
    }

    @Test(arguments: [1, 2]) func earlierStore_Opens_AndItsJobRuns(_ version: Int) async throws {
        let folder = try store(ofVersion: version)
        // Longer than this test will be run.
        let store = try JobStore.make(.file(folder.store)) { $0.retention = .seconds(1e10) }
        #expect(try store.read { try Schema.migrator.appliedMigrations($0) } == Schema.migrator.migrations)
        #expect(try store.read { try Row.fetchAll($0, sql: "PRAGMA foreign_key_check").count } == 0)
        try store.verify()

        let jobs = try store.list().jobs
        #expect(jobs.map(\.state) == [.queued, .succeeded] && jobs.map(\.seed) == [.max, 42])
        let (waiting, done) = (jobs[0], jobs[1])
        #expect(done.outputs == ["fused"] && done.inputs == ["ct", "mri"] && done.result?.isEmpty == false)
        #expect(try store.output("fused", of: done.id)?.starts(with: [0x89, 0x50, 0x4E, 0x47]) == true)
        let (mri, ct) = try (present(store.input("mri", of: waiting.id)), present(store.input("ct", of: waiting.id)))
        #expect(try mri == store.input("mri", of: done.id) && mri != ct)
        let repeated = JobRequest(
            kind: waiting.kind, parameters: waiting.parameters, seed: 0, inputs: ["mri": mri, "ct": ct], outcomeBytes: [],
            idempotencyKey: "visit-17")
        #expect(try store.submit(repeated).job.id == waiting.id)
        #expect(try folder.holds(Data("visit-17".utf8)))
        try store.sweep()
        #expect(try !folder.holds(Data("visit-17".utf8)), "what the new schema does not keep is gone")

        let pool = WorkerPool(store, configuration: WorkerPoolTests.configuration(workers: 1)) { claimed, context in
            try JobOutput(result: Data("{}".utf8), outputs: ["fused": context.input("mri") + context.input("ct")])
        }
        let job = try await WorkerPoolTests.end(of: waiting.id, in: store)
        #expect(job.state == .succeeded && job.attempts == 1)
        #expect(try store.output("fused", of: waiting.id) == mri + ct)
        await pool.shutdown(grace: .seconds(5))

        try store.delete(done.id)
        #expect(try store.list().jobs.map(\.id) == [waiting.id] && store.input("mri", of: done.id) == nil, "blobs go with their job")
    }
}
