import Foundation
import Testing

/// Where there is no room: what comes is refused whole, what was accepted is kept, and all goes on once there is room again.
@Suite struct FullDiskTests {
    /// The pair with pictures of some size; the chunk that makes it up is not looked at.
    private func heavy(_ pair: Pair, _ bytes: Int, in folder: Folder) throws -> Pair {
        func padded(_ path: String, _ name: String) throws -> String {
            try folder.write(withChunk(Data(contentsOf: URL(filePath: path)), "paDd", Data(repeating: 0x41, count: bytes)), to: name)
        }
        return Pair(
            mri: try padded(pair.mri, "mri-\(bytes).png"), other: try padded(pair.other, "ct-\(bytes).png"), modality: pair.modality)
    }

    private func expectRefusal(_ answer: Answer, _ remedy: String) {
        #expect(answer.status == 507 && answer.headers["content-type"] == "application/problem+json")
        #expect(answer.json["type"].text == "/problems/storage-full")
        #expect(answer.json["detail"].text?.contains(remedy) == true, "\(answer.json)")
    }

    /// Posts until there is no room. Returns the ids of what was accepted, and the refusal.
    private func fill(_ service: RunningService, with pair: Pair) async throws -> (accepted: [String], refusal: Answer) {
        var accepted: [String] = []
        while accepted.count < 200 {
            let answer = try await service.submit(pair, "steps=1")
            guard answer.status == 202 else { return (accepted, answer) }
            accepted.append(answer.id)
        }
        throw Impatience(description: "the store never was full")
    }

    /// Fills the store while no job can end, and lets all end. Returns their ids, the oldest first.
    private func fillAndFinish(_ service: RunningService, with pair: Pair) async throws -> [String] {
        let endless = try await service.submitEndless(pair)
        let (accepted, refusal) = try await fill(service, with: pair)
        #expect(accepted.count > 1)
        expectRefusal(refusal, "DELETE")
        #expect(try await service.get("/v1/jobs?limit=100").json["jobs"].list.compactMap { $0["id"].text } == accepted.reversed() + [endless])
        #expect(try await service.delete(endless).status == 202)
        for id in accepted { try await expectSuccess(id, service) }
        return accepted
    }

    private func expectSuccess(_ id: String, _ service: RunningService) async throws {
        let job = try await service.finished(id)
        #expect(job.state == "succeeded" && job.json["attempts"].number == 1, "\(job.json)")
    }

    @Test func fullStore_RefusesWhole_DoesAllThatItAccepted_AndTakesJobsAgain_OnceSomeAreDeleted() async throws {
        let folder = try Folder()
        let pair = try await heavy(folder.phantoms(32), 40_000, in: folder)
        try await RunningService.during(["--set", "store-bytes=900000"], in: folder) { service in
            let accepted = try await fillAndFinish(service, with: pair)
            #expect(try await service.delete(accepted[0]).status == 204)
            #expect(try await service.delete(accepted[1]).status == 204)
            let late = try await service.submit(pair, "steps=1")
            #expect(late.status == 202)
            try await expectSuccess(late.id, service)
        }
    }

    /// Serves with its data, and what is on the way there, on a small disk of its own.
    private func onSmallDisk(in folder: Folder, _ body: (RunningService) async throws -> Void) async throws {
        let mount = #"mount -t tmpfs -o size=16M none "$1" && mkdir "$1/tmp" && TMPDIR="$1/tmp" && export TMPDIR && shift && exec "$@""#
        try FileManager.default.createDirectory(atPath: folder["disk"], withIntermediateDirectories: false)
        try await RunningService.during(
            data: "disk/data", within: ["unshare", "-Urm", "sh", "-c", mount, "sh", folder["disk"]], in: folder, body)
    }

    @Test(.enabled(if: Tool.canMount, "needs the right to mount")) func diskThatTheStoreFilled_HasRoomForOutcomes_AndForErasure() async throws {
        let folder = try Folder()
        let pair = try await heavy(folder.phantoms(32), 200_000, in: folder)
        try await onSmallDisk(in: folder) { service in
            for id in try await fillAndFinish(service, with: pair) { #expect(try await service.delete(id).status == 204) }
            #expect(try await service.submit(pair, "steps=1").status == 202)
        }
    }

    /// The disk is filled and emptied by others.
    @Test(.enabled(if: Tool.canMount, "needs the right to mount")) func fullDisk_LosesNothing_AndIsRecoveredFrom() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        let heavyPair = try heavy(pair, 40_000, in: folder)
        let spooled = try folder.write(Data(count: 3_000_000), to: "spooled.png")
        try await onSmallDisk(in: folder) { service in
            let done = try await service.submit(pair, headers: ["Prefer: wait=60"])
            #expect(done.state == "succeeded")
            let running = try await service.submit(pair, "sampler=ddpm", "samples=4").id
            _ = try await poll("the first step") {
                try await service.job(running).json["progress"]["completed"].number.flatMap { $0 > 0 ? $0 : nil }
            }
            // The disk is the service's alone; the way to it leads through its process.
            let filler = "/proc/\(service.processIdentifier)/root\(folder["disk"])/filler"
            #expect(FileManager.default.createFile(atPath: filler, contents: nil))
            let file = try #require(FileHandle(forWritingAtPath: filler))
            for size in [1 << 16, 1 << 12] {
                for _ in 0..<1000 { do { try file.write(contentsOf: Data(count: size)) } catch { break } }
            }
            let (accepted, refusal) = try await fill(service, with: heavyPair)
            expectRefusal(refusal, "DELETE")
            expectRefusal(try await service.fuse(["mri=@\(spooled)", pair.fields[1]]), "TMPDIR")
            #expect(try await service.jobs() == accepted.reversed() + [running, done.id])
            #expect(try await service.fused(done.id).isEmpty == false, "what is there can be read")
            _ = try await poll("the worker to find no room") { service.log.contains("no space left") ? true : nil }

            try file.truncate(atOffset: 0)
            let late = try await service.submit(pair)
            #expect(late.status == 202)
            for id in [running] + accepted + [late.id] {
                try await expectSuccess(id, service)
            }
        }
    }
}
