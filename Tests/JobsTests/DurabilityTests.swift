import Foundation
import GRDB
import Testing

@testable import Jobs

@Suite struct DurabilityTests {
    @Test func acceptedJobs_SurviveAPowerCut_InOrderWithTheirSeeds() throws {
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store))
        let jobs = try (0..<4).map { try store.submitOne(.make(seed: UInt64($0), inputs: ["mri": Data([UInt8($0)])])) }
        let done = try store.complete(store.claimOne().lease, with: .make(Data([7])))
        _ = try (store.claimOne(), store.claimOne())

        let copy = try folder.crashed()
        let reopened = try JobStore.make(.file(copy.store))
        #expect(try reopened.job(done.id) == done)
        #expect(try reopened.output("fused", of: done.id) == Data([7]))
        let rest = try (0..<3).map { _ in try reopened.claimOne().job }
        #expect(rest.map(\.id) == jobs.dropFirst().map(\.id))
        #expect(rest.map(\.seed) == [1, 2, 3])
        #expect(rest.map(\.attempts) == [2, 2, 1])
        #expect(try reopened.input("mri", of: jobs[2].id) == Data([2]))
    }

    @Test func runningJob_GoesBackToTheQueue_WhenItsStoreIsDropped() throws {
        let folder = try TemporaryFolder()
        let id = try {
            let store = try JobStore.make(.file(folder.store))
            _ = try (store.submitOne(), store.submitOne())
            return try store.claimOne().job.id
        }()
        let store = try JobStore.make(.file(folder.store))
        #expect(try store.job(id).state == .queued)
        #expect(try store.claimOne().job.id == id)
    }

    @Test func cancelledJob_IsNotRunAgain_AfterACrash() throws {
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store))
        let id = try store.submitOne().id
        _ = try store.claimOne()
        try store.cancel(id)
        let copy = try folder.crashed()
        #expect(try JobStore.make(.file(copy.store)).job(id).state == .cancelled)
    }

    @Test func identifiers_KeepRising_AfterReopening() throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let first = try JobStore.make(.file(folder.store), clock: clock).submitOne().id
        clock.advance(.seconds(-3600))
        #expect(try JobStore.make(.file(folder.store), clock: clock).submitOne().id > first)
    }

    @Test func waitingJobs_AreTaken_WhenTheClockIsSetBack() throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let ids = try {
            let store = try JobStore.make(.file(folder.store), clock: clock) { $0.retryDelay = .seconds(60) }
            let ids = try (0..<3).map { _ in try store.submitOne().id }
            _ = try store.fail(store.claimOne().lease, JobFailure(code: "flaky", text: ""))
            clock.advance(.seconds(-7200))
            #expect(try store.claimOne().job.id == ids[1])
            return ids
        }()
        let store = try JobStore.make(.file(folder.store), clock: clock)
        #expect(try (0..<3).map { _ in try store.claimOne().job.id } == ids)
    }

    @Test func file_IsSetUpForDurabilityAndErasure() throws {
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store))
        let settings = try store.database.writeWithoutTransaction { db in
            try ["synchronous", "secure_delete", "auto_vacuum", "foreign_keys", "page_size"].map { try Int.fetchOne(db, sql: "PRAGMA \($0)") }
        }
        #expect(settings == [2, 1, 2, 1, Room.pageSize])
        #expect(try store.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
        for suffix in ["", "-wal", ".lock"] {
            let mode = try FileManager.default.attributesOfItem(atPath: folder.store + suffix)[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(suffix)")
        }
    }

    @Test func expiredJob_IsErased_ToTheLastByte() throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let store = try JobStore.make(.file(folder.store), clock: clock) { $0.retention = .seconds(60) }
        let secrets = ["patient-in", "patient-out", "patient-parameters"].map { Data($0.utf8) }
        let padding = Data(repeating: 0x55, count: 300_000)
        let old = try store.submitOne(.make(parameters: "\"patient-parameters\"", inputs: ["mri": padding + secrets[0] + padding])).id
        _ = try store.complete(store.claimOne().lease, with: .make(secrets[1] + padding))
        for secret in secrets { #expect(try folder.holds(secret)) }
        let expires = try store.job(old).expires
        #expect(expires == clock.now + .seconds(60))

        clock.advance(.seconds(30))
        let young = try store.submitOne(.make(inputs: ["mri": Data("young".utf8)])).id
        _ = try store.complete(store.claimOne().lease, with: .make())
        let waiting = try store.submitOne().id
        let size = try store.statistics().bytes
        clock.advance(.seconds(29))
        #expect(try store.sweep() == 0)
        clock.advance(.seconds(1))
        #expect(try store.sweep() == 1)

        #expect(throws: JobError.notFound(old)) { try store.job(old) }
        for secret in secrets { #expect(try !folder.holds(secret)) }
        #expect(try store.input("mri", of: young) == Data("young".utf8))
        #expect(try store.statistics().bytes < size - 800_000)
        clock.advance(.seconds(100_000))
        #expect(try store.sweep() == 1)
        #expect(try store.job(waiting).state == .queued)
        try store.verify()
    }

    @Test func deletedJob_LeavesNoByte() throws {
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store))
        let secret = Data("patient".utf8)
        let id = try store.submitOne(.make(inputs: ["mri": secret])).id
        try store.cancel(id)
        #expect(try folder.holds(secret))
        try store.delete(id)
        #expect(try !folder.holds(secret))
    }

    @Test func sweep_ErasesAHundredAtATime() throws {
        let clock = ManualClock()
        let store = try JobStore.make(clock: clock)
        for _ in 0..<145 { try store.cancel(store.submitOne().id) }
        clock.advance(.seconds(24 * 3600))
        #expect(try [store.sweep(), store.sweep(), store.sweep()] == [100, 45, 0])
        #expect(try store.list().jobs.isEmpty)
    }

    @Test func fullStore_RefusesWhole_AndRecovers() throws {
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store)) { $0.maximumBytes = 1_000_000 }
        let kept = try store.submitOne(.make(inputs: ["mri": Data(repeating: 1, count: 500_000)])).id
        let large = JobRequest.make(inputs: ["mri": Data([1]), "ct": Data(repeating: 2, count: 700_000)], key: "x")
        #expect(throws: JobError.storageFull) { try store.submit(large) }
        #expect(try store.list().jobs.map(\.id) == [kept])
        try store.cancel(kept)
        try store.delete(kept)
        #expect(try store.submit(large).isNew)
    }

    @Test func secondProcess_IsTurnedAway() throws {
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store))
        #expect(throws: JobError.inUse(path: folder.store)) { try JobStore.make(.file(folder.store)) }
        _ = try store.submitOne()
    }

    @Test func damagedHeader_IsSaidPlainly() throws {
        let folder = try TemporaryFolder()
        let garbage = Data(repeating: 0x41, count: 8192)
        try garbage.write(to: URL(fileURLWithPath: folder.store))
        let error = #expect(throws: JobError.self) { try JobStore.make(.file(folder.store)) }
        #expect(error?.description.contains("is damaged") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.store)) == garbage, "left as it was")
    }

    @Test func damagedTable_IsSaidPlainly() throws {
        let folder = try TemporaryFolder()
        let root = try {
            let store = try JobStore.make(.file(folder.store))
            for _ in 0..<50 { _ = try store.submitOne() }
            return try store.read { try Int.fetchOne($0, sql: "SELECT rootpage FROM sqlite_master WHERE name = 'job'")! }
        }()
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: folder.store))
        try file.seek(toOffset: UInt64((root - 1) * 4096))
        try file.write(contentsOf: Data(repeating: 0xFF, count: 4096))
        try file.close()
        let error = #expect(throws: JobError.self) { try JobStore.make(.file(folder.store)) }
        guard case .damaged(folder.store, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func verify_FindsADamagedBlob() throws {
        let folder = try TemporaryFolder()
        let root = try {
            let store = try JobStore.make(.file(folder.store))
            for _ in 0..<20 { _ = try store.submitOne(.make(inputs: ["mri": Data(repeating: 3, count: 900)])) }
            try store.verify()
            return try store.read { try Int.fetchOne($0, sql: "SELECT rootpage FROM sqlite_master WHERE name = 'blob'")! }
        }()
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: folder.store))
        try file.seek(toOffset: UInt64((root - 1) * 4096))
        try file.write(contentsOf: Data(repeating: 0xFF, count: 4096))
        try file.close()
        let store = try JobStore.make(.file(folder.store))
        #expect(throws: JobError.self) { try store.verify() }
    }

    @Test func missingFolder_IsSaidPlainly() {
        let path = "/nowhere/jobs.sqlite"
        #expect(throws: JobError.cannotOpen(path: path, reason: "No such file or directory")) { try JobStore.make(.file(path)) }
    }

    @Test func laterVersion_IsNotTouched() throws {
        let folder = try TemporaryFolder()
        try {
            let store = try JobStore.make(.file(folder.store))
            try store.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9 from the future')") }
        }()
        #expect(throws: JobError.newerVersion(path: folder.store)) { try JobStore.make(.file(folder.store)) }
    }
}
