import Foundation
import HTTP
import Synchronization

/// Runs long computations for requests on a few threads of their own, away from those that answer everybody else, with a bounded line
/// before them.
final class BoundedWork: Sendable {
    private struct State {
        /// What runs and what waits.
        var admitted = 0
        /// How long one piece takes, the latest ones first of all.
        var meanSeconds: Double
    }

    private let queue = OperationQueue()
    private let capacity: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - threads: how much runs at once.
    ///   - waiting: how much may wait.
    ///   - presumedSeconds: how long one piece takes, before any is done.
    init(threads: Int, waiting: Int, presumedSeconds: Double = 0.1) {
        state = Mutex(State(meanSeconds: presumedSeconds))
        queue.maxConcurrentOperationCount = threads
        capacity = threads + waiting
    }

    /// What `body` returns or throws. What waits for a client that is gone is not begun.
    ///
    /// - Throws: `Problem` 503 where the line is full, `CancellationError` where the surrounding task is cancelled before its turn.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try admit()
        defer { state.withLock { $0.admitted -= 1 } }
        let isCancelled = Atomic(false)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.addOperation { [self] in
                    continuation.resume(
                        with: Result {
                            if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
                            return try timed(body)
                        })
                }
            }
        } onCancel: {
            isCancelled.store(true, ordering: .relaxed)
        }
    }

    private func timed<Value>(_ body: () throws -> Value) rethrows -> Value {
        let start = ContinuousClock.now
        defer {
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            state.withLock { $0.meanSeconds += (seconds - $0.meanSeconds) / 8 }
        }
        return try body()
    }

    private func admit() throws {
        let backlogSeconds: Double? = state.withLock { state in
            guard state.admitted >= capacity else {
                state.admitted += 1
                return nil
            }
            return Double(state.admitted) * state.meanSeconds / Double(queue.maxConcurrentOperationCount)
        }
        guard let backlogSeconds else { return }
        throw Problem(
            .serviceUnavailable, type: .busy, detail: "Too many requests of this kind are in work; try again in a moment.",
            headers: RetryAfter.header(backlogSeconds))
    }
}
