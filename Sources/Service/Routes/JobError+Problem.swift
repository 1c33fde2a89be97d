import HTTP
import Jobs

extension JobError: ProblemConvertible {
    /// The store's refusals as answers: passing ones say when to try again.
    public var problem: Problem {
        switch self {
        case .queueFull:
            // The route that hands jobs in knows when there will be a place, and says so.
            Problem(.serviceUnavailable, type: .queueFull, detail: "\(self)")
        case .idempotencyConflict:
            Problem(.conflict, type: .idempotencyConflict, detail: "\(self)")
        case .notFound:
            Problem(.notFound, type: .noSuchJob, detail: "There is no such job: it may have expired.")
        case .notFinished, .alreadyFinished:
            Problem(.conflict, type: .conflict, detail: "\(self)")
        case .storageFull:
            Problem(
                .insufficientStorage, type: .storageFull,
                detail:
                    "The job store has no room, and nothing of the request was kept: delete finished jobs (DELETE /v1/jobs/{id}), or have "
                    + "the operator make room on its disk or raise store-bytes.")
        case .unavailable:
            Problem(
                .serviceUnavailable, type: .storage, detail: "The job store does not answer; try again.", headers: RetryAfter.header(30))
        case .leaseLost, .inUse, .cannotOpen, .damaged, .newerVersion:
            Problem(.internalServerError, type: .storage, detail: "The job store failed; the log has the reason.")
        }
    }
}
