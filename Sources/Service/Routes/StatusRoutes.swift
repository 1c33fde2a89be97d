import Foundation
import HTTP
import Jobs

/// GET /healthz, /readyz and /v1/models.
struct StatusRoutes: Sendable {
    let shelf: ModelShelf
    let readiness: Readiness

    func add(to router: inout Router) {
        router.get("/healthz") { _ in try .encoding(["status": "ok"]) }
        router.get("/readyz") { _ in
            let report = await readiness.report()
            return try .encoding(report, status: report.status == .ready ? .ok : .serviceUnavailable)
        }
        router.get("/v1/models") { _ in try .encoding(["models": shelf.models.map(ModelPayload.init)]) }
    }
}

/// Whether jobs are taken. Models are loaded before the service listens, so what is left to ask is the store and the pool.
struct Readiness: Sendable {
    enum Status: String, Encodable, CaseIterable {
        case ready
        /// The service is stopping.
        case draining
        /// The job store does not answer, or not in time.
        case storeUnavailable = "store-unavailable"
    }

    struct Report: Encodable {
        let status: Status
        /// Jobs that wait, where the store answers.
        let queued: Int?
        /// Jobs that run, where the store answers.
        let running: Int?
    }

    let store: JobStore
    let pool: WorkerPool
    /// How long the store may take to answer.
    var patience = Duration.seconds(2)

    func report() async -> Report {
        let statistics = await statistics()
        let status: Status = pool.isDraining ? .draining : statistics == nil ? .storeUnavailable : .ready
        return Report(status: status, queued: statistics?.counts[.queued], running: statistics?.counts[.running])
    }

    /// The store in numbers; nil where it fails or is not there in time. A look that comes too late is left behind.
    func statistics() async -> JobStatistics? {
        let (answers, continuation) = AsyncStream.makeStream(of: JobStatistics?.self)
        let look = Task { continuation.yield(try? await store.perform { store throws(JobError) in try store.statistics() }) }
        let limit = Task {
            try await Task.sleep(for: patience)
            continuation.yield(nil)
        }
        defer {
            look.cancel()
            limit.cancel()
        }
        for await answer in answers { return answer }
        return nil
    }
}
