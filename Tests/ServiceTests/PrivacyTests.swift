import Foundation
import Testing

@testable import Service

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a client sends may name a patient: it goes into no log, and only pixels go into results.
@Suite struct PrivacyTests {
    @Test func names_GoIntoNoLogAndNoResult() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        let (mri, ct) = (folder["Doe^Jane-mri.png"], folder["Doe^Jane-ct.png"])
        try withText(Data(contentsOf: URL(filePath: pair.mri)), "Doe^Jane").write(to: URL(filePath: mri))
        try withText(Data(contentsOf: URL(filePath: pair.other)), "Doe^Jane").write(to: URL(filePath: ct))
        let fields = ["mri=@\(mri);filename=\"Doe^Jane.png\"", "ct=@\(ct);filename=\"Doe^Jane.png\""]
        let secret = "Doe^Jane"
        try await RunningService.during(in: folder) { service in
            let answer = try await service.fuse(
                fields, "-H", "Prefer: wait=60", "-H", "Idempotency-Key: \(secret)", "-H", "X-Name: \(secret)")
            try #require(answer.state == "succeeded")
            let picture = try await service.fused(answer.id)
            #expect(picture.range(of: Data(secret.utf8)) == nil && !answer.body.isEmpty && answer.body.range(of: Data(secret.utf8)) == nil)
            #expect(try await service.fuse(fields + ["Doe^Jane=1"]).status == 400)
            #expect(try await service.fuse(fields + ["seed=Doe^Jane"]).status == 400)
            #expect(try await service.fuse([fields[0], "ct=@\(mri);filename=\"Doe^Jane\"", "steps=0"]).status == 400)
            #expect(try await service.fuse(["mri=Doe^Jane", fields[1]]).status == 422)
            #expect(try await service.get("/v1/jobs/Doe%5EJane").status == 404)
            #expect(try await service.get("/Doe%5EJane?name=Doe%5EJane").status == 404)
            #expect(try await service.get("/v1/jobs?Doe%5EJane=1").status == 400)

            #expect(service.log.contains(answer.id), "the job itself is in the log")
            #expect(service.log.contains(try #require(answer.headers["x-request-id"])), "and so is the request")
            #expect(service.log.contains(#""status":422"#))
            for name in ["Doe", "Jane"] { #expect(!service.log.contains(name)) }
        }
    }

    /// Every kind of chunk that holds text, every place that a key can be put in, and every end that a request or a job can come to.
    @Test func keysAndTexts_GoIntoNoLog_WhateverHappens() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        let (good, wrong) = (try #require(AccessKey.make(owner: "north")), try #require(AccessKey.make(owner: "south")))
        try folder.write("keys: [\"\(good.line)\"]\n".utf8, to: "amalgam.yaml")
        let name = "Doe^Jane"
        let texts = [("tEXt", "Comment\0"), ("iTXt", "Title\0\0\0\0\0"), ("eXIf", "MM\0*"), ("prVt", "")]
        let mri = try texts.reduce(Data(contentsOf: URL(filePath: pair.mri))) { withChunk($0, $1.0, Data(($1.1 + name).utf8)) }
        let named = Pair(mri: try folder.write(mri, to: "\(name).png"), other: pair.other, modality: "ct")
        let damaged = Pair(mri: try folder.write(mri.dropLast(30), to: "\(name)-2.png"), other: pair.other, modality: "ct")
        let key = "Authorization: Bearer \(good.secret)"

        try await RunningService.during(["--config", "amalgam.yaml", "--grace-seconds", "0"], in: folder) { service in
            #expect(try await service.submit(named, headers: [key, "Prefer: wait=60"]).state == "succeeded")
            #expect(try await service.submit(damaged, headers: [key]).status == 422)
            for field in ["Authorization: Bearer \(wrong.secret)", "Authorization: \(good.secret)", "Cookie: key=\(good.secret)"] {
                #expect(try await service.submit(named, headers: [field]).status == 401)
            }
            #expect(try await service.submit(named, headers: ["Authorization : Bearer \(good.secret)"]).status == 400, "no field name")
            for path in ["/\(good.secret)", "/v1/jobs/\(good.secret)", "/v1/jobs?access_token=\(good.secret)"] {
                #expect(try await service.get(path, "-H", key).status >= 400)
                #expect(try await service.get(path).status == 401)
            }
            let cancelled = try await service.submit(named, "sampler=ddpm", "samples=64", headers: [key]).id
            #expect(try await service.get("/v1/jobs/\(cancelled)", "-X", "DELETE", "-H", key).status < 300)
            let running = try await service.submit(named, "sampler=ddpm", "samples=64", headers: [key]).id
            _ = try await poll("the job to run") {
                try await service.get("/v1/jobs/\(running)", "-H", key).state == "running" ? true : nil
            }
            #expect(await service.end(SIGTERM).hasSucceeded)

            for id in [cancelled, running] { #expect(service.log.contains(id), "the log is there") }
            for secret in ["Doe", "Jane", String(good.secret.suffix(20)), String(wrong.secret.suffix(20))] {
                #expect(!service.log.contains(secret))
            }
        }
    }
}
