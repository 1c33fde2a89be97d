import Foundation
import GRDB

/// What the job store refuses or cannot do. Texts hold ids, numbers and the store's path, never parameters, keys or pixels.
public enum JobError: Error, Equatable {
    /// `queued` jobs wait and no more than `capacity` may. Nothing was stored; try again later.
    case queueFull(queued: Int, capacity: Int)
    /// The idempotency key was used before, by `existing`, for something else.
    case idempotencyConflict(existing: Job.ID)
    /// No such job, or it has expired, or it is somebody else's.
    case notFound(Job.ID)
    /// Only a finished job can be deleted.
    case notFinished(Job.ID, Job.State)
    /// A finished job cannot be cancelled.
    case alreadyFinished(Job.ID, Job.State)
    /// The attempt is no longer this worker's: the lease ran out, or the job was taken back. Its outcome was not stored.
    case leaseLost(Job.ID)
    /// The disk, or the store's configured size, is full. Nothing of the request was stored.
    case storageFull
    /// Another process has the store open.
    case inUse(path: String)
    /// The file cannot be opened or created.
    case cannotOpen(path: String, reason: String)
    /// The file is not a job store, or is corrupt. It was left as it is.
    case damaged(path: String, reason: String)
    /// A later version of the program wrote the file.
    case newerVersion(path: String)
    /// Any other trouble of the database, by SQLite's extended result code; usually passing.
    case unavailable(code: Int, reason: String)
}

extension JobError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .queueFull(let queued, let capacity): "the queue is full: \(queued) jobs wait, at most \(capacity) may"
        case .idempotencyConflict(let id): "the idempotency key was used for a different request, job \(id)"
        case .notFound(let id): "there is no job \(id)"
        case .notFinished(let id, let state): "job \(id) is \(state.rawValue): cancel it before deleting it"
        case .alreadyFinished(let id, let state): "job \(id) has already \(state == .cancelled ? "been cancelled" : state.rawValue)"
        case .leaseLost(let id): "job \(id) is no longer held by this worker"
        case .storageFull: "there is no space left for the job store"
        case .inUse(let path): "the job store \(path) is in use by another process"
        case .cannotOpen(let path, let reason): "the job store \(path) cannot be opened: \(reason)"
        case .damaged(let path, let reason):
            "the job store \(path) is damaged (\(reason)): restore it from a backup, or move it away to start with an empty one"
        case .newerVersion(let path): "the job store \(path) was written by a later version of this program"
        case .unavailable(let code, let reason): "the job store does not answer (SQLite \(code): \(reason))"
        }
    }
}

extension JobError {
    /// Whether the same call may succeed later, unchanged.
    public var isPassing: Bool {
        switch self {
        case .queueFull, .storageFull, .unavailable: true
        default: false
        }
    }

    /// Sorts an error of the database into one of ours.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as JobError:
            self = error
        case let error as DatabaseError:
            let reason = error.message ?? "no message"
            switch error.resultCode {
            case .SQLITE_FULL: self = .storageFull
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(path: path, reason: reason)
            case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM: self = .cannotOpen(path: path, reason: reason)
            default: self = .unavailable(code: Int(error.extendedResultCode.rawValue), reason: reason)
            }
        default:
            self = .unavailable(code: 0, reason: String(describing: type(of: error)))
        }
    }
}
