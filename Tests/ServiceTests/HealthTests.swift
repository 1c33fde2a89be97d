import Foundation
import Fusion
import HTTP
import Jobs
import Testing

@testable import Service

#if canImport(Glibc)
    import Glibc
#endif

/// Whether the service lives and takes jobs, as a supervisor asks.
@Suite struct HealthTests {
    @Test func healthAndReadiness_TellTheTruth() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        try await RunningService.during(["--grace-seconds", "60"], in: folder) { service in
            #expect(try await service.get("/healthz").json["status"].text == "ok")
            let ready = try await service.get("/readyz")
            #expect(ready.status == 200 && ready.json["status"].text == "ready")
            #expect([ready.json["queued"].number, ready.json["running"].number] == [0, 0])

            let endless = try await service.submitEndless(pair)
            kill(service.processIdentifier, SIGTERM)
            let draining = try await poll("the draining") {
                let answer = try await service.get("/readyz")
                return answer.status == 503 ? answer : nil
            }
            #expect(draining.json["status"].text == "draining" && draining.json["running"].number == 1)
            #expect(try await service.get("/healthz").status == 200, "it lives")
            let refused = try await service.submit(pair)
            #expect(refused.status == 503 && refused.json["type"].text == "/problems/draining")
            #expect(refused.headers["retry-after"].flatMap { Int($0) }.map { $0 > 0 } == true)
            #expect(try await service.job(endless).state == "running", "what runs can be polled to its end")
            #expect(String(decoding: try await service.get("/metrics").body, as: UTF8.self).contains("\namalgam_ready 0\n"))
            #expect(try await service.delete(endless).status == 202)
            #expect(await service.ended().hasSucceeded)
        }
    }

    @Test func models_SayWhatIsLoaded() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        let shipped = Program.url.deletingLastPathComponent().appending(path: "amalgam_Fusion.resources/Models/mri-ct.safetensors").path
        let digest = try await sha256sum(shipped, in: folder)
        try await RunningService.during(in: folder) { service in
            let models = try await service.get("/v1/models").json["models"].list
            let model = try #require(models.first { $0["modality"].text == "ct" })
            #expect(model["sha256"].text == digest)
            #expect(model["pair"].list == [.string("mri"), .string("ct")])
            #expect(model["parameters"].number.map { $0 > 100_000 } == true && model["training"].text?.isEmpty == false)
            let defaults = model["defaults"]
            #expect(defaults["sampler"].text == "ddim" && defaults["seed"].number == 42 && defaults["samples"].number == 1)

            let job = try await service.submit(pair, headers: ["Prefer: wait=60"]).json
            #expect(job["model"] == model["name"] && job["model_sha256"].text == digest)
            for name in ["sampler", "steps", "eta", "seed", "samples", "guidance"] {
                #expect(job[name] != .null && job[name] == defaults[name], "\(name): what is said to be the default is it")
            }
            #expect(job["sources"]["mri"]["sha256"].text == (try await sha256sum(pair.mri, in: folder)))
            #expect(job["sources"]["ct"]["sha256"].text == (try await sha256sum(pair.other, in: folder)))
        }
    }

    @Test func store_ThatDoesNotAnswer_MakesTheServiceUnready() async throws {
        let store = try JobStore(.memory)
        let pool = WorkerPool(store) { _, _ in throw CancellationError() }
        var router = Router()
        StatusRoutes(shelf: try ModelShelf(), readiness: Readiness(store: store, pool: pool, patience: .milliseconds(20))).add(to: &router)
        let request = try Request(.get, "/readyz")

        // Queries that do not end, as on a disk that hangs, on each of the threads that ask the store.
        let gate = Gate()
        let hanging = (0..<8).map { _ in Task { try await store.perform { _ throws(JobError) in gate.hold() } } }
        await gate.entered(8)
        let unready = await router.respond(to: request)
        #expect(unready.status == .serviceUnavailable && unready.text == "{\"status\":\"store-unavailable\"}\n")
        gate.open(8)
        for query in hanging { try await query.value }
        _ = try await poll("the store's answer") { await router.respond(to: request).status == .ok ? true : nil }
        await pool.shutdown(grace: .zero)
    }
}

extension Response {
    /// The content, where it is there as a whole.
    fileprivate var text: String? {
        if case .bytes(let bytes) = body { String(decoding: bytes, as: UTF8.self) } else { nil }
    }
}
