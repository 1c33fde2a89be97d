import HTTP
import Jobs

extension JobStore {
    /// The job that a request under /v1/jobs/{id} names: every route to one job takes it from here.
    ///
    /// - Throws: `Problem` 404 where the segment is no id, `JobError.notFound`.
    func job(of request: Request) async throws -> Job {
        let id = try Self.id(in: request)
        let scope = request.scope
        if let job = recentJob(id) { return try job.seen(in: scope) }
        return try await perform { store throws(JobError) in try store.job(id, in: scope) }
    }

    /// The job as it is shown, with its place in the queue.
    func payload(_ job: Job) async throws -> JobPayload {
        let position = job.state == .queued ? try await perform { store throws(JobError) in try store.queuePosition(of: job.id) } : nil
        return JobPayload(job: job, queuePosition: position)
    }

    /// The job that a request names, as it is shown, where that needs no read of the store; nil where it does.
    ///
    /// - Throws: `Problem` 404 where the segment is no id.
    func recentPayload(of request: Request) throws -> JobPayload? {
        guard let job = try recentJob(try Self.id(in: request))?.seen(in: request.scope) else { return nil }
        guard job.state == .queued else { return JobPayload(job: job, queuePosition: nil) }
        return recentQueuePosition(of: job.id).map { JobPayload(job: job, queuePosition: $0) }
    }

    private static func id(in request: Request) throws -> Job.ID {
        guard let id = request.parameters["id"].flatMap(Job.ID.init) else {
            throw Problem(.notFound, type: .noSuchJob, detail: "That is not the id of a job.")
        }
        return id
    }
}

extension Job {
    /// The job, where it lies in the scope.
    ///
    /// - Throws: `JobError.notFound` where it does not: what is not one's own does not exist.
    fileprivate func seen(in scope: JobScope) throws(JobError) -> Job {
        guard scope.includes(self) else { throw .notFound(id) }
        return self
    }
}
