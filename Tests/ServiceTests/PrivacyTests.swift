import Foundation
import Testing

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
}
