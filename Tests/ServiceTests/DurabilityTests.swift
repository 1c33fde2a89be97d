import Foundation
import Fusion
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Jobs outlive the process, however it ends.
@Suite struct DurabilityTests {
    @Test func killedService_RunsItsJobsAgain_ToTheSameBytes() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        let (cut, queued) = try await RunningService.during(in: folder) { service in
            let cut = try await service.submit(pair, "sampler=ddpm", "samples=2", "seed=9").id
            let queued = try await service.submit(pair, "seed=9").id
            _ = try await poll("the first step") {
                try await service.job(cut).json["progress"]["completed"].number.flatMap { $0 > 0 ? $0 : nil }
            }
            #expect(await service.end(SIGKILL).isSignal)
            return (cut, queued)
        }
        try await RunningService.during(in: folder) { service in
            let again = try await service.finished(cut)
            #expect(again.state == "succeeded" && again.json["attempts"].number == 2)
            let outcome = try await Program.run(
                "fuse", pair.mri, pair.other, "-o", "command.png", "--sampler", "ddpm", "--samples", "2", "--seed", "9", in: folder)
            #expect(outcome.hasSucceeded)
            #expect(try await service.fused(cut) == folder.bytes("command.png"))
            let later = try await service.finished(queued)
            #expect(later.state == "succeeded" && later.json["attempts"].number == 1)
        }
    }

    @Test(arguments: [SIGTERM, SIGINT]) func stop_HandsBackWhatRuns_AndAnswersWhoWaits(_ signal: Int32) async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        let (endless, queued) = try await RunningService.during(["--grace-seconds", "1"], in: folder) { service in
            let endless = try await service.submitEndless(pair)
            async let waiting = service.submit(pair, headers: ["Prefer: wait=300"])
            _ = try await poll("the second job") { try await service.jobs().count == 2 ? true : nil }
            #expect(await service.end(signal).hasSucceeded)
            let answer = try await waiting
            #expect(answer.status == 202 && answer.state == "queued")
            #expect(answer.headers["location"] == "/v1/jobs/\(answer.id)", "else nobody would know where the job is")
            return (endless, answer.id)
        }
        try await RunningService.during(in: folder) { service in
            let again = try await poll("the job's next attempt") {
                let answer = try await service.job(endless)
                return answer.state == "running" ? answer : nil
            }
            #expect(again.json["attempts"].number == 1, "what was handed back does not count")
            _ = try await service.delete(endless)
            #expect(try await service.finished(queued).state == "succeeded")
        }
    }

    @Test func busyPort_CostsNoAttempt() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        let endless = try await RunningService.during(in: folder) { service in
            let endless = try await service.submitEndless(pair)
            _ = await service.end(SIGKILL)
            return endless
        }
        try await RunningService.during(data: "other", in: folder) { other in
            let port = try #require(other.address.split(separator: ":").last)
            for _ in 0..<2 {
                let outcome = try await Program.run("serve", "--port", "\(port)", "--data", "data", in: folder)
                #expect(outcome.status == 1 && outcome.error.contains("Address already in use"), "\(outcome)")
            }
        }
        try await RunningService.during(["--grace-seconds", "0"], in: folder) { service in
            let again = try await poll("the job's next attempt") {
                let answer = try await service.job(endless)
                return answer.state == "running" ? answer : nil
            }
            #expect(again.json["attempts"].number == 2, "the killed attempt and this one")
        }
    }

    @Test func jobWithoutItsModel_FailsAtOnceAndSaysSo() async throws {
        let folder = try Folder()
        try Models.write(.pet, to: folder["pet.safetensors"])
        let ct = try await folder.phantoms(32)
        let pet = Pair(mri: ct.mri, other: folder["phantom-32/pet.png"], modality: "pet")
        let (done, left) = try await RunningService.during(["--pet-model", "pet.safetensors", "--grace-seconds", "0"], in: folder) {
            service in
            let done = try await service.submit(pet, headers: ["Prefer: wait=60"])
            #expect(done.json["model"].text == "test" && done.json["scores"]["ssim"]["pet"].number != nil)
            _ = try await service.submitEndless(ct)
            return (done.id, try await service.submit(pet).id)
        }
        try await RunningService.during(["--modalities", "ct"], in: folder) { service in
            for id in try await service.jobs() where id != done && id != left { _ = try await service.delete(id) }
            let job = try await service.finished(left).json
            #expect(job["state"].text == "failed" && job["attempts"].number == 1)
            #expect(job["failure"]["code"].text == "no_model" && job["failure"]["text"].text?.contains("PET") == true)
            #expect(try await service.job(done).state == "succeeded", "what is done stays done")
        }
    }
}
