import Foundation
import TestSupport
import Testing

@testable import Jobs

/// Random histories: whatever is done in whatever order, no job is lost and none leaves a final state.
@Suite struct StateMachineTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func noJobIsLost_InARandomHistory(_ seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let clock = ManualClock()
        let store = try JobStore.make(clock: clock) { $0.capacity = 12 }
        var known: [Job.ID: Job] = [:]
        var leases: [Lease] = []
        for _ in 0..<150 {
            clock.advance(.milliseconds(Int.random(in: 0...4000, using: &random)))
            let lease = leases.randomElement(using: &random)
            let id = known.keys.sorted().randomElement(using: &random)
            do {
                switch (Int.random(in: 0..<10, using: &random), lease, id) {
                case (0...2, _, _):
                    let job = try store.submitOne(.make(owner: ["a", "b", nil].randomElement(using: &random)!))
                    known[job.id] = job
                case (3...4, _, _): if let claimed = try store.claimNext() { leases.append(claimed.lease) }
                case (5, let lease?, _): _ = try store.complete(lease, with: .make())
                case (6, let lease?, _): _ = try store.fail(lease, JobFailure(code: "x", text: "", isPermanent: .random(using: &random)))
                case (7, let lease?, _): _ = try store.handBack(lease)
                case (8, _, let id?): try store.cancel(id)
                case (9, _, _): _ = try store.renew(leases)
                default: break
                }
            } catch let error as JobError {
                switch error {
                case .leaseLost, .queueFull, .alreadyFinished: break
                default: throw error
                }
            }
            let jobs = try store.list(limit: 1000).jobs
            #expect(Set(jobs.map(\.id)) == Set(known.keys))
            for job in jobs {
                let before = known[job.id]!
                #expect(!before.state.isFinal || before == job, "a final state is final")
                #expect((job.state == .running) == (job.state != .queued && job.finished == nil))
                #expect(job.seed == before.seed && job.attempts <= before.attempts + 1 && job.attempts >= before.attempts - 1)
                known[job.id] = job
            }
            #expect(try store.statistics().counts.values.reduce(0, +) == jobs.count)
        }
    }
}
