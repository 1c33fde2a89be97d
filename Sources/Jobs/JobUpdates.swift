import Foundation
import Synchronization

extension JobStore {
    /// The job now, and again after every change, up to and including its final state; ends early if the job is erased.
    ///
    /// A slow reader skips states in between, never the last one, and never sees the job go back in time. Nothing is polled.
    public func updates(of id: Job.ID) -> AsyncStream<Job> {
        let changes = subscribers.changes(of: id)
        return AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let task = Task { [weak self] in
                for await _ in changes {
                    // Read after the change was announced: what is read is at least as new.
                    guard let job = try? await self?.perform({ store throws(JobError) in try store.job(id) }) else { break }
                    continuation.yield(job)
                    if job.state.isFinal { break }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Waits until the job is finished, but no longer than `deadline` nor beyond the cancellation of the surrounding task.
    ///
    /// - Returns: The job as it stands then, finished or not.
    /// - Throws: `notFound`, also if the job is erased meanwhile.
    public func wait(for id: Job.ID, until deadline: ContinuousClock.Instant) async throws(JobError) -> Job {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in self.updates(of: id) {} }
            group.addTask { try? await Task.sleep(until: deadline, clock: .continuous) }
            await group.next()
            group.cancelAll()
        }
        return try await perform { store throws(JobError) in try store.job(id) }
    }
}

/// Who wants to hear of changes, by job. Says only that something changed: the store says what.
final class Subscribers: Sendable {
    private struct State {
        var next = 0
        var continuations: [Job.ID: [Int: AsyncStream<Void>.Continuation]] = [:]
    }

    private let state = Mutex(State())

    /// Yields once at once, then after changes; several in a row may come as one.
    func changes(of id: Job.ID) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.next += 1
            state.continuations[id, default: [:]][state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in self?.remove(number, id) }
        continuation.yield()
        return stream
    }

    func notify(_ id: Job.ID) {
        let listeners = state.withLock { $0.continuations[id].map { Array($0.values) } ?? [] }
        for listener in listeners { listener.yield() }
    }

    /// How many listen, for tests.
    var count: Int {
        state.withLock { $0.continuations.values.reduce(0) { $0 + $1.count } }
    }

    private func remove(_ number: Int, _ id: Job.ID) {
        state.withLock { state in
            state.continuations[id]?[number] = nil
            if state.continuations[id]?.isEmpty == true { state.continuations[id] = nil }
        }
    }
}
