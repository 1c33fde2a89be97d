import Foundation

/// A piece of work that was accepted: what was asked, where it stands, what came of it.
///
/// Small by design: a job carries its parameters and result (JSON), and only the *names* of its blobs. Load a blob with
/// ``JobStore/input(_:of:)`` or ``JobStore/output(_:of:)``.
public struct Job: Sendable, Equatable, Identifiable {
    /// Where a job stands. `succeeded`, `failed` and `cancelled` are final.
    public enum State: String, Sendable, Codable, CaseIterable {
        case queued, running, succeeded, failed, cancelled

        /// Whether the job will never change again.
        public var isFinal: Bool {
            switch self {
            case .queued, .running: false
            case .succeeded, .failed, .cancelled: true
            }
        }
    }

    /// Steps done of the steps to do. Zero of zero until the attempt's first report; every attempt starts anew.
    public struct Progress: Sendable, Equatable, Codable {
        public var completed: Int
        public var total: Int

        public init(completed: Int = 0, total: Int = 0) {
            (self.completed, self.total) = (completed, total)
        }
    }

    /// Why a job failed. It is shown to the job's owner: it must name no other job, no path and no key.
    public struct Failure: Sendable, Equatable, Codable {
        /// Stable and lower case, for programs: `bad_input`, `interrupted`.
        public let code: String
        /// One sentence, for people.
        public let text: String

        public init(code: String, text: String) {
            (self.code, self.text) = (code, text)
        }
    }

    public let id: ID
    /// What sort of work: the handler's concern, never read by this room.
    public let kind: String
    /// The id of the key that submitted it (never the key itself); nil on a server without keys.
    public let owner: String?
    public internal(set) var state: State
    /// What was asked, as JSON.
    public let parameters: Data
    /// The same in every attempt, so that a repeated attempt gives the same bytes.
    public let seed: UInt64
    public let created: Date
    /// When the latest attempt began.
    public let started: Date?
    public let finished: Date?
    /// When a finished job will be erased.
    public let expires: Date?
    public internal(set) var progress: Progress
    /// How often a worker took the job up, attempts cut short by a shutdown not counted.
    public let attempts: Int
    /// Cancellation was asked for, and the worker has not stopped yet.
    public internal(set) var isCancelling: Bool
    /// Set if and only if the state is `failed`.
    public let failure: Failure?
    /// What the handler returned, as JSON; set if and only if the state is `succeeded`.
    public let result: Data?
    /// The names of the input blobs, sorted.
    public let inputs: [String]
    /// The names of the output blobs, sorted; empty unless the state is `succeeded`.
    public let outputs: [String]
}
