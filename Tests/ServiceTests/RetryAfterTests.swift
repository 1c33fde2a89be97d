import Jobs
import Testing

@testable import Service

/// When those who are refused are told to come back, and what they find then.
@Suite struct RetryAfterTests {
    private let start = ContinuousClock.now

    @Test(arguments: [(-1, "1"), (0, "1"), (0.2, "1"), (1, "1"), (1.001, "2"), (59.5, "60"), (1e9, "3600"), (.infinity, "3600")])
    func header_IsRoundedUp_WithinBounds(_ seconds: Double, _ text: String) { #expect(RetryAfter.header(seconds)["Retry-After"] == text) }

    private func backlog(_ queued: Int, of capacity: Int = 100, seconds: Double? = 3) -> Backlog {
        Backlog(queued: queued, capacity: capacity, meanRunSeconds: seconds)
    }

    @Test func everyRefusal_PromisesAPlaceOfItsOwn() {
        let promises = QueuePromises(workers: 2)
        #expect(promises.ask(backlog(99), at: start) == nil)
        #expect(
            (0..<4).map { _ in promises.ask(backlog(100), at: start) } == [2, 3, 5, 6], "1.5, 3, 4.5 and 6, as two workers take 3 s a job")
        #expect(promises.ask(backlog(100), at: start + .seconds(4)) == 6, "three are still to come")
        #expect(promises.ask(backlog(100), at: start + .seconds(60)) == 2, "nothing is promised any more")
    }

    @Test func turns_CountWhereTheyAreSlowerThanTheWorkAlone() {
        let slow = Backlog(queued: 100, capacity: 100, meanRunSeconds: 1, meanTurnSeconds: 4)
        #expect(QueuePromises(workers: 2).ask(slow, at: start) == 4)
        let quick = Backlog(queued: 100, capacity: 100, meanRunSeconds: 8, meanTurnSeconds: 2)
        #expect(QueuePromises(workers: 2).ask(quick, at: start) == 4)
    }

    @Test func promisedPlaces_AreKept_ForThoseWhoReturn() {
        let promises = QueuePromises(workers: 2)
        #expect(promises.ask(backlog(100), at: start) == 2 && promises.ask(backlog(100), at: start) == 3)
        #expect(promises.ask(backlog(98), at: start + .seconds(1.9)) == 2, "two places are free, and two are promised")
        #expect(promises.ask(backlog(96), at: start + .seconds(1.9)) == nil, "four are more than three promises")
        #expect(promises.ask(backlog(98), at: start + .seconds(2)) == nil, "the first returns")
        #expect(promises.ask(backlog(99), at: start + .seconds(2.1)) != nil)
        #expect(promises.ask(backlog(99), at: start + .seconds(3.9)) == nil, "the second, a little late")
    }

    @Test func aPlace_IsNotKeptForLong() {
        let promises = QueuePromises(workers: 1)
        #expect(promises.ask(backlog(1, of: 1, seconds: 1), at: start) == 1)
        #expect(promises.ask(backlog(0, of: 1), at: start + .seconds(0.5)) != nil)
        #expect(promises.ask(backlog(0, of: 1), at: start + .seconds(2.1)) == nil)
        #expect(promises.ask(backlog(0, of: 1), at: start + .seconds(2.1)) == nil, "whoever it is")
    }

    @Test func promises_DoNotReachBeyondWhatWaits() {
        let promises = QueuePromises(workers: 1)
        let told = (0..<50).map { _ in promises.ask(backlog(10, of: 10, seconds: 2), at: start) }
        #expect(told == (0..<50).map { min(2 * $0 + 2, 20) })
    }

    @Test func beforeAnyJobHasEnded_ASecondIsPresumed() {
        let promises = QueuePromises(workers: 4)
        #expect((0..<5).map { _ in promises.ask(backlog(10, of: 10, seconds: nil), at: start) } == [1, 1, 1, 1, 2])
    }
}
