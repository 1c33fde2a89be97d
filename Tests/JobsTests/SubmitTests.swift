import Foundation
import Testing

@testable import Jobs

@Suite struct SubmitTests {
    @Test func job_ReadsBack_AsItWasSubmitted() throws {
        let clock = ManualClock()
        let store = try JobStore.make(clock: clock)
        let inputs = ["mri": Data([1, 2]), "ct": Data()]
        let submission = try store.submit(.make(owner: "k1", parameters: "{\"steps\":5}", seed: .max, inputs: inputs))
        let job = try store.job(submission.job.id)
        #expect(submission.isNew)
        #expect(job == submission.job)
        #expect(job.state == .queued && job.attempts == 0 && job.owner == "k1" && job.seed == .max)
        #expect(job.parameters == Data("{\"steps\":5}".utf8))
        #expect(job.created == clock.now && job.started == nil && job.finished == nil && job.expires == nil)
        #expect(job.inputs == ["ct", "mri"] && job.outputs.isEmpty)
        #expect(try store.input("mri", of: job.id) == Data([1, 2]))
        #expect(try store.input("ct", of: job.id) == Data())
        #expect(try store.input("pet", of: job.id) == nil)
        #expect(try store.output("mri", of: job.id) == nil)
    }

    @Test func submission_IsRefusedWithNumbers_WhenTheQueueIsFull() throws {
        let store = try JobStore.make { $0.capacity = 2 }
        _ = try (store.submitOne(), store.submitOne())
        #expect(throws: JobError.queueFull(queued: 2, capacity: 2)) { try store.submitOne() }
        _ = try store.claimOne()
        #expect(try store.submitOne().state == .queued)
        #expect(try store.list().jobs.count == 3)
    }

    @Test func idempotencyKey_ReturnsTheEarlierJob_AlsoWhenTheQueueIsFull() throws {
        let store = try JobStore.make { $0.capacity = 1 }
        let first = try store.submit(.make(owner: "a", seed: 1, key: "x"))
        let second = try store.submit(.make(owner: "a", seed: 2, key: "x"))
        #expect(second.job.id == first.job.id && !second.isNew && second.job.seed == 1)
        #expect(try store.hasJob(idempotencyKey: "x", owner: "a"))
        #expect(try !store.hasJob(idempotencyKey: "y", owner: "a") && !store.hasJob(idempotencyKey: "x", owner: nil))
    }

    @Test(arguments: [
        JobRequest.make(owner: "a", parameters: "{\"steps\":9}", key: "x"),
        .make(owner: "a", inputs: ["mri": Data([1, 2, 4])], key: "x"),
        .make(owner: "a", inputs: ["pet": Data([1, 2, 3])], key: "x"),
        .make(owner: "a", inputs: [:], key: "x"),
    ])
    func idempotencyKey_Conflicts_WhenTheRequestDiffers(_ other: JobRequest) throws {
        let store = try JobStore.make()
        let first = try store.submitOne(.make(owner: "a", key: "x"))
        #expect(throws: JobError.idempotencyConflict(existing: first.id)) { try store.submit(other) }
        #expect(try store.list().jobs.count == 1)
    }

    @Test func idempotencyKey_BelongsToItsOwner_AndGoesWithItsJob() throws {
        let store = try JobStore.make()
        let mine = try store.submitOne(.make(owner: "a", key: "x"))
        #expect(try store.submit(.make(owner: "b", key: "x")).isNew)
        #expect(try store.submit(.make(owner: nil, key: "x")).isNew)
        #expect(try !store.submit(.make(owner: nil, key: "x")).isNew)
        try store.cancel(mine.id)
        try store.delete(mine.id)
        #expect(try store.submit(.make(owner: "a", key: "x")).isNew)
    }

    @Test func concurrentSubmitters_LoseNothing_AndShareOneKey() async throws {
        let folder = try TemporaryFolder()
        let store = try JobStore.make(.file(folder.store)) { $0.capacity = 60 }
        let outcomes = await withTaskGroup(of: Result<Submission, JobError>.self) { group in
            for number in 0..<100 {
                group.addTask {
                    do throws(JobError) {
                        let request = JobRequest.make(key: number < 20 ? "shared" : nil)
                        return .success(try await store.perform { store throws(JobError) in try store.submit(request) })
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let accepted = outcomes.compactMap { try? $0.get() }
        #expect(accepted.count(where: \.isNew) == 60)
        let refused = outcomes.compactMap { if case .failure(let error) = $0 { error } else { nil } }
        #expect(refused.allSatisfy { $0 == .queueFull(queued: 60, capacity: 60) })
        #expect(try store.statistics().counts[.queued] == 60)
        #expect(Set(try store.list(limit: 100).jobs.map(\.id)) == Set(accepted.map(\.job.id)))
    }

    @Test func list_PagesNewestFirst_ByScopeAndState() throws {
        let store = try JobStore.make()
        let ids = try (0..<7).map { try store.submitOne(.make(owner: $0.isMultiple(of: 2) ? "even" : "odd")).id }
        try store.cancel(ids[4])
        let first = try store.list(limit: 3)
        #expect(first.jobs.map(\.id) == [ids[6], ids[5], ids[4]] && first.next == ids[4])
        try store.delete(ids[4])
        let second = try store.list(before: first.next, limit: 4)
        #expect(second.jobs.map(\.id) == [ids[3], ids[2], ids[1], ids[0]] && second.next == nil)
        try store.cancel(ids[0])
        #expect(try store.list(in: .owner("even"), states: [.queued]).jobs.map(\.id) == [ids[6], ids[2]])
        #expect(try store.list(states: [.cancelled, .failed]).jobs.map(\.id) == [ids[0]])
        #expect(try store.list(in: .owner("nobody")).jobs.isEmpty)
    }

    @Test func somebodyElsesJob_IsNotFound() throws {
        let store = try JobStore.make()
        let id = try store.submitOne(.make(owner: "a")).id
        #expect(throws: JobError.notFound(id)) { try store.job(id, in: .owner("b")) }
        #expect(throws: JobError.notFound(id)) { try store.cancel(id, in: .owner("b")) }
        #expect(throws: JobError.notFound(id)) { try store.delete(id, in: .owner("b")) }
        #expect(try store.job(id, in: .owner("a")).state == .queued)
    }
}
