import Foundation
import HTTP
import Imaging
import Jobs

/// POST /v1/fusions.
struct FusionRoutes: Sendable {
    let shelf: ModelShelf
    let store: JobStore
    let limits: PNG.Limits
    let configuration: ServiceConfiguration

    func add(to router: inout Router) {
        router.post("/v1/fusions") { try await submit($0) }
    }

    /// Accepts a pair: 202 with its Location as soon as it is on disk, or 200 with the finished job within `Prefer: wait` (RFC 7240 §4.3).
    private func submit(_ request: Request) async throws -> Response {
        var formLimits = MultipartParser.Limits()
        (formLimits.totalBytes, formLimits.parts) = (configuration.maxBodyBytes, 16)
        let form = try FusionForm(await request.multipartForm(limits: formLimits), shelf: shelf, limits: limits)
        let job = JobRequest(
            kind: FusionWork.kind, parameters: try form.parameters.encoded(), seed: form.parameters.seed,
            inputs: ["mri": form.mri, form.parameters.modality.rawValue: form.other],
            idempotencyKey: request.headers["Idempotency-Key"])
        let accepted = try await store.perform { store throws(JobError) in try store.submit(job) }.job
        guard let wait = request.preferences.wait else { return try await answer(accepted, .accepted) }
        let seconds = min(wait, configuration.longestWait)
        let later = try await store.wait(for: accepted.id, until: .now + .seconds(seconds))
        var response = try await answer(later, later.state.isFinal ? .ok : .accepted)
        response.headers.append("Preference-Applied", "wait=\(seconds)")
        return response
    }

    private func answer(_ job: Job, _ status: Status) async throws -> Response {
        var response = try await store.response(job, status)
        response.headers.append("Location", JobPayload.path(job.id))
        return response
    }
}

extension JobStore {
    /// The representation of a job.
    func response(_ job: Job, _ status: Status = .ok) async throws -> Response {
        let position = job.state == .queued ? try await perform { store throws(JobError) in try store.queuePosition(of: job.id) } : nil
        return try .encoding(JobPayload(job: job, queuePosition: position), status: status)
    }
}

extension Response {
    /// JSON with sorted keys.
    static func encoding(_ value: some Encodable, status: Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes = Array(try encoder.encode(value))
        bytes.append(UInt8(ascii: "\n"))
        var response = Response.json(bytes, status: status)
        response.headers.append("Cache-Control", "no-store")
        return response
    }
}

extension JobError: ProblemConvertible {
    /// The store's refusals as answers: passing ones say when to try again.
    public var problem: Problem {
        switch self {
        case .queueFull:
            Problem(.serviceUnavailable, type: ProblemType.queueFull, detail: "\(self)", headers: ["Retry-After": "5"])
        case .idempotencyConflict:
            Problem(.conflict, type: ProblemType.idempotencyConflict, detail: "\(self)")
        case .notFound:
            Problem(.notFound, type: ProblemType.noSuchJob, detail: "There is no such job: it may have expired.")
        case .notFinished, .alreadyFinished:
            Problem(.conflict, type: ProblemType.conflict, detail: "\(self)")
        case .storageFull, .unavailable:
            Problem(.serviceUnavailable, type: ProblemType.storage, detail: "The job store has no room or does not answer; try again.", headers: ["Retry-After": "30"])
        case .leaseLost, .inUse, .cannotOpen, .damaged, .newerVersion:
            Problem(.internalServerError, type: ProblemType.storage, detail: "The job store failed; the log has the reason.")
        }
    }
}
