import Foundation
import HTTP
import Jobs

/// GET and DELETE under /v1/jobs.
struct JobRoutes: Sendable {
    let store: JobStore
    let metrics: ServiceMetrics
    private let rendered = RenderedJobs()

    init(store: JobStore, metrics: ServiceMetrics) { (self.store, self.metrics) = (store, metrics) }

    func add(to router: inout Router) {
        router.get("/v1/jobs") { try await list($0) }
        // What clients poll is answered from memory, where it is there.
        router.get("/v1/jobs/{id}", atOnce: { request in try store.recentPayload(of: request).map(shown) }) { request in
            try shown(await store.payload(try await store.job(of: request)))
        }
        router.get("/v1/jobs/{id}/fused.png") { try await picture("fused", $0) }
        router.get("/v1/jobs/{id}/uncertainty.png") { try await picture("uncertainty", $0) }
        router.delete("/v1/jobs/{id}") { try await delete($0) }
    }

    private func shown(_ payload: JobPayload) throws -> Response { .encoded(try rendered.json(payload)) }

    private struct Page: Encodable {
        let jobs: [JobPayload]
        let next: String?
    }

    /// Newest first; `state`, `limit` (1...100) and `before` (an id) narrow it down.
    private func list(_ request: Request) async throws -> Response {
        for item in request.query.items where !["state", "limit", "before"].contains(item.name) {
            throw Problem.field(item.name, "Unknown parameter: use state, limit and before.", type: .unknownField)
        }
        let limit = request.query["limit"].map { Int($0) ?? 0 } ?? 50
        guard (1...100).contains(limit) else { throw Problem.field("limit", "limit must be from 1 to 100.", type: .badOption) }
        let state = try request.query["state"].map { text in
            guard let state = Job.State(rawValue: text) else {
                throw Problem.field(
                    "state", "state must be one of \(Job.State.allCases.map(\.rawValue).joined(separator: ", ")).",
                    type: .badOption)
            }
            return state
        }
        let before = try request.query["before"].map { text in
            guard let id = Job.ID(text) else {
                throw Problem.field("before", "before must be the id of a job.", type: .badOption)
            }
            return id
        }
        let scope = request.scope
        let page = try await store.perform { store throws(JobError) in
            try store.list(in: scope, states: state.map { [$0] }, before: before, limit: limit)
        }
        return try .encoding(
            Page(
                jobs: page.jobs.map { JobPayload(job: $0, queuePosition: nil) },
                next: page.next.map { "/v1/jobs?limit=\(limit)&before=\($0)" + (state.map { "&state=\($0.rawValue)" } ?? "") }))
    }

    /// A picture of a finished job; it never changes, so its ETag is the job's id and its name. Caches are to ask each time all the same:
    /// an erased picture shall be gone.
    private func picture(_ name: String, _ request: Request) async throws -> Response {
        let job = try await store.job(of: request)
        guard let bytes = try await store.perform({ store throws(JobError) in try store.output(name, of: job.id) }) else {
            let reason =
                switch job.state {
                case .queued, .running: "The job is \(job.state.rawValue): poll \(JobPayload.path(job.id)) until it has succeeded."
                case .failed, .cancelled: "The job has \(job.state == .failed ? "failed" : "been cancelled"): it has no picture."
                case .succeeded: "The job has no such picture: uncertainty.png needs samples above 1."
                }
            throw Problem(.notFound, type: .noResult, detail: reason)
        }
        var response = Response.bytes(Array(bytes), type: "image/png")
        response.headers.append("Cache-Control", "private, no-cache")
        return response.conditional(on: request, tag: EntityTag("\(job.id)-\(name)"))
    }

    /// Cancels a job that waits or runs (202 while it still runs), erases one that is finished (204).
    private func delete(_ request: Request) async throws -> Response {
        let job = try await store.job(of: request)
        if job.state.isFinal {
            try await store.perform { store throws(JobError) in try store.delete(job.id) }
            return Response(.noContent)
        }
        do {
            let cancelled = try await store.perform { store throws(JobError) in try store.cancel(job.id) }
            // One that runs is counted when its worker has let go of it.
            if cancelled.state.isFinal { metrics.jobEnded(cancelled.state) }
            return try .encoding(await store.payload(cancelled), status: cancelled.state.isFinal ? .ok : .accepted)
        } catch JobError.alreadyFinished {
            // It ended in between: what was asked for is that it be gone.
            try await store.perform { store throws(JobError) in try store.delete(job.id) }
            return Response(.noContent)
        }
    }
}
