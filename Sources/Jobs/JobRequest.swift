import Foundation

/// What is handed in: everything a worker will need, and nothing else.
public struct JobRequest: Sendable {
    public var kind: String
    /// The id of the submitting key; nil on a server without keys.
    public var owner: String?
    /// JSON. For idempotency it is compared byte by byte: encode it with sorted keys, and with the client's seed only if it sent one.
    public var parameters: Data
    /// Not compared for idempotency: it may have been drawn by the server.
    public var seed: UInt64
    /// Blobs by name, such as "mri" and "ct".
    public var inputs: [String: Data]
    /// The most bytes of each part of the outcome: of the result, and of every output. Room is kept for them until the job ends.
    public var outcomeBytes: [Int]
    /// The client's name for this request, unique among its owner's.
    public var idempotencyKey: String?

    public init(
        kind: String, owner: String? = nil, parameters: Data, seed: UInt64, inputs: [String: Data] = [:], outcomeBytes: [Int],
        idempotencyKey: String? = nil
    ) {
        (self.kind, self.owner, self.parameters, self.seed) = (kind, owner, parameters, seed)
        (self.inputs, self.outcomeBytes, self.idempotencyKey) = (inputs, outcomeBytes, idempotencyKey)
    }
}

/// The answer to a request.
public struct Submission: Sendable {
    public let job: Job
    /// False if an idempotency key led to a job that was there before.
    public let isNew: Bool
}

/// What a handler makes of a job.
public struct JobOutput: Sendable {
    /// JSON.
    public var result: Data
    /// Blobs by name, such as "fused".
    public var outputs: [String: Data]

    public init(result: Data, outputs: [String: Data] = [:]) {
        (self.result, self.outputs) = (result, outputs)
    }
}

/// Thrown by a handler to say why an attempt failed. Any other error counts as a passing `internal` failure with a text that gives
/// nothing away.
public struct JobFailure: Error, Sendable {
    public let reason: Job.Failure
    /// Another attempt would fail as well: the job ends at once.
    public let isPermanent: Bool

    public init(code: String, text: String, isPermanent: Bool = false) {
        (reason, self.isPermanent) = (Job.Failure(code: code, text: text), isPermanent)
    }
}

/// The right to end one attempt at one job, valid until it runs out or the job is taken back.
public struct Lease: Sendable, Hashable {
    public let id: Job.ID
    let token: String
}

/// A job in a worker's hands.
public struct ClaimedJob: Sendable {
    public let job: Job
    public let lease: Lease
}

/// Whose jobs a reader may see.
public enum JobScope: Sendable, Equatable {
    case everyone
    case owner(String)
}

/// One page of a listing.
public struct JobPage: Sendable {
    /// Newest first.
    public let jobs: [Job]
    /// Pass it as `before` for the next page; nil on the last one.
    public let next: Job.ID?
}

/// What stands before a job that is handed in now.
public struct Backlog: Sendable, Equatable {
    public let queued: Int
    /// How many jobs may wait at once.
    public let capacity: Int

    public init(queued: Int, capacity: Int) {
        (self.queued, self.capacity) = (queued, capacity)
    }
}

/// How fast jobs are done.
public struct Pace: Sendable, Equatable {
    /// As in ``JobStatistics``.
    public let meanRunSeconds: Double?
    /// How long all workers together take for one job of those that wait, what is stored in between included: the mean time from one end to
    /// the next, over the last fifty jobs; nil before two have ended.
    public let meanTurnSeconds: Double?

    public init(meanRunSeconds: Double?, meanTurnSeconds: Double? = nil) {
        (self.meanRunSeconds, self.meanTurnSeconds) = (meanRunSeconds, meanTurnSeconds)
    }
}

/// The store in numbers.
public struct JobStatistics: Sendable, Equatable {
    /// Every state is present.
    public let counts: [Job.State: Int]
    /// When the longest-waiting job was submitted.
    public let oldestQueued: Date?
    /// The mean length of the last fifty successful attempts, in seconds; nil before the first.
    public let meanRunSeconds: Double?
    /// The size of the database in bytes, free pages included.
    public let bytes: Int
}
