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
    /// Rings when no job runs any more and waiting is in vain.
    let stopping: OnceBell

    func add(to router: inout Router) {
        router.post("/v1/fusions") { try await submit($0) }
    }

    /// Accepts a pair: 202 with its Location as soon as it is on disk, or 200 with the finished job within `Prefer: wait` (RFC 7240 §4.3).
    private func submit(_ request: Request) async throws -> Response {
        for item in request.query.items {
            throw Problem.field(item.name, "Options are fields of the form, not members of the query.", type: ProblemType.unknownField)
        }
        let key = try idempotencyKey(request)
        var formLimits = MultipartParser.Limits()
        (formLimits.totalBytes, formLimits.parts) = (configuration.maxBodyBytes, 16)
        let form = try FusionForm(await request.multipartForm(limits: formLimits), shelf: shelf, limits: limits)
        let job = JobRequest(
            kind: FusionWork.kind, parameters: try form.parameters.encoded(), seed: form.parameters.seed,
            inputs: ["mri": form.mri, form.parameters.modality.rawValue: form.other],
            idempotencyKey: key)
        let accepted = try await store.perform { store throws(JobError) in try store.submit(job) }.job
        guard let wait = request.preferences.wait else { return try await answer(accepted) }
        let seconds = min(wait, configuration.longestWait)
        var response = try await answer(await finished(accepted, within: .seconds(seconds)))
        response.headers.append("Preference-Applied", "wait=\(seconds)")
        return response
    }

    /// The job when it is finished, the time is over or the service stops, whichever comes first.
    private func finished(_ job: Job, within time: Duration) async throws -> Job {
        let deadline = ContinuousClock.now + time
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await store.wait(for: job.id, until: deadline) }
            group.addTask { await stopping.wait() }
            await group.next()
            group.cancelAll()
        }
        return try await store.perform { store throws(JobError) in try store.job(job.id) }
    }

    /// The client's name for its request; nil where it has none.
    private func idempotencyKey(_ request: Request) throws -> String? {
        guard let key = request.headers["Idempotency-Key"] else { return nil }
        guard (1...255).contains(key.utf8.count) else {
            throw Problem.field("Idempotency-Key", "Idempotency-Key must have 1 to 255 characters.", type: ProblemType.badOption)
        }
        return key
    }

    /// 200 with a job that is finished, as one found by its idempotency key may be; else 202.
    private func answer(_ job: Job) async throws -> Response {
        var response = try await store.response(job, job.state.isFinal ? .ok : .accepted)
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
            Problem(
                .serviceUnavailable, type: ProblemType.storage, detail: "The job store has no room or does not answer; try again.",
                headers: ["Retry-After": "30"])
        case .leaseLost, .inUse, .cannotOpen, .damaged, .newerVersion:
            Problem(.internalServerError, type: ProblemType.storage, detail: "The job store failed; the log has the reason.")
        }
    }
}
