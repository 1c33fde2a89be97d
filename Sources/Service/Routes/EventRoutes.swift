import Foundation
import HTTP
import Jobs

/// GET /v1/jobs/{id}/events: server-sent events (WHATWG HTML, section 9.2, "Server-sent events").
///
/// A client costs a few suspended tasks and no thread. A client that is gone is noticed by the next write, a heartbeat if by nothing else.
struct EventRoutes: Sendable {
    let store: JobStore
    /// Rings when no job runs any more: streams end, and clients come back to whoever serves next.
    let stopping: OnceBell
    /// How often a comment is sent, so that proxies and clients see that the connection lives.
    var heartbeat = Duration.seconds(15)
    /// The least time between two events: steps that follow each other faster are skipped, but for the last.
    var pace = Duration.milliseconds(100)

    func add(to router: inout Router) {
        router.get("/v1/jobs/{id}/events") { try await events($0) }
    }

    /// The job's state and then what changes, up to and including its final state.
    ///
    /// A client that comes back with `Last-Event-ID` is not told again what it knows. One that knows the final state is answered 204, which
    /// tells an `EventSource` not to come back.
    private func events(_ request: Request) async throws -> Response {
        let job = try await store.job(of: request)
        let known = request.headers["Last-Event-ID"]
        if job.state.isFinal, known == JobEvent.id(of: job) { return Response(.noContent) }
        // Proxies that buffer would hold events back (nginx: X-Accel-Buffering).
        let headers: HeaderFields = ["Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"]
        return Response(headers: headers, body: .stream { try await follow(job.id, known: known, $0) })
    }

    private func follow(_ id: Job.ID, known: String?, _ writer: BodyWriter) async throws {
        try await writer.write(Array("retry: 2000\n\n".utf8))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await report(id, known: known, writer) }
            group.addTask {
                while true {
                    try await Task.sleep(for: heartbeat)
                    try await writer.write(Array(": heartbeat\n\n".utf8))
                }
            }
            group.addTask { await stopping.wait() }
            // Whichever ends first ends the stream.
            try await group.next()
            group.cancelAll()
        }
    }

    private func report(_ id: Job.ID, known: String?, _ writer: BodyWriter) async throws {
        var (sent, last) = (known, nil as Job?)
        for await job in store.updates(of: id) {
            let event = JobEvent(job, after: last)
            if event.id != sent {
                try await writer.write(event.bytes(try await store.payload(job)))
                sent = event.id
            }
            last = job
            if !job.state.isFinal { try await Task.sleep(for: pace) }
        }
    }
}

/// Something that is new about a job.
private struct JobEvent {
    enum Kind: String {
        /// The job's whole representation.
        case state
        /// Only how far it is.
        case progress
    }

    let kind: Kind
    let id: String

    /// - Parameter last: the job as this client has seen it before on this connection.
    init(_ job: Job, after last: Job?) {
        let isSame = last.map { ($0.state, $0.attempts, $0.isCancelling) == (job.state, job.attempts, job.isCancelling) } ?? false
        (kind, id) = (isSame ? .progress : .state, Self.id(of: job))
    }

    /// Names what is known of a job after this event: the same for the same standing, on any connection and after a restart.
    static func id(of job: Job) -> String {
        "\(job.attempts)-\(job.state.rawValue)-\(job.progress.completed)" + (job.isCancelling ? "-cancelling" : "")
    }

    /// The event in the stream's format: JSON has no line breaks of its own, so one data field holds it.
    func bytes(_ payload: JobPayload) throws -> [UInt8] {
        let data = try kind == .state ? JSON.bytes(payload) : JSON.bytes(ProgressPayload(payload.job, now: payload.now))
        return Array("event: \(kind.rawValue)\nid: \(id)\ndata: ".utf8) + data + Array("\n\n".utf8)
    }
}
