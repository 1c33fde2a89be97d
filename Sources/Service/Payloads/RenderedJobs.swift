import Foundation
import Jobs
import Synchronization

/// Jobs as they were last written in JSON, so that a thousand clients who poll cost a comparison each.
final class RenderedJobs: Sendable {
    private struct Rendering {
        let payload: JobPayload
        let json: [UInt8]

        /// Whether it still says what `payload` would. The time that a running job has left is an estimate, and may be half a second old.
        func isOf(_ payload: JobPayload) -> Bool {
            guard self.payload.job == payload.job, self.payload.queuePosition == payload.queuePosition else { return false }
            return payload.job.state != .running || payload.now.timeIntervalSince(self.payload.now) < 0.5
        }
    }

    private let capacity: Int
    private let renderings = Mutex<[Job.ID: Rendering]>([:])

    /// - Parameter capacity: how many jobs are kept; where one more comes, all others go.
    init(capacity: Int = 4096) { self.capacity = capacity }

    func json(_ payload: JobPayload) throws -> [UInt8] {
        if let rendering = renderings.withLock({ $0[payload.job.id] }), rendering.isOf(payload) { return rendering.json }
        let json = try JSON.bytes(payload)
        renderings.withLock { renderings in
            if renderings.count >= capacity { renderings.removeAll(keepingCapacity: true) }
            renderings[payload.job.id] = Rendering(payload: payload, json: json)
        }
        return json
    }
}
