import Foundation
import Fusion
import HTTP
import Jobs

/// GET /healthz, /readyz and /v1/models.
struct StatusRoutes: Sendable {
    let shelf: ModelShelf
    let store: JobStore
    let pool: WorkerPool

    func add(to router: inout Router) {
        router.get("/healthz") { _ in try .encoding(["status": "ok"]) }
        router.get("/readyz") { _ in try await readiness() }
        router.get("/v1/models") { _ in try .encoding(["models": shelf.models.map(ModelPayload.init)]) }
    }

    private struct Readiness: Encodable {
        let status: String
        let queued: Int
        let running: Int
    }

    /// Ready while the store answers and jobs are taken.
    private func readiness() async throws -> Response {
        let statistics = try await store.perform { store throws(JobError) in try store.statistics() }
        let draining = pool.isDraining
        return try .encoding(
            Readiness(
                status: draining ? "draining" : "ready", queued: statistics.counts[.queued] ?? 0, running: statistics.counts[.running] ?? 0),
            status: draining ? .serviceUnavailable : .ok)
    }
}

/// A loaded model as the API shows it.
private struct ModelPayload: Encodable {
    let name: String
    let modality: Modality
    let parameters: Int
    let sampler = "ddim"
    let steps: Int
    let timesteps: Int
    let training: String

    init(_ model: FusionModel) {
        let description = model.description
        (name, modality, parameters) = (description.name, description.modality, model.parameters.count)
        (steps, timesteps, training) = (description.defaultSteps, description.schedule.steps, description.training)
    }
}
