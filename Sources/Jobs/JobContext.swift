import Foundation
import Synchronization

/// What a handler has of the outside world while it works on one attempt.
public final class JobContext: Sendable {
    let lease: Lease
    private let store: JobStore
    private let isStopping = Atomic(false)

    init(_ lease: Lease, store: JobStore) {
        (self.lease, self.store) = (lease, store)
    }

    /// Says how far the attempt is. Cheap enough for every step: pollers see it at once, the disk some seconds later.
    public func report(completed: Int, total: Int) {
        store.report(Job.Progress(completed: completed, total: total), for: lease)
    }

    /// Whether to stop at once: the job was cancelled, the pool shuts down, or the lease was lost. Cheap enough for every step.
    public var isCancelled: Bool {
        isStopping.load(ordering: .relaxed) || store.live.shouldStop(lease)
    }

    /// Throws `CancellationError` if ``isCancelled``. A handler lets it pass.
    public func checkCancellation() throws {
        if isCancelled { throw CancellationError() }
    }

    /// An input blob.
    ///
    /// - Throws: `JobFailure` (`missing_input`, permanent) if the job has none of that name; `JobError`.
    public func input(_ name: String) throws -> Data {
        guard let bytes = try store.input(name, of: lease.id) else {
            throw JobFailure(code: "missing_input", text: "The job has no input \"\(name)\".", isPermanent: true)
        }
        return bytes
    }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
    }
}
