import Foundation
import Synchronization
import Testing

@testable import Jobs

@Suite(.timeLimit(.minutes(2))) struct WorkerPoolTests {
    static func configuration(workers: Int = 2) -> WorkerPool.Configuration {
        var configuration = WorkerPool.Configuration(workers: workers)
        configuration.heartbeat = .milliseconds(50)
        return configuration
    }

    /// Waits for the end of a job, or fails.
    static func end(of id: Job.ID, in store: JobStore) async throws -> Job {
        try await store.wait(for: id, until: .now + .seconds(100))
    }

    @Test func pool_DoesEveryJobOnce() async throws {
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store))
        let runs = Mutex<[Job.ID: Int]>([:])
        let pool = WorkerPool(store, configuration: Self.configuration(workers: 3)) { claimed, context in
            runs.withLock { $0[claimed.job.id, default: 0] += 1 }
            let input = try context.input("mri")
            return JobOutput(result: Data("{}".utf8), outputs: ["fused": Data(input.reversed())])
        }
        let ids = try (0..<40).map { try store.submitOne(.make(inputs: ["mri": Data([1, UInt8($0)])])).id }
        for (number, id) in ids.enumerated() {
            #expect(try await Self.end(of: id, in: store).state == .succeeded)
            #expect(try store.output("fused", of: id) == Data([UInt8(number), 1]))
        }
        #expect(runs.withLock { $0 } == Dictionary(uniqueKeysWithValues: ids.map { ($0, 1) }))
        #expect(await pool.shutdown(grace: .seconds(5)) == 0)
    }

    @Test func idleWorker_Wakes_WhenAJobComes() async throws {
        let store = try JobStore.make()
        let pool = WorkerPool(store, configuration: Self.configuration()) { _, _ in .make() }
        try await Task.sleep(for: .milliseconds(100))
        #expect(try await Self.end(of: store.submitOne().id, in: store).state == .succeeded)
        await pool.shutdown(grace: .seconds(5))
    }

    @Test func cancelledJob_Stops_AtItsNextStep() async throws {
        let store = try JobStore.make()
        let (started, cancelled) = (Gate(), Gate())
        let steps = Atomic(0)
        let pool = WorkerPool(store, configuration: Self.configuration(workers: 1)) { _, context in
            for step in 1...1000 {
                try context.checkCancellation()
                steps.store(step, ordering: .relaxed)
                context.report(completed: step, total: 1000)
                started.open()
                cancelled.pass()
            }
            return .make()
        }
        let id = try store.submitOne().id
        #expect(started.pass())
        #expect(try store.job(id).progress == .init(completed: 1, total: 1000), "visible at once")
        #expect(try store.cancel(id).isCancelling)
        cancelled.open()
        let job = try await Self.end(of: id, in: store)
        #expect(job.state == .cancelled && job.attempts == 1 && steps.load(ordering: .relaxed) == 1)
        await pool.shutdown(grace: .seconds(5))
    }

    @Test func progress_ReachesTheDisk_WithTheHeartbeat() async throws {
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store))
        let (started, finish) = (Gate(), Gate())
        let pool = WorkerPool(store, configuration: Self.configuration(workers: 1)) { _, context in
            context.report(completed: 2, total: 5)
            started.open()
            finish.pass()
            return .make()
        }
        let id = try store.submitOne().id
        #expect(started.pass())
        var stored = Job.Progress()
        for _ in 0..<200 where stored.completed == 0 {
            try await Task.sleep(for: .milliseconds(20))
            stored = try present(store.read { try store.fetch($0, id) }).progress
        }
        #expect(stored == .init(completed: 2, total: 5))
        finish.open()
        await pool.shutdown(grace: .seconds(5))
    }

    @Test func failingJob_EndsAfterThreeAttempts_AndHarmsNoOther() async throws {
        struct Secret: Error { let name = "Jane Doe" }
        let store = try JobStore.make { $0.retryDelay = .milliseconds(20) }
        let failed = Mutex(0)
        let pool = WorkerPool(
            store, configuration: Self.configuration(),
            onEvent: { if case .attemptFailed = $0 { failed.withLock { $0 += 1 } } }
        ) { claimed, _ in
            if claimed.job.owner == "poison" { throw Secret() }
            return .make()
        }
        let poison = try store.submitOne(.make(owner: "poison")).id
        let good = try (0..<5).map { _ in try store.submitOne().id }
        for id in good { #expect(try await Self.end(of: id, in: store).state == .succeeded) }
        let job = try await Self.end(of: poison, in: store)
        #expect(job.state == .failed && job.attempts == 3 && failed.withLock { $0 } == 3)
        #expect(job.failure?.code == "internal" && job.failure?.text.contains("Jane") == false)
        await pool.shutdown(grace: .seconds(5))
    }

    @Test func missingInput_FailsAtOnce() async throws {
        let store = try JobStore.make()
        let pool = WorkerPool(store, configuration: Self.configuration()) { _, context in
            _ = try context.input("pet")
            return .make()
        }
        let job = try await Self.end(of: store.submitOne().id, in: store)
        #expect(job.state == .failed && job.attempts == 1 && job.failure?.code == "missing_input")
        await pool.shutdown(grace: .seconds(5))
    }

    @Test func strayCancellationError_IsAFailure_NotALoop() async throws {
        let store = try JobStore.make()
        let pool = WorkerPool(store, configuration: Self.configuration()) { _, _ in throw CancellationError() }
        let job = try await Self.end(of: store.submitOne().id, in: store)
        #expect(job.state == .failed && job.attempts == 3)
        await pool.shutdown(grace: .seconds(5))
    }

    @Test func shutdown_LetsTheRunningJobFinish_AndLeavesTheRestQueued() async throws {
        let store = try JobStore.make()
        let (started, finish) = (Gate(), Gate())
        let pool = WorkerPool(store, configuration: Self.configuration(workers: 1)) { _, _ in
            started.open()
            finish.pass()
            return .make()
        }
        let ids = try (0..<3).map { _ in try store.submitOne().id }
        #expect(started.pass())
        async let leftBehind = pool.shutdown(grace: .seconds(100))
        while !pool.isDraining { await Task.yield() }
        finish.open()
        #expect(await leftBehind == 0)
        #expect(try ids.map { try store.job($0).state } == [.succeeded, .queued, .queued])
        #expect(pool.busyWorkers == 0)
    }

    @Test func shutdown_HandsBack_WhatDoesNotFinishInTime() async throws {
        let store = try JobStore.make()
        let started = Gate()
        let pool = WorkerPool(store, configuration: Self.configuration(workers: 1)) { _, context in
            started.open()
            while true {
                try context.checkCancellation()
                Thread.sleep(forTimeInterval: 0.01)
            }
        }
        let id = try store.submitOne().id
        #expect(started.pass())
        #expect(await pool.shutdown(grace: .milliseconds(50), stepGrace: .seconds(100)) == 0)
        let job = try store.job(id)
        #expect(job.state == .queued && job.attempts == 0)
    }

    @Test func shutdown_TakesTheJobBack_FromAHandlerThatDoesNotStop() async throws {
        let store = try JobStore.make()
        let (started, finish, dropped) = (Gate(), Gate(), Gate())
        let pool = WorkerPool(
            store, configuration: Self.configuration(workers: 1), onEvent: { if case .leaseLost = $0 { dropped.open() } }
        ) { _, _ in
            started.open()
            finish.pass()
            return .make()
        }
        let id = try store.submitOne().id
        #expect(started.pass())
        #expect(await pool.shutdown(grace: .milliseconds(20), stepGrace: .milliseconds(20)) == 1)
        #expect(try store.job(id).state == .queued)
        finish.open()
        #expect(dropped.pass())
        #expect(try store.job(id).state == .queued && store.job(id).attempts == 0)
    }

    @Test func outcome_IsStored_OnceThereIsSpaceAgain() async throws {
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store)) { $0.maximumBytes = 1_000_000 }
        let filler = try store.submitOne(.make(inputs: ["mri": Data(count: 700_000)])).id
        try store.cancel(filler)
        let full = Gate()
        let pool = WorkerPool(
            store, configuration: Self.configuration(workers: 1), onEvent: { if case .storeTrouble(.storageFull) = $0 { full.open() } }
        ) { _, _ in .make(Data(count: 500_000)) }
        let id = try store.submitOne().id
        #expect(full.pass())
        try store.delete(filler)
        let job = try await Self.end(of: id, in: store)
        #expect(job.state == .succeeded && job.attempts == 1)
        #expect(try store.output("fused", of: id)?.count == 500_000)
        await pool.shutdown(grace: .seconds(5))
    }

    @Test func outcomeWithoutRoom_IsGivenUpForAWhile_AndCountsNoAttempt() async throws {
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store)) { $0.maximumBytes = 1_000_000 }
        let filler = try store.submitOne(.make(inputs: ["mri": Data(count: 700_000)])).id
        try store.cancel(filler)
        var configuration = Self.configuration(workers: 1)
        configuration.outcomePatience = .milliseconds(100)
        let pool = WorkerPool(store, configuration: configuration) { claimed, _ in
            .make(Data(count: claimed.job.owner == "large" ? 500_000 : 1))
        }
        let large = try store.submitOne(.make(owner: "large")).id
        let small = try store.submitOne(.make(owner: "small")).id
        #expect(try await Self.end(of: small, in: store).state == .succeeded, "nobody waits behind it")
        #expect(try !store.job(large).state.isFinal && store.job(large).attempts <= 1)
        try store.delete(filler)
        let job = try await Self.end(of: large, in: store)
        #expect(job.state == .succeeded && job.attempts == 1)
        #expect(try store.output("fused", of: large)?.count == 500_000)
        await pool.shutdown(grace: .seconds(5))
    }

    /// With a heartbeat that is too rare to be of help.
    @Test(arguments: [Duration.zero, .seconds(2)]) func expiredJob_IsErased_WhenItsTimeIsOver(_ retention: Duration) async throws {
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store)) {
            ($0.retention, $0.leaseDuration) = (retention, .seconds(3600))
        }
        var configuration = Self.configuration()
        configuration.heartbeat = .seconds(1000)
        let erased = Gate()
        let times = Mutex<[ContinuousClock.Instant]>([])
        let pool = WorkerPool(
            store, configuration: configuration,
            onEvent: { event in
                switch event {
                case .ended: times.withLock { $0.append(.now) }
                case .erased:
                    times.withLock { $0.append(.now) }
                    erased.open()
                default: break
                }
            }
        ) { _, _ in .make(Data("patient".utf8)) }
        let id = try store.submitOne().id
        #expect(erased.pass())
        let kept = times.withLock { $0[1] - $0[0] }
        #expect(kept > retention - .milliseconds(500) && kept < retention + .seconds(10), "a second late, and what a busy machine adds")
        #expect(throws: JobError.notFound(id)) { try store.job(id) }
        #expect(try !folder.holds(Data("patient".utf8)))
        await pool.shutdown(grace: .seconds(5))
    }
}
