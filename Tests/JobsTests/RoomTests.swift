import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Jobs

/// Whoever was accepted finds room for the outcome, without anything being deleted.
@Suite(.timeLimit(.minutes(2))) struct RoomTests {
    /// A request of any size, and an outcome as large as it says.
    private static func any(using random: inout SplitMix) -> (request: JobRequest, output: JobOutput) {
        let sizes = [0, 10, 500, 3000, 4092, 9000, 50_000]
        func bytes() -> Data { Data(repeating: 0x5A, count: sizes.randomElement(using: &random)!) }
        let output = JobOutput(
            result: bytes(), outputs: Bool.random(using: &random) ? ["fused": bytes()] : ["fused": bytes(), "uncertainty": bytes()])
        let request = JobRequest.make(
            parameters: String(repeating: "p", count: sizes.randomElement(using: &random)!), inputs: ["mri": bytes(), "ct": bytes()],
            outcome: [output.result.count] + output.outputs.values.map(\.count), key: "\(UInt64.random(in: 0 ... .max, using: &random))")
        return (request, output)
    }

    /// Submits until a few in a row found no room. Returns the outcomes of what was accepted, in its order.
    private static func fill(_ store: JobStore, using random: inout SplitMix) throws -> [(id: Job.ID, output: JobOutput)] {
        var (accepted, refusals) = ([] as [(id: Job.ID, output: JobOutput)], 0)
        while refusals < 10 {
            let (request, output) = any(using: &random)
            do {
                accepted.append((try store.submitOne(request).id, output))
            } catch JobError.storageFull {
                refusals += 1
            }
        }
        return accepted
    }

    @Test(arguments: 0..<12 as Range<UInt64>) func fullStore_HasRoomForEveryOutcome(_ seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store)) { $0.maximumBytes = Int.random(in: 200_000..<2_000_000, using: &random) }
        try store.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = OFF") }
        var waiting = try Self.fill(store, using: &random)
        #expect(!waiting.isEmpty)
        while !waiting.isEmpty {
            let (id, output) = waiting.removeFirst()
            let lease = try store.claimOne().lease
            #expect(lease.id == id)
            #expect(try store.complete(lease, with: output).state == .succeeded)
            // What it did not need of its reserve is there for others.
            if Bool.random(using: &random) { waiting += try Self.fill(store, using: &random) }
        }
        try store.verify()
    }

    /// A disk of its own, on which nothing else is written.
    @Test(arguments: 0..<4 as Range<UInt64>) func fullDisk_HasRoomForEveryOutcome_AndForErasure(_ seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let folder = try TemporaryFolder()
        let disk = Int.random(in: 12_000_000..<16_000_000, using: &random)
        @Sendable func free(_ path: String) -> Int { disk - StoreFile.bytes(path) - StoreFile.bytes(path + "-wal") }
        let store = try JobStore.make(.file(folder.store)) { $0.freeBytes = free }
        try store.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = OFF") }
        let accepted = try Self.fill(store, using: &random)
        #expect(accepted.count > 5 && free(folder.store) >= 0)
        for (id, output) in accepted {
            #expect(try store.complete(store.claimOne().lease, with: output).id == id)
            #expect(free(folder.store) >= 0)
        }
        // The log is emptied in between and keeps its size: what it has room for now is what was left for it.
        #expect(free(folder.store) + StoreFile.bytes(folder.store + "-wal") >= Room.log * Room.pageSize)
        for (id, _) in accepted { try store.delete(id) }
        #expect(StoreFile.bytes(folder.store) < 200_000 && StoreFile.bytes(folder.store + "-wal") == 0)
    }

    @Test func jobThatMayNotFit_IsRefused_WhateverItsInputsTake() throws {
        let store = try JobStore.make { $0.maximumBytes = 1_000_000 }
        #expect(throws: JobError.storageFull) { try store.submit(.make(outcome: [400_000, 600_000])) }
        let first = try store.submitOne(.make(outcome: [300_000, 300_000])).id
        #expect(throws: JobError.storageFull) { try store.submit(.make(outcome: [300_000])) }
        try store.cancel(first)
        #expect(try store.submit(.make(outcome: [300_000])).isNew, "a job that ended without an outcome needs no room for one")
    }

    @Test func queueInAFullStore_IsDone_ThoughNothingIsDeleted() async throws {
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store)) { $0.maximumBytes = 600_000 }
        let (started, goOn) = (Gate(), Gate())
        var configuration = WorkerPoolTests.configuration(workers: 1)
        configuration.outcomePatience = .milliseconds(50)
        let pool = WorkerPool(store, configuration: configuration) { _, _ in
            started.open()
            goOn.pass()
            return .make(Data(count: 4000))
        }
        let request = JobRequest.make(inputs: ["mri": Data(count: 20_000), "ct": Data(count: 20_000)], outcome: [100, 5000])
        var ids: [Job.ID] = []
        #expect(throws: JobError.storageFull) { while ids.count < 100 { ids.append(try store.submitOne(request).id) } }
        #expect(ids.count > 3 && started.pass())
        #expect(throws: JobError.storageFull) { try store.submit(request) }
        goOn.open()
        for id in ids {
            let job = try await WorkerPoolTests.end(of: id, in: store)
            #expect(job.state == .succeeded && job.attempts == 1)
        }
        await pool.shutdown(grace: .seconds(5))
    }
}
