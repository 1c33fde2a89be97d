import Foundation
import Fusion
import Jobs
import Scores

/// A job as the API shows it.
struct JobPayload: Encodable {
    let job: Job
    /// Jobs before this one, where it waits.
    let queuePosition: Int?

    private enum Key: String, CodingKey {
        case id, state, cancelling, progress, attempts, created, started, finished, expires, modality, sampler, steps, eta, seed, samples
        case model, width, height, scores, seconds, failure, links
        case queuePosition = "queue_position"
    }

    private struct Links: Encodable {
        let `self`: String
        let fused: String?
        let uncertainty: String?
    }

    private struct Progress: Encodable {
        let completed: Int
        let total: Int
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(job.id.description, forKey: .id)
        try container.encode(job.state, forKey: .state)
        // The state stays one of the five that a listing can be filtered by.
        if job.isCancelling && !job.state.isFinal { try container.encode(true, forKey: .cancelling) }
        try container.encode(Progress(completed: job.progress.completed, total: job.progress.total), forKey: .progress)
        try container.encodeIfPresent(queuePosition, forKey: .queuePosition)
        try container.encode(job.attempts, forKey: .attempts)
        try container.encode(timestamp(job.created), forKey: .created)
        try container.encodeIfPresent(job.started.map(timestamp), forKey: .started)
        try container.encodeIfPresent(job.finished.map(timestamp), forKey: .finished)
        try container.encodeIfPresent(job.expires.map(timestamp), forKey: .expires)

        let parameters = try JSONDecoder().decode(FusionParameters.self, from: job.parameters)
        try container.encode(parameters.modality, forKey: .modality)
        try container.encode(parameters.sampler, forKey: .sampler)
        try container.encodeIfPresent(parameters.sampler == .ddim ? parameters.eta ?? 0 : nil, forKey: .eta)
        try container.encode(parameters.seed, forKey: .seed)
        try container.encode(parameters.samples, forKey: .samples)
        if let result = try job.result.map({ try JSONDecoder().decode(FusionResult.self, from: $0) }) {
            try container.encode(result.model, forKey: .model)
            try container.encode(result.steps, forKey: .steps)
            try container.encode(result.width, forKey: .width)
            try container.encode(result.height, forKey: .height)
            try container.encode(result.scores.json(firstName: "mri", secondName: parameters.modality.rawValue), forKey: .scores)
            try container.encode(result.seconds, forKey: .seconds)
        } else {
            try container.encodeIfPresent(parameters.steps, forKey: .steps)
        }
        try container.encodeIfPresent(job.failure, forKey: .failure)
        let path = Self.path(job.id)
        try container.encode(
            Links(
                self: path, fused: job.outputs.contains("fused") ? path + "/fused.png" : nil,
                uncertainty: job.outputs.contains("uncertainty") ? path + "/uncertainty.png" : nil),
            forKey: .links)
    }

    static func path(_ id: Job.ID) -> String { "/v1/jobs/\(id)" }

    /// RFC 3339 in UTC with milliseconds.
    private func timestamp(_ date: Date) -> String {
        date.formatted(.iso8601.year().month().day().timeZone(separator: .omitted).time(includingFractionalSeconds: true))
    }
}
