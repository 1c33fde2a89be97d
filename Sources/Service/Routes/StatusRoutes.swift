import HTTP

/// GET /healthz, /readyz and /v1/models.
struct StatusRoutes: Sendable {
    let shelf: ModelShelf
    let readiness: Readiness

    func add(to router: inout Router) {
        router.get("/healthz") { _ in try .encoding(["status": "ok"]) }
        router.get("/readyz") { _ in
            let look = await readiness.look()
            return try .encoding(ReadinessPayload(look), status: look.status == .ready ? .ok : .serviceUnavailable)
        }
        router.get("/v1/models") { _ in try .encoding(["models": shelf.models.map(ModelPayload.init)]) }
    }
}

/// Whether jobs are taken, as the API shows it.
private struct ReadinessPayload: Encodable {
    let status: Readiness.Status
    /// Jobs that wait, where the store answers.
    let queued: Int?
    /// Jobs that run, where the store answers.
    let running: Int?

    init(_ look: Readiness.Look) {
        (status, queued, running) = (look.status, look.statistics?.counts[.queued], look.statistics?.counts[.running])
    }
}
