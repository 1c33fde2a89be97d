import Foundation
import HTTP
import Synchronization

/// Runs long computations for requests on a few threads of their own, away from those that answer everybody else, with a bounded line
/// before them.
final class BoundedWork: Sendable {
    private let queue = OperationQueue()
    private let capacity: Int
    /// What runs and what waits.
    private let admitted = Mutex(0)

    /// - Parameters:
    ///   - threads: how much runs at once.
    ///   - waiting: how much may wait.
    init(threads: Int, waiting: Int) {
        queue.maxConcurrentOperationCount = threads
        capacity = threads + waiting
    }

    /// What `body` returns or throws. What waits for a client that is gone is not begun.
    ///
    /// - Throws: `Problem` 503 where the line is full, `CancellationError` where the surrounding task is cancelled before its turn.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try admit()
        defer { admitted.withLock { $0 -= 1 } }
        let isCancelled = Atomic(false)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.addOperation {
                    continuation.resume(
                        with: Result {
                            if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
                            return try body()
                        })
                }
            }
        } onCancel: {
            isCancelled.store(true, ordering: .relaxed)
        }
    }

    private func admit() throws {
        let isAdmitted = admitted.withLock { admitted in
            guard admitted < capacity else { return false }
            admitted += 1
            return true
        }
        guard isAdmitted else {
            throw Problem(
                .serviceUnavailable, type: .busy, detail: "Too many requests of this kind are in work; try again in a moment.",
                headers: ["Retry-After": "2"])
        }
    }
}
