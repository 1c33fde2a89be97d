import Foundation
import HTTP
import Testing

@testable import Service

/// Long computations for requests: some at once, some in line, the rest refused.
@Suite struct BoundedWorkTests {
    @Test func work_BeyondTheLine_IsRefusedWithRetryAfter() async throws {
        let (work, gate) = (BoundedWork(threads: 1, waiting: 0), Gate())
        async let held: Void = work.run { gate.hold() }
        await gate.entered()
        let problem = await #expect(throws: Problem.self) { try await work.run {} }
        #expect(problem?.status == .serviceUnavailable && problem?.type == ProblemType.busy.rawValue)
        #expect(problem?.headers["Retry-After"].flatMap { Int($0) }.map { $0 > 0 } == true)
        gate.open()
        try await held
        #expect(try await work.run { 4 } == 4, "there is room again")
        await #expect(throws: CocoaError.self) { try await work.run { throw CocoaError(.featureUnsupported) } }
        #expect(try await work.run { 5 } == 5, "after an error as well")
    }

    @Test func refusal_SaysHowLongTheLineTakes() async throws {
        let (work, gate) = (BoundedWork(threads: 2, waiting: 0, presumedSeconds: 99.5), Gate())
        func told() async throws -> String? {
            async let first: Void = work.run { gate.hold() }
            async let second: Void = work.run { gate.hold() }
            await gate.entered(2)
            let problem = await #expect(throws: Problem.self) { try await work.run {} }
            gate.open(2)
            _ = try await (first, second)
            return problem?.headers["Retry-After"]
        }
        #expect(try await told() == "100")
        for _ in 0..<80 { try await work.run {} }
        #expect(try await told() == "1", "pieces take next to no time")
    }

    @Test func work_ForAClientThatIsGone_IsNotBegun() async throws {
        let (work, gate) = (BoundedWork(threads: 1, waiting: 8), Gate())
        async let held: Void = work.run { gate.hold() }
        await gate.entered()
        let waiting = Task { try await work.run { Issue.record("nobody waits for this") } }
        waiting.cancel()
        gate.open()
        try await held
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }
}
