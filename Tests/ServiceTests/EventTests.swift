import Foundation
import HTTP
import Testing

@testable import Jobs
@testable import Service

#if canImport(Glibc)
    import Glibc
#endif

/// GET /v1/jobs/{id}/events, over sockets.
@Suite struct EventTests {
    @Test func stream_TellsStateAndProgress_AndEndsAfterTheFinalState() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        try await RunningService.during(in: folder) { service in
            let id = try await service.submit(pair, "steps=8", "samples=8").id
            let answer = try await service.get("/v1/jobs/\(id)/events")
            #expect(answer.status == 200 && answer.headers["content-type"] == "text/event-stream")
            #expect(answer.headers["cache-control"] == "no-store")
            let events = ServerEvent.parse(answer.body)
            #expect(events.first?.event == "state" && Set(events.map(\.event)).isSubset(of: ["state", "progress"]))
            #expect(Set(events.map(\.id)).count == events.count, "each event has an id of its own")
            let last = try #require(events.last)
            #expect(last.event == "state" && last.json["state"].text == "succeeded")
            #expect(try await service.job(id).json == last.json, "the job's own page says the same")
            for progress in events where progress.event == "progress" {
                let (completed, total) = (progress.json["completed"].number, progress.json["total"].number)
                // Each sample takes 8 steps, and its draw for the uncertainty 8 more.
                #expect(total == 128 && completed.map { $0 >= 0 && $0 < 128 } == true)
                #expect(progress.json["seconds_remaining"].number.map { $0 >= 0 } ?? (completed == 0))
            }

            let again = try await service.get("/v1/jobs/\(id)/events", "-H", "Last-Event-ID: \(try #require(last.id))")
            #expect(again.status == 204 && again.body.isEmpty, "an EventSource is not to come back")
            let late = try await service.get("/v1/jobs/\(id)/events", "-H", "Last-Event-ID: \(try #require(events[0].id))")
            #expect(ServerEvent.parse(late.body) == (events.count == 1 ? [] : [last]), "one that missed the end is told")
            #expect(try await service.get("/v1/jobs/\(String(repeating: "0", count: 32))/events").status == 404)
        }
    }

    /// As many clients as would show in the number of threads.
    @Test func clients_CostNoThreads() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        try await RunningService.during(["--grace-seconds", "0"], in: folder) { service in
            let id = try await service.submitEndless(pair)
            func threads() throws -> Int {
                let status = try String(contentsOfFile: "/proc/\(service.processIdentifier)/status", encoding: .utf8)
                return try #require(status.firstMatch(of: /Threads:\s+([0-9]+)/).flatMap { Int($0.1) })
            }
            let before = try threads()
            let clients = try Program(
                URL(filePath: "/usr/bin/env"),
                [
                    "curl", "-sN", "--noproxy", "*", "-Z", "--parallel-immediate", "--parallel-max", "150",
                    "\(service.address)/v1/jobs/\(id)/events?client=[1-150]",
                ],
                in: folder)
            let ended = try clients.start()
            _ = try await poll("150 streams") {
                let text = String(decoding: try await service.get("/metrics").body, as: UTF8.self)
                return text.contains(#"amalgam_http_requests_total{method="GET",route="/v1/jobs/{id}/events",status="200"} 150"#)
                    ? true : nil
            }
            #expect(try threads() < before + 30)
            _ = try await service.delete(id)
            await ended.value
            #expect(clients.process.terminationStatus == 0, "each stream ended in order")
            #expect(clients.written.components(separatedBy: #""state":"cancelled""#).count == 151)
        }
    }

    @Test func stream_EndsWhenTheServiceStops() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        try await RunningService.during(["--grace-seconds", "0"], in: folder) { service in
            let id = try await service.submitEndless(pair)
            async let stream = service.get("/v1/jobs/\(id)/events")
            _ = try await poll("the stream") { service.log.contains("/v1/jobs/{id}/events") ? true : nil }
            #expect(await service.end(SIGTERM).hasSucceeded)
            let events = ServerEvent.parse(try await stream.body)
            #expect(events.first?.json["state"].text == "running")
        }
    }
}

/// The same route on a router of its own, without a socket.
@Suite struct EventRouteTests {
    /// What is written, as it comes.
    private struct Stream {
        let text: AsyncStream<String>
        let writer: BodyWriter

        init() {
            let (text, continuation) = AsyncStream.makeStream(of: String.self)
            self.text = text
            writer = BodyWriter { continuation.yield(String(decoding: $0, as: UTF8.self)) }
        }
    }

    private func stream(_ response: Response) throws -> @Sendable (BodyWriter) async throws -> Void {
        guard case .stream(nil, let produce) = response.body else { throw Impatience(description: "no stream") }
        return produce
    }

    private func submit(to store: JobStore) throws -> Job {
        let parameters = try FusionParameters(modality: .ct).encoded()
        return try store.submit(JobRequest(kind: FusionWork.kind, parameters: parameters, seed: 1, outcomeBytes: [])).job
    }

    @Test(.timeLimit(.minutes(1))) func heartbeats_AreComments_AndTheStoppingServiceEndsTheStream() async throws {
        let store = try JobStore(.memory)
        let stopping = OnceBell()
        var router = Router()
        EventRoutes(store: store, stopping: stopping, heartbeat: .milliseconds(5)).add(to: &router)
        let job = try submit(to: store)
        let response = await router.respond(to: try Request(.get, "/v1/jobs/\(job.id)/events"))
        let stream = Stream()
        let produce = try self.stream(response)
        let served = Task { try await produce(stream.writer) }
        var heard: [String] = []
        for await text in stream.text {
            heard.append(text)
            if heard.contains(where: { $0.hasPrefix("event: ") }) && heard.count(where: { $0 == ": heartbeat\n\n" }) >= 3 { break }
        }
        #expect(heard[0] == "retry: 2000\n\n")
        #expect(heard.contains { $0.hasPrefix("event: state\nid: 0-queued-0\ndata: {") && $0.contains(#""queue_position":0"#) })
        stopping.ring()
        try await served.value
    }

    @Test(.timeLimit(.minutes(1))) func progress_IsToldOnItsOwn_AndNothingTwice() async throws {
        let store = try JobStore(.memory)
        var router = Router()
        EventRoutes(store: store, stopping: OnceBell(), pace: .zero).add(to: &router)
        let job = try submit(to: store)
        let claimed = try #require(try store.claimNext())
        store.report(Job.Progress(completed: 1, total: 3), for: claimed.lease)
        let request = try Request(.get, "/v1/jobs/\(job.id)/events", headers: ["Last-Event-ID": "1-running-1"])
        let produce = try self.stream(await router.respond(to: request))
        let stream = Stream()
        let served = Task { try await produce(stream.writer) }
        var iterator = stream.text.makeAsyncIterator()
        let first = await iterator.next()
        #expect(first == "retry: 2000\n\n")
        // The client knows how the job stands. Once the route listens, the next step is told as progress.
        _ = try await poll("the listener") { store.subscribers.count == 1 ? true : nil }
        store.report(Job.Progress(completed: 2, total: 3), for: claimed.lease)
        let progress = await iterator.next()
        #expect(progress?.contains("id: 1-running-2\n") == true)
        _ = try store.cancel(job.id)
        let cancelling = await iterator.next()
        #expect(cancelling?.hasPrefix("event: state\nid: 1-running-2-cancelling\n") == true)
        _ = try store.handBack(claimed.lease)
        let last = await iterator.next()
        #expect(last?.hasPrefix("event: state\n") == true && last?.contains(#""state":"cancelled""#) == true)
        try await served.value
    }
}
