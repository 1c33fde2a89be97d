import HTTP
import Jobs
import TestSupport
import Testing

@testable import Service

/// When those who are refused are told to come back, and what they find then.
@Suite struct RetryAfterTests {
    private let start = ContinuousClock.now

    @Test(arguments: [(-1, "1"), (0, "1"), (0.2, "1"), (1, "1"), (1.001, "2"), (59.5, "60"), (1e9, "3600"), (.infinity, "3600")])
    func header_IsRoundedUp_WithinBounds(_ seconds: Double, _ text: String) { #expect(RetryAfter.header(seconds)["Retry-After"] == text) }

    /// Who posts a pair of that many bytes.
    private static func client(_ bytes: Int) throws -> QueuePromises.Claimant {
        QueuePromises.Claimant(try Request(.post, "/v1/fusions", headers: ["Content-Length": "\(bytes)"]))
    }

    /// Asks for a place, and where there is none, when there will be: nil for a place, that is taken at once.
    private func ask(
        _ promises: QueuePromises, _ client: Int, _ queued: Int, of capacity: Int = 100, seconds: Double? = 3, turn: Double? = nil,
        at time: Double = 0
    ) throws -> Int? {
        let (claimant, backlog, now) = (try Self.client(client), Backlog(queued: queued, capacity: capacity), start + .seconds(time))
        if let place = promises.enter(claimant, backlog, at: now) {
            promises.leave(place)
            return nil
        }
        return promises.promise(claimant, backlog, Pace(meanRunSeconds: seconds, meanTurnSeconds: turn), at: now)
    }

    @Test func everyRefusal_PromisesAPlaceOfItsOwn() throws {
        let promises = QueuePromises(workers: 2)
        #expect(try ask(promises, 0, 99) == nil)
        #expect(
            try (1...4).map { try ask(promises, $0, 100) } == [5, 8, 10, 12],
            "1.5 s for each of 1 + 2, 2 + 2.8, 3 + 3.5 and 4 + 4 turns, as two workers take 3 s a job")
        #expect(try ask(promises, 5, 100, at: 9) == 12, "two are still to come, and one is waited for")
        #expect(try ask(promises, 6, 100, at: 60) == 5, "nothing is promised any more")
    }

    @Test func turns_CountWhereTheyAreSlowerThanTheWorkAlone() throws {
        #expect(try ask(QueuePromises(workers: 2), 1, 100, seconds: 1, turn: 4) == 12)
        #expect(try ask(QueuePromises(workers: 2), 1, 100, seconds: 8, turn: 2) == 12)
    }

    @Test func promisedPlace_IsKept_ForWhomItWasPromised() throws {
        let promises = QueuePromises(workers: 2)
        #expect(try ask(promises, 1, 100) == 5 && ask(promises, 2, 100) == 8)
        #expect(try ask(promises, 3, 98, at: 4.9) == 5, "two places are free, and two are promised")
        #expect(try ask(promises, 4, 96, at: 4.9) == nil, "four are more than three promises")
        #expect(try ask(promises, 5, 99, at: 5.1) != nil, "one who has just been let in, and has another pair")
        #expect(try ask(promises, 1, 99, at: 5.2) == nil)
        #expect(try ask(promises, 2, 99, at: 9.9) == nil, "a little late")
        #expect(try ask(promises, 2, 99, at: 9.9) != nil, "the same pair once more")
    }

    @Test func newcomer_IsLetIn_WhereThereWillBeAPlaceForEverybodyInTime() throws {
        let promises = QueuePromises(workers: 1)
        #expect(try (1...16).map { try ask(promises, $0, 100, seconds: 1) }.last == 24)
        #expect(try ask(promises, 20, 98, seconds: 1, at: 0.1) != nil, "two places are free, and of 16 that are promised the second comes in 5 s")
        #expect(try ask(promises, 21, 96, seconds: 1, at: 0.1) == nil)
    }

    @Test func earlyReturn_FindsAPlace_WhereNobodyIsOvertaken() throws {
        let promises = QueuePromises(workers: 1)
        #expect(try ask(promises, 1, 100) == 9 && ask(promises, 2, 100) == 15)
        #expect(try ask(promises, 2, 99, at: 1) == 15, "the free place is the other's")
        #expect(try ask(promises, 1, 97, at: 1) == nil)
    }

    @Test func requestsThatCannotBeToldApart_ShareTheirPromises() throws {
        let promises = QueuePromises(workers: 1)
        #expect(try (0..<3).map { _ in try ask(promises, 7, 100, seconds: 1) } == [3, 5, 7])
        #expect(try ask(promises, 7, 99, seconds: 1, at: 0.5) == 7, "none is due")
        #expect(try ask(promises, 7, 99, seconds: 1, at: 3) == nil)
        #expect(try ask(promises, 7, 99, seconds: 1, at: 3.1) != nil)
        #expect(try ask(promises, 7, 99, seconds: 1, at: 5) == nil)
    }

    @Test func placeThatIsBeingTaken_IsNobodyElses() throws {
        let promises = QueuePromises(workers: 1)
        let backlog = Backlog(queued: 98, capacity: 100)
        let places = try (1...2).map { try #require(promises.enter(try Self.client($0), backlog, at: start)) }
        #expect(try ask(promises, 3, 98) == 9)
        #expect(try ask(promises, 3, 98, at: 9) == 9, "its time has come, but both bodies are still on the way")
        promises.leave(places[0])
        promises.leave(places[0])
        #expect(try ask(promises, 4, 99, at: 9.5) != nil, "the one is in the queue now")
        promises.leave(places[1])
        #expect(try ask(promises, 3, 99, at: 18) == nil, "the other's form was refused")
    }

    @Test func placeIsNotKept_ForABodyThatDoesNotCome() throws {
        let promises = QueuePromises(workers: 1)
        #expect(promises.enter(try Self.client(1), Backlog(queued: 99, capacity: 100), at: start) != nil)
        #expect(try ask(promises, 2, 99, at: 9.9) != nil)
        #expect(try ask(promises, 2, 99, at: 10.1) == nil)
    }

    @Test func whoIsDisappointed_IsNextInTurn() throws {
        let promises = QueuePromises(workers: 1)
        #expect(try (1...5).map { try ask(promises, $0, 100) } == [9, 15, 20, 24, 29])
        #expect(try ask(promises, 1, 100, at: 9) == 9, "jobs take longer than they did")
        #expect(try ask(promises, 2, 100, at: 16) == 9 && ask(promises, 1, 100, at: 18) == 9, "none goes behind those who came later")
        #expect(try ask(promises, 6, 100, at: 18) == 33)
        #expect(try ask(promises, 2, 99, at: 25) == nil)
    }

    @Test func place_IsNotKeptForLong() throws {
        let promises = QueuePromises(workers: 1)
        #expect(try ask(promises, 1, 1, of: 1, seconds: 1) == 3)
        #expect(try ask(promises, 2, 0, of: 1, seconds: 1, at: 0.5) == 3)
        #expect(try ask(promises, 3, 0, of: 1, at: 5.6) == nil)
        #expect(try ask(promises, 3, 0, of: 1, at: 5.6) == nil, "whoever it is")
    }

    @Test func promises_AreBounded() throws {
        let promises = QueuePromises(workers: 1)
        let told = try (1...50).map { try ask(promises, $0, 10, of: 10, seconds: 2) }
        #expect(told.prefix(4) == [6, 10, 13, 16] && told[19] == 58 && told.suffix(30).allSatisfy { $0 == 58 })
        #expect(promises.count == 20)
        for client in 0..<10_100 { _ = try ask(promises, client, 1_000_000, of: 1_000_000, seconds: 0.001) }
        #expect(promises.count == 10_000)
    }

    @Test func beforeAnyJobHasEnded_ASecondIsPresumed() throws {
        let promises = QueuePromises(workers: 4)
        #expect(try (0..<5).map { try ask(promises, $0, 10, of: 10, seconds: nil) } == [1, 2, 2, 2, 3])
    }

    @Test func claimant_IsKnownByAddress_Key_Name_AndLength() throws {
        func claimant(_ headers: HeaderFields, from address: String = "10.0.0.1") throws -> QueuePromises.Claimant {
            var request = try Request(.post, "/v1/fusions", headers: headers)
            request.remoteAddress = address
            return QueuePromises.Claimant(request)
        }
        let headers: HeaderFields = ["Authorization": "Bearer a", "Idempotency-Key": "k", "Content-Length": "100"]
        #expect(try claimant(headers) == claimant(["Date": "now", "Content-Length": "100", "Idempotency-Key": "k", "Authorization": "Bearer a"]))
        let others = try [
            claimant(headers, from: "10.0.0.2"), claimant(["Authorization": "Bearer b", "Idempotency-Key": "k", "Content-Length": "100"]),
            claimant(["Authorization": "Bearer a", "Idempotency-Key": "l", "Content-Length": "100"]),
            claimant(["Authorization": "Bearer a", "Idempotency-Key": "k", "Content-Length": "101"]),
            claimant(["Authorization": "Bearer a", "Content-Length": "100"]), claimant(["Idempotency-Key": "k", "Content-Length": "100"]),
        ]
        #expect(try !others.contains(claimant(headers)))
        #expect(!claimantText(others[0]).contains("Bearer"))
    }

    private func claimantText(_ claimant: QueuePromises.Claimant) -> String {
        var text = ""
        dump(claimant, to: &text)
        return text
    }

    /// A quarter of an hour of clients who post one pair after the other, more of them than the queue holds, on a service that does four jobs a
    /// second. Some of those who are refused do not return, and another comes after a while.
    @Test(arguments: 0..<4 as Range<UInt64>) func whoReturnsAsTold_FindsAPlace_AndNoWorkerIsIdleForWhoDoesNot(_ seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let promises = QueuePromises(workers: 2)
        let capacity = 60
        var clients = (0..<90).map { (next: Double.random(in: 0..<2, using: &random), pair: $0, isTold: false) }
        var (pairs, queued, idle, taken, kept, broken, gone) = (clients.count, 0, 0, 0.0, 0, 0, 0)
        while let index = clients.indices.min(by: { clients[$0].next < clients[$1].next }), clients[index].next < 900 {
            let time = clients[index].next
            while taken <= time {
                idle += queued == 0 && time > 5 ? 1 : 0
                queued = max(0, queued - 1)
                taken += .random(in: 0.125..<0.375, using: &random)
            }
            let wait = try ask(promises, clients[index].pair, queued, of: capacity, seconds: 0.5, at: time)
            if clients[index].isTold { (kept, broken) = wait == nil ? (kept + 1, broken) : (kept, broken + 1) }
            if let wait, Int.random(in: 0..<4, using: &random) > 0 {
                clients[index].next = time + Double(wait) + .random(in: 0..<1.5, using: &random)
                clients[index].isTold = true
            } else {
                (queued, gone) = wait == nil ? (queued + 1, gone) : (queued, gone + 1)
                pairs += 1
                clients[index] = (time + .random(in: 0..<(wait == nil ? 0.1 : 10), using: &random), pairs, false)
            }
            #expect(queued <= capacity)
        }
        #expect(kept > 1000 && kept > 49 * broken && gone > 300, "\(kept) kept, \(broken) broken, \(gone) did not return")
        #expect(idle == 0)
    }
}
