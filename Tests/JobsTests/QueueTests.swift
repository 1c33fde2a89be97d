import Foundation
import GRDB
import Testing

@testable import Jobs

@Suite struct QueueTests {
    @Test func jobs_AreTakenInOrder_AndKnowTheirPosition() throws {
        let store = try JobStore.make()
        let ids = try (0..<5).map { _ in try store.submitOne().id }
        #expect(try ids.map(store.queuePosition) == [0, 1, 2, 3, 4])
        #expect(try (0..<5).map { _ in try store.claimOne().job.id } == ids)
        #expect(try store.claimNext() == nil)
        #expect(try store.queuePosition(of: ids[0]) == nil)
    }

    @Test func owners_TakeTurns_WhateverTheyHaveWaiting() throws {
        let store = try JobStore.make()
        for _ in 0..<6 { _ = try store.submitOne(.make(owner: "many")) }
        _ = try (store.claimOne(), store.claimOne())
        let late = try (0..<2).map { _ in try store.submitOne(.make(owner: "few")).id }
        #expect(try store.queuePosition(of: late[0])! <= 1)
        let order = try (0..<6).map { _ in try store.claimOne().job.owner }
        #expect(order.prefix(4).count { $0 == "few" } == 2, "\(order)")
        #expect(order.suffix(2) == ["many", "many"])
    }

    @Test func job_Succeeds_WithItsOutputs() throws {
        let clock = ManualClock()
        let store = try JobStore.make(clock: clock)
        let id = try store.submitOne().id
        let claimed = try store.claimOne()
        #expect(claimed.job.state == .running && claimed.job.attempts == 1 && claimed.job.started == clock.now)
        store.report(.init(completed: 3, total: 8), for: claimed.lease)
        #expect(try store.job(id).progress == .init(completed: 3, total: 8))
        clock.advance(.seconds(4))
        let job = try store.complete(claimed.lease, with: .make(Data([4, 2])))
        #expect(try job == store.job(id))
        #expect(job.state == .succeeded && job.finished == clock.now && job.outputs == ["fused"] && job.failure == nil)
        #expect(job.progress == .init(completed: 8, total: 8))
        #expect(job.result == JobOutput.make().result)
        #expect(try store.output("fused", of: id) == Data([4, 2]))
        #expect(try store.statistics().meanRunSeconds == 4)
    }

    @Test func job_Fails_AfterThreeAttempts() throws {
        let clock = ManualClock()
        let store = try JobStore.make(clock: clock) { $0.retryDelay = .seconds(1) }
        let id = try store.submitOne(.make(seed: 11)).id
        for (attempt, pause) in [(1, 1), (2, 2)] {
            let claimed = try store.claimOne()
            #expect(claimed.job.attempts == attempt && claimed.job.seed == 11)
            #expect(try store.fail(claimed.lease, JobFailure(code: "flaky", text: "No luck.")).state == .queued)
            #expect(try store.claimNext() == nil)
            #expect(try store.nextRetry() == clock.now + .seconds(pause))
            clock.advance(.seconds(pause))
        }
        let job = try store.fail(store.claimOne().lease, JobFailure(code: "flaky", text: "No luck."))
        #expect(try job == store.job(id))
        #expect(job.state == .failed && job.attempts == 3 && job.failure == .init(code: "flaky", text: "No luck."))
        #expect(try store.claimNext() == nil)
    }

    @Test func permanentFailure_EndsAtOnce() throws {
        let store = try JobStore.make()
        _ = try store.submitOne()
        let job = try store.fail(store.claimOne().lease, JobFailure(code: "bad_input", text: "No.", isPermanent: true))
        #expect(job.state == .failed && job.attempts == 1)
    }

    @Test func retriedJob_KeepsItsPlace() throws {
        let store = try JobStore.make()
        let ids = try (0..<3).map { _ in try store.submitOne().id }
        _ = try store.fail(store.claimOne().lease, JobFailure(code: "flaky", text: ""))
        #expect(try store.claimOne().job.id == ids[0])
    }

    @Test func handedBackJob_CountsNoAttempt_AndKeepsItsPlace() throws {
        let store = try JobStore.make()
        let ids = try (0..<2).map { _ in try store.submitOne().id }
        for _ in 0..<5 {
            let job = try store.handBack(store.claimOne().lease)
            #expect(job.id == ids[0] && job.state == .queued && job.attempts == 0 && job.started == nil)
        }
    }

    @Test func outcome_IsDropped_WhenTheLeaseIsLost() throws {
        let clock = ManualClock()
        let store = try JobStore.make(clock: clock)
        let id = try store.submitOne().id
        let slow = try store.claimOne()
        clock.advance(.seconds(20))
        #expect(try store.renew([slow.lease]).isEmpty)
        clock.advance(.seconds(20))
        #expect(try store.takeBackLostJobs() == 0)
        clock.advance(.seconds(11))
        let quick = try store.claimOne()
        #expect(quick.job.id == id && quick.job.attempts == 2)
        #expect(try store.renew([slow.lease, quick.lease]) == [slow.lease])
        #expect(throws: JobError.leaseLost(id)) { try store.complete(slow.lease, with: .make(Data([1]))) }
        #expect(throws: JobError.leaseLost(id)) { try store.fail(slow.lease, JobFailure(code: "late", text: "")) }
        #expect(throws: JobError.leaseLost(id)) { try store.handBack(slow.lease) }
        store.report(.init(completed: 9, total: 9), for: slow.lease)
        #expect(try store.job(id).progress == .init())
        #expect(store.live.shouldStop(slow.lease) && !store.live.shouldStop(quick.lease))
        _ = try store.complete(quick.lease, with: .make(Data([2])))
        #expect(throws: JobError.leaseLost(id)) { try store.complete(quick.lease, with: .make(Data([3]))) }
        #expect(try store.output("fused", of: id) == Data([2]))
    }

    @Test func pace_IsHowLongATurnTakes() throws {
        let clock = ManualClock()
        let store = try JobStore.make(clock: clock) { $0.capacity = 5 }
        #expect(try store.backlog() == Backlog(queued: 0, capacity: 5) && store.pace() == Pace(meanRunSeconds: nil))
        for _ in 0..<4 { _ = try store.submitOne() }
        // A second between the jobs, two for each: a turn takes three.
        for _ in 0..<3 {
            clock.advance(.seconds(1))
            let lease = try store.claimOne().lease
            clock.advance(.seconds(2))
            _ = try store.complete(lease, with: .make())
        }
        #expect(try store.backlog() == Backlog(queued: 1, capacity: 5) && store.pace() == Pace(meanRunSeconds: 2, meanTurnSeconds: 3))
        _ = try store.complete(store.claimOne().lease, with: .make())
        clock.advance(.seconds(1000))
        _ = try store.submitOne()
        let lease = try store.claimOne().lease
        clock.advance(.seconds(2))
        _ = try store.complete(lease, with: .make())
        #expect(try store.pace().meanTurnSeconds == 2, "(3 + 3 + 0 + 2) / 4: an empty queue takes no turns")
    }

    @Test func lease_OutlastsADiskThatTakesNothing() throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let store = try JobStore.make(.file(folder.store), clock: clock)
        _ = try (store.submitOne(), store.submitOne())
        let held = try store.claimOne().lease
        clock.advance(.seconds(20))
        try store.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA busy_timeout = 1") }
        let other = try DatabaseQueue(path: folder.store)
        try other.inDatabase { db in
            try db.execute(sql: "BEGIN IMMEDIATE")
            #expect(throws: JobError.self) { try store.renew([held]) }
            try db.execute(sql: "ROLLBACK")
        }
        clock.advance(.seconds(20))
        #expect(try store.takeBackLostJobs() == 0 && store.claimOne().job.id != held.id)
        #expect(try store.complete(held, with: .make()).attempts == 1)
    }

    @Test func interruptedJob_RunsAloneAtLast_AndFailsInTheEnd() throws {
        let clock = ManualClock()
        let store = try JobStore.make(clock: clock) { $0.maximumInterruptions = 4 }
        let poison = try store.submitOne().id
        for _ in 0..<2 {
            #expect(try store.claimOne().job.id == poison)
            clock.advance(.seconds(31))
            try store.takeBackLostJobs()
        }
        let good = try (0..<2).map { _ in try store.submitOne().id }
        for _ in 0..<2 {
            #expect(try store.claimOne().job.id == poison)
            #expect(try store.claimNext() == nil, "nothing runs beside a suspect")
            clock.advance(.seconds(31))
            try store.takeBackLostJobs()
        }
        #expect(try store.job(poison).state == .failed)
        #expect(try store.job(poison).failure?.code == "interrupted")
        #expect(try (0..<2).map { _ in try store.claimOne().job.id } == good)
    }

    @Test func cancelledJob_NeverRuns_WhenItWasQueued() throws {
        let store = try JobStore.make()
        let id = try store.submitOne().id
        #expect(try store.cancel(id).state == .cancelled)
        #expect(try store.cancel(id).state == .cancelled)
        #expect(try store.claimNext() == nil)
    }

    @Test(arguments: ["complete", "fail", "handBack"])
    func cancelledJob_EndsCancelled_HoweverItsAttemptEnds(_ end: String) throws {
        let store = try JobStore.make()
        let id = try store.submitOne().id
        let lease = try store.claimOne().lease
        let asked = try store.cancel(id)
        #expect(asked.state == .running && asked.isCancelling && store.live.shouldStop(lease))
        let job =
            switch end {
            case "complete": try store.complete(lease, with: .make())
            case "fail": try store.fail(lease, JobFailure(code: "x", text: ""))
            default: try store.handBack(lease)
            }
        #expect(job.state == .cancelled && !job.isCancelling && job.outputs.isEmpty && job.result == nil && job.failure == nil)
    }

    @Test func finishedJob_CanNotBeCancelled_NorARunningOneDeleted() throws {
        let store = try JobStore.make()
        let id = try store.submitOne().id
        #expect(throws: JobError.notFinished(id, .queued)) { try store.delete(id) }
        let lease = try store.claimOne().lease
        #expect(throws: JobError.notFinished(id, .running)) { try store.delete(id) }
        _ = try store.complete(lease, with: .make())
        #expect(throws: JobError.alreadyFinished(id, .succeeded)) { try store.cancel(id) }
        try store.delete(id)
        #expect(throws: JobError.notFound(id)) { try store.job(id) }
        #expect(try store.output("fused", of: id) == nil)
    }
}

extension ClaimedJob: Equatable {
    public static func == (left: Self, right: Self) -> Bool { left.lease == right.lease }
}
