import Foundation
import Fusion
import Jobs
import Scores

/// A job as the API shows it.
struct JobPayload: Encodable {
    let job: Job
    /// Jobs before this one, where it waits.
    let queuePosition: Int?
    /// The time that remaining seconds are counted from.
    var now = Date()

    private struct Links: Encodable {
        let `self`: String
        let events: String
        let fused: String?
        let uncertainty: String?
    }

    func encode(to encoder: any Encoder) throws {
        let parameters = try JSONDecoder().decode(FusionParameters.self, from: job.parameters)
        let result = try job.result.map { try JSONDecoder().decode(FusionResult.self, from: $0) }
        var container = encoder.container(keyedBy: FieldName.self)
        try container.encode(job.id.description, forKey: "id")
        try container.encode(job.state, forKey: "state")
        // The state stays one of the five that a listing can be filtered by.
        if job.isCancelling && !job.state.isFinal { try container.encode(true, forKey: "cancelling") }
        try container.encode(ProgressPayload(job, now: now), forKey: "progress")
        try container.encodeIfPresent(queuePosition, forKey: "queue_position")
        try container.encode(job.attempts, forKey: "attempts")
        try container.encode(job.created.timestamp, forKey: "created")
        try container.encodeIfPresent(job.started?.timestamp, forKey: "started")
        try container.encodeIfPresent(job.finished?.timestamp, forKey: "finished")
        try container.encodeIfPresent(job.expires?.timestamp, forKey: "expires")
        try container.encode(TimesPayload(job, parts: result?.seconds), forKey: "seconds")

        try container.encode(parameters.modality, forKey: "modality")
        let options = parameters.effective(steps: result?.steps)
        for option in FusionOption.all { try option.encode(options, &container) }
        try container.encodeIfPresent(parameters.resize, forKey: "resize")
        try container.encode(parameters.sources, forKey: "sources")
        try container.encode(parameters.notes, forKey: "notes")
        if let result {
            try container.encode(result.model, forKey: "model")
            try container.encodeIfPresent(result.modelSHA256, forKey: "model_sha256")
            try container.encode(result.width, forKey: "width")
            try container.encode(result.height, forKey: "height")
            try container.encode(result.scores.json(firstName: "mri", secondName: parameters.modality.rawValue), forKey: "scores")
        }
        try container.encodeIfPresent(job.failure, forKey: "failure")
        let path = Self.path(job.id)
        try container.encode(
            Links(
                self: path, events: path + "/events", fused: job.outputs.contains("fused") ? path + "/fused.png" : nil,
                uncertainty: job.outputs.contains("uncertainty") ? path + "/uncertainty.png" : nil),
            forKey: "links")
    }

    static func path(_ id: Job.ID) -> String { "/v1/jobs/\(id)" }
}

extension FusionParameters {
    /// The options as they took effect, or will: DDIM's η is 0 unless given, and the steps are those taken, where that is known.
    fileprivate func effective(steps: Int?) -> FusionOptions {
        var options = options
        if options.sampler == .ddim { options.eta = options.eta ?? 0 }
        options.steps = steps ?? options.steps
        return options
    }
}

/// How far a job is.
struct ProgressPayload: Encodable {
    let completed: Int
    let total: Int
    /// Nil unless the job runs and has taken a step.
    let secondsRemaining: Double?

    private enum CodingKeys: String, CodingKey {
        case completed, total
        case secondsRemaining = "seconds_remaining"
    }

    init(_ job: Job, now: Date) {
        (completed, total) = (job.progress.completed, job.progress.total)
        guard job.state == .running, let started = job.started, completed > 0 else {
            secondsRemaining = nil
            return
        }
        // The step that is being taken counts as half done.
        let done = Double(completed) + 0.5
        secondsRemaining = (max(0, now.timeIntervalSince(started)) * max(0, Double(total) / done - 1)).inMilliseconds
    }
}

/// Where a job's time went, in seconds.
struct TimesPayload: Encodable {
    /// From acceptance to the start of the latest attempt.
    let queued: Double?
    /// From the start of the latest attempt to its end.
    let running: Double?
    /// What the latest attempt spent on its parts.
    let parts: FusionTimings?

    init(_ job: Job, parts: FusionTimings?) {
        queued = job.started.map { max(0, $0.timeIntervalSince(job.created)).inMilliseconds }
        running = job.started.flatMap { start in job.finished.map { max(0, $0.timeIntervalSince(start)).inMilliseconds } }
        self.parts = parts
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: FieldName.self)
        try container.encodeIfPresent(queued, forKey: "queued")
        try container.encodeIfPresent(running, forKey: "running")
        // Into the same object: condition, sampling and scoring.
        try parts?.encode(to: encoder)
    }
}

extension Double {
    /// Seconds, rounded to whole milliseconds.
    fileprivate var inMilliseconds: Double { (self * 1000).rounded() / 1000 }
}
