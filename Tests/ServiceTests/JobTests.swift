import Foundation
import Testing

/// Jobs as pages that poll them see them.
@Suite struct JobTests {
    @Test func jobs_ArePolledListedCancelledAndErased() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        try await RunningService.during(in: folder) { service in
            let endless = try await service.submitEndless(pair)
            let first = try await service.submit(pair)
            #expect(first.status == 202 && first.state == "queued")
            #expect(first.headers["location"] == "/v1/jobs/\(first.id)" && first.headers["preference-applied"] == nil)
            let second = try await service.submit(pair, headers: ["Prefer: wait=0"])
            #expect(second.status == 202 && second.headers["preference-applied"] == "wait=0")
            #expect(first.json["queue_position"].number == 0 && second.json["queue_position"].number == 1)
            #expect(first.json["links"]["fused"] == .null)

            let running = try await service.job(endless)
            // With the draws of the uncertainty, 8 steps each.
            #expect(running.state == "running" && running.json["progress"]["total"].number == 64 * (1000 + 8))
            #expect(running.json["queue_position"] == .null)
            let early = try await service.get("/v1/jobs/\(endless)/fused.png")
            #expect(early.status == 404 && early.json["type"].text == "/problems/no-result")
            try await expectPages(service, newestFirst: [second.id, first.id, endless])

            let cancelled = try await service.delete(second.id)
            #expect(cancelled.status == 200 && cancelled.state == "cancelled")
            let stopping = try await service.delete(endless)
            #expect(stopping.status == 202 && stopping.state == "running" && stopping.json["cancelling"] == .boolean(true))
            let stopped = try await service.finished(endless)
            #expect(stopped.state == "cancelled" && stopped.json["cancelling"] == .null && stopped.json["failure"] == .null)
            #expect(try await service.get("/v1/jobs/\(endless)/fused.png").json["type"].text == "/problems/no-result")

            let done = try await service.finished(first.id)
            #expect(done.state == "succeeded" && done.json["queue_position"] == .null)
            #expect(try await service.fused(first.id).isEmpty == false)
            for id in [first.id, second.id, endless] {
                let erased = try await service.delete(id)
                #expect(erased.status == 204 && erased.body.isEmpty)
                for path in ["", "/fused.png"] { #expect(try await service.get("/v1/jobs/\(id)\(path)").status == 404) }
                #expect(try await service.delete(id).status == 404)
            }
            #expect(try await service.jobs() == [])
        }
    }

    /// - Parameter ids: two that are queued, and the one that runs.
    private func expectPages(_ service: RunningService, newestFirst ids: [String]) async throws {
        func list(_ target: String) async throws -> (ids: [String], next: String?) {
            let answer = try await service.get(target)
            #expect(answer.status == 200)
            return (answer.json["jobs"].list.compactMap { $0["id"].text }, answer.json["next"].text)
        }
        #expect(try await list("/v1/jobs") == (ids, nil))
        let page = try await list("/v1/jobs?limit=2")
        #expect(page.ids == Array(ids[..<2]))
        #expect(try await list(try #require(page.next)) == ([ids[2]], nil))
        #expect(try await list("/v1/jobs?before=\(ids[1])").ids == [ids[2]])
        #expect(try await list("/v1/jobs?state=queued").ids == Array(ids[..<2]))
        #expect(try await list("/v1/jobs?state=running").ids == [ids[2]])
        #expect(try await list("/v1/jobs?state=failed").ids == [])
        let filtered = try await list("/v1/jobs?state=queued&limit=1")
        #expect(try await list(try #require(filtered.next)) == ([ids[1]], nil), "the next page keeps the filter")
    }

    @Test func unknownJobs_AreNotFound() async throws {
        let folder = try Folder()
        try await RunningService.during(in: folder) { service in
            for id in [String(repeating: "0", count: 32), "nobody", "..%2F..%2Fetc"] {
                for path in ["", "/fused.png", "/uncertainty.png"] {
                    let answer = try await service.get("/v1/jobs/\(id)\(path)", "--path-as-is")
                    #expect(answer.status == 404 && answer.json["type"].text == "/problems/no-such-job", "\(id)\(path)")
                    #expect(answer.headers["content-type"] == "application/problem+json")
                }
            }
            #expect(try await service.delete(String(repeating: "0", count: 32)).status == 404)
        }
    }

    @Test func listing_RefusesWhatItDoesNotKnow() async throws {
        let folder = try Folder()
        try await RunningService.during(in: folder) { service in
            for (query, field) in [
                ("limit=0", "limit"), ("limit=101", "limit"), ("limit=ten", "limit"), ("limit=", "limit"), ("state=done", "state"),
                ("state=cancelling", "state"), ("before=yesterday", "before"), ("sort=up", "sort"),
            ] {
                let answer = try await service.get("/v1/jobs?\(query)")
                #expect(answer.status == 400 && answer.json["field"].text == field, "\(query)")
                #expect(answer.json["type"].text?.hasPrefix("/problems/") == true, "\(query)")
            }
        }
    }

    @Test func fullQueue_AsksToComeBack() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        try await RunningService.during(["--queue-capacity", "1"], in: folder) { service in
            let endless = try await service.submitEndless(pair)
            let waiting = try await service.submit(pair).id
            let refused = try await service.submit(pair, headers: ["Prefer: wait=60"])
            #expect(refused.status == 503 && refused.json["type"].text == "/problems/queue-full")
            #expect(refused.headers["retry-after"] == "3", "one turn of a presumed second, and a margin")
            #expect(try await service.fuse(["nonsense=1"]).status == 503, "refused unread")
            let repeated = try await service.submit(pair, headers: ["Idempotency-Key: once"])
            #expect(repeated.status == 503 && repeated.headers["retry-after"] == "5", "no more than two promises are made for one place")
            #expect(try await service.jobs() == [waiting, endless])
            #expect(try await service.get("/readyz").json["queued"].number == 1)
            _ = try await service.delete(waiting)
            _ = try await poll("the place that was promised") { try await service.submit(pair).status == 202 ? true : nil }
            _ = try await service.delete(endless)
        }
    }

    @Test func idempotencyKey_NamesOneJob() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        let swapped = Pair(mri: pair.other, other: pair.mri, modality: "ct")
        try await RunningService.during(in: folder) { service in
            let key = ["Idempotency-Key: visit-17"]
            let first = try await service.submit(pair, "seed=5", headers: key)
            #expect(first.status == 202)
            #expect(try await service.submit(pair, "seed=5", headers: key).id == first.id)
            for conflict in [
                try await service.submit(pair, "seed=6", headers: key), try await service.submit(swapped, "seed=5", headers: key),
            ] {
                #expect(conflict.status == 409 && conflict.json["type"].text == "/problems/idempotency-conflict")
            }
            #expect(try await service.finished(first.id).state == "succeeded")
            let again = try await service.submit(pair, "seed=5", headers: key)
            #expect(again.status == 200 && again.id == first.id, "it is finished: there is nothing to wait for")
            // With a semicolon curl sends an empty field.
            for header in ["Idempotency-Key;", "Idempotency-Key: " + String(repeating: "k", count: 256)] {
                let answer = try await service.submit(pair, headers: [header])
                #expect(answer.status == 400 && answer.json["field"].text == "Idempotency-Key")
            }
            #expect(try await service.jobs() == [first.id])
        }
    }
}
