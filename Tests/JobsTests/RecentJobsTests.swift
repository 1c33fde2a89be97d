import Testing

@testable import Jobs

@Suite struct RecentJobsTests {
    @Test func jobs_AreKept_UntilTheyChange() throws {
        let store = try JobStore.make()
        let (first, second) = (try store.submitOne().id, try store.submitOne().id)
        #expect(store.recentJob(first) == nil, "nobody has asked yet")
        for id in [first, second] { _ = try store.job(id) }
        #expect(store.recentJob(first)?.state == .queued && store.recentJob(second)?.state == .queued)
        let lease = try store.claimOne().lease
        #expect(store.recentJob(first) == nil && store.recentJob(second)?.state == .queued)
        #expect(try store.job(first).state == .running)
        store.report(.init(completed: 3, total: 4), for: lease)
        #expect(store.recentJob(first)?.progress == .init(completed: 3, total: 4), "progress is not read from what is kept")
        _ = try store.complete(lease, with: .make())
        #expect(store.recentJob(first) == nil)
        #expect(try store.job(first).state == .succeeded)
        try store.delete(first)
        #expect(store.recentJob(first) == nil)
        #expect(throws: JobError.notFound(first)) { try store.job(first) }
    }

    @Test func scope_CountsForWhatIsKept() throws {
        let store = try JobStore.make()
        let id = try store.submitOne(.make(owner: "a")).id
        _ = try store.job(id)
        #expect(store.recentJob(id, in: .owner("a")) != nil && store.recentJob(id, in: .owner("b")) == nil)
        #expect(throws: JobError.notFound(id)) { try store.job(id, in: .owner("b")) }
    }

    @Test func positions_AreKept_UntilAnyJobChanges() throws {
        let store = try JobStore.make()
        let ids = try (0..<3).map { _ in try store.submitOne().id }
        #expect(try ids.map { try store.queuePosition(of: $0) } == [0, 1, 2])
        #expect(ids.map(store.recentQueuePosition) == [0, 1, 2])
        try store.cancel(ids[0])
        #expect(ids.map(store.recentQueuePosition) == [nil, nil, nil])
        #expect(try ids.map { try store.queuePosition(of: $0) } == [nil, 0, 1])
        _ = try store.submitOne(.make(owner: "late"))
        #expect(store.recentQueuePosition(of: ids[2]) == nil, "another owner takes turns with this one")
    }

    @Test func whatWasReadBeforeAChange_IsNotKeptAfterIt() throws {
        let store = try JobStore.make()
        let job = try store.submitOne()
        let moment = store.recent.moment
        try store.cancel(job.id)
        store.recent.keep(job, since: moment)
        store.recent.keep(position: 0, of: job.id, since: moment)
        #expect(store.recentJob(job.id) == nil && store.recentQueuePosition(of: job.id) == nil)
    }

    @Test func capacity_IsABound() throws {
        let store = try JobStore.make()
        let recent = RecentJobs(capacity: 2)
        let jobs = try (0..<3).map { _ in try store.submitOne() }
        for job in jobs { recent.keep(job, since: recent.moment) }
        #expect(jobs.map { recent.job($0.id) != nil } == [false, false, true])
    }
}
