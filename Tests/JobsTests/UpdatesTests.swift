import Foundation
import Testing

@testable import Jobs

@Suite(.timeLimit(.minutes(1))) struct UpdatesTests {
    @Test func updates_FollowTheJob_ToItsEnd() async throws {
        let store = try JobStore.make()
        let id = try store.submitOne().id
        var updates = store.updates(of: id).makeAsyncIterator()
        #expect(await updates.next()?.state == .queued)
        let lease = try store.claimOne().lease
        #expect(await updates.next()?.state == .running)
        store.report(.init(completed: 1, total: 2), for: lease)
        #expect(await updates.next()?.progress == .init(completed: 1, total: 2))
        _ = try store.complete(lease, with: .make())
        #expect(await updates.next()?.state == .succeeded)
        #expect(await updates.next() == nil)
    }

    @Test func slowReader_SeesTheLastState() async throws {
        let store = try JobStore.make()
        let id = try store.submitOne().id
        let updates = store.updates(of: id)
        let lease = try store.claimOne().lease
        for step in 1...1000 { store.report(.init(completed: step, total: 1000), for: lease) }
        _ = try store.complete(lease, with: .make())
        var seen: [Job] = []
        for await job in updates { seen.append(job) }
        #expect(seen.last?.state == .succeeded)
        #expect(seen.map(\.progress.completed) == seen.map(\.progress.completed).sorted())
    }

    @Test func updates_End_WhenTheJobIsErasedOrUnknown() async throws {
        let store = try JobStore.make()
        let id = try store.submitOne().id
        try store.cancel(id)
        try store.delete(id)
        for await _ in store.updates(of: id) { Issue.record("there is no such job") }
        await #expect(throws: JobError.notFound(id)) { try await store.wait(for: id, until: .now + .seconds(5)) }
    }

    @Test func wait_Wakes_WhenTheJobEnds() async throws {
        let store = try JobStore.make()
        let id = try store.submitOne().id
        let start = ContinuousClock.now
        async let waited = store.wait(for: id, until: start + .seconds(300))
        try await Task.sleep(for: .milliseconds(50))
        _ = try store.complete(store.claimOne().lease, with: .make())
        #expect(try await waited.state == .succeeded)
        #expect(ContinuousClock.now - start < .seconds(200), "by the job's end, not by the deadline")
    }

    @Test func wait_ReturnsTheJobUnfinished_AtTheDeadline() async throws {
        let store = try JobStore.make()
        let id = try store.submitOne().id
        #expect(try await store.wait(for: id, until: .now + .milliseconds(50)).state == .queued)
        #expect(try await store.wait(for: id, until: .now - .seconds(1)).state == .queued)
    }

    @Test func listeners_AreForgotten_WhenTheyLeave() async throws {
        let store = try JobStore.make()
        let id = try store.submitOne().id
        for _ in 0..<20 { _ = try await store.wait(for: id, until: .now) }
        do { _ = store.updates(of: id) }
        for _ in 0..<100 where store.subscribers.count > 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(store.subscribers.count == 0)
    }
}
