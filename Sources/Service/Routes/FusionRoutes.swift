import Foundation
import HTTP
import Imaging
import Jobs

/// POST /v1/fusions.
struct FusionRoutes: Sendable {
    let shelf: ModelShelf
    let store: JobStore
    let pool: WorkerPool
    let limits: PNG.Limits
    let configuration: ServiceConfiguration
    let budget: MemoryBudget
    /// Checks forms and stores them: that takes longer than a thread of the concurrency pool should be held.
    let work: BoundedWork
    let promises: QueuePromises
    /// Rings when no job runs any more and waiting is in vain.
    let stopping: OnceBell

    func add(to router: inout Router) {
        router.post("/v1/fusions") { try await submit($0) }
    }

    /// Accepts a pair: 202 with its Location as soon as it is on disk, or 200 with the finished job within `Prefer: wait` (RFC 7240 §4.3).
    private func submit(_ request: Request) async throws -> Response {
        guard !pool.isDraining else {
            throw Problem(
                .serviceUnavailable, type: .draining, detail: "The service is stopping; send the pair again in a moment.",
                headers: RetryAfter.header(Double(configuration.graceSeconds + 1)))
        }
        try request.refuseQuery()
        let accepted = try await accept(request)
        request.logger.info("Job accepted", metadata: ["job": "\(accepted.id)"])
        guard let wait = request.preferences.wait else { return try await answer(accepted) }
        let seconds = min(wait, configuration.longestWait)
        var response = try await answer(await finished(accepted, within: .seconds(seconds)))
        response.headers.append("Preference-Applied", "wait=\(seconds)")
        return response
    }

    /// Reads the form, checks it and stores it.
    ///
    /// Where the queue is full, the body is not even read, unless its idempotency key leads to a job that is there.
    private func accept(_ request: Request) async throws -> Job {
        let (key, owner, claimant) = (try idempotencyKey(request), request.principal, QueuePromises.Claimant(request))
        let place = try await place(for: claimant, key, owner)
        defer { if let place { promises.leave(place) } }
        let fields = try await request.pictureForm(maxBodyBytes: configuration.maxBodyBytes, budget: budget)
        do {
            // In one piece of work: no more forms are in memory as a whole than it has threads.
            return try await work.run {
                // At once: from then on the job itself is counted.
                defer { if let place { promises.leave(place) } }
                let form = try FusionForm(fields, shelf: shelf, limits: limits)
                return try store.submit(
                    JobRequest(
                        kind: FusionWork.kind, owner: owner, parameters: try form.parameters.encoded(), seed: form.parameters.options.seed,
                        inputs: ["mri": form.mri, form.parameters.modality.rawValue: form.other],
                        outcomeBytes: form.outcomeBytes, idempotencyKey: key)
                ).job
            }
        } catch JobError.queueFull {
            throw try await refusal(claimant)
        }
    }

    /// A place in the queue; nil where none is needed, as the request leads to a job that is there.
    ///
    /// - Throws: `Problem` 503 where there is none.
    private func place(for claimant: QueuePromises.Claimant, _ key: String?, _ owner: String?) async throws -> QueuePromises.Place? {
        let (isKnown, place) = try await store.perform { store throws(JobError) in
            if let key, try store.hasJob(idempotencyKey: key, owner: owner) { return (true, nil as QueuePromises.Place?) }
            // In one go: what is counted is soon out of date.
            return (false, promises.enter(claimant, try store.backlog()))
        }
        guard isKnown || place != nil else { throw try await refusal(claimant) }
        return place
    }

    /// 503 that says when there will be a place in the queue.
    private func refusal(_ claimant: QueuePromises.Claimant) async throws -> Problem {
        let (backlog, seconds) = try await store.perform { store throws(JobError) in
            let backlog = try store.backlog()
            return (backlog, promises.promise(claimant, backlog, try store.pace()))
        }
        let problem = JobError.queueFull(queued: backlog.queued, capacity: backlog.capacity).problem
        let promised = backlog.queued < backlog.capacity ? ", and what is free is kept for those who came before" : ""
        return Problem(
            .serviceUnavailable, type: .queueFull, detail: "\(problem.detail ?? "")\(promised)", headers: RetryAfter.header(Double(seconds))
        )
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
            throw Problem.field("Idempotency-Key", "Idempotency-Key must have 1 to 255 characters.", type: .badOption)
        }
        return key
    }

    /// 200 with a job that is finished, as one found by its idempotency key may be; else 202.
    private func answer(_ job: Job) async throws -> Response {
        var response = try Response.encoding(await store.payload(job), status: job.state.isFinal ? .ok : .accepted)
        response.headers.append("Location", JobPayload.path(job.id))
        return response
    }
}
