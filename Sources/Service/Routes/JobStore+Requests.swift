import HTTP
import Jobs

extension JobStore {
    /// The job that a request under /v1/jobs/{id} names: every route to one job takes it from here.
    ///
    /// - Throws: `Problem` 404 where the segment is no id, `JobError.notFound`.
    func job(of request: Request) async throws -> Job {
        guard let id = request.parameters["id"].flatMap(Job.ID.init) else {
            throw Problem(.notFound, type: .noSuchJob, detail: "That is not the id of a job.")
        }
        if let job = recentJob(id) { return job }
        return try await perform { store throws(JobError) in try store.job(id) }
    }

    /// The job as it is shown, with its place in the queue.
    func payload(_ job: Job) async throws -> JobPayload {
        guard job.state == .queued else { return JobPayload(job: job, queuePosition: nil) }
        if let position = recentQueuePosition(of: job.id) { return JobPayload(job: job, queuePosition: position) }
        return JobPayload(job: job, queuePosition: try await perform { store throws(JobError) in try store.queuePosition(of: job.id) })
    }
}
