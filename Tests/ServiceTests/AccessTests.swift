import Foundation
import HTTP
import Testing

@testable import Service

/// Access keys: their form, and what they open.
@Suite struct AccessTests {
    private func key(_ owner: String, lastDay: String? = nil) throws -> (secret: String, line: String) {
        try #require(AccessKey.make(owner: owner, lastDay: lastDay))
    }

    @Test func keys_AreReadAsTheyAreMade_AndHoldNoSecret() throws {
        let made = try key("radiology.north-1", lastDay: "2099-12-31")
        let parsed = try #require(AccessKey(made.line))
        #expect(parsed.owner == "radiology.north-1" && parsed.opens(AccessKey.digest(of: made.secret)))
        #expect(!parsed.opens(AccessKey.digest(of: made.secret + "0")) && !parsed.opens([]))
        #expect(!made.line.contains(made.secret.dropFirst(8)))
        #expect(try key("a").secret != key("a").secret)
        let hash = String(repeating: "0", count: 64)
        for line in [
            "", "a", "a:", ":\(hash)", "a:\(hash.dropLast())", "a:\(hash)0", "a b:\(hash)", "a:\(hash):", "a:\(hash):2026-13-01",
            "a:\(hash):x:y",
        ] {
            #expect(AccessKey(line) == nil, "\(line)")
        }
        #expect(AccessKey.make(owner: "no spaces") == nil && AccessKey.make(owner: "a", lastDay: "soon") == nil)
    }

    private func answer(_ access: Access, _ path: String, _ authorization: String?) async throws -> Response {
        var router = Router()
        router.use(access.middleware())
        for pattern in ["/", "/healthz", "/metrics", "/v1/jobs"] { router.get(pattern) { .text($0.principal ?? "nobody") } }
        return await router.respond(to: try Request(.get, path, headers: authorization.map { ["Authorization": $0] } ?? [:]))
    }

    private func text(_ response: Response) -> String {
        guard case .bytes(let bytes) = response.body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func keys_OpenTheirOwnersRoutes() async throws {
        let (north, south, old) = try (key("north"), key("south"), key("old", lastDay: "2026-01-31"))
        let keys = try [north, south, old].map { try #require(AccessKey($0.line)) }
        func at(_ day: String) throws -> Access {
            let now = try Date(day, strategy: .iso8601)
            return Access(keys: keys, isMetricsOpen: false, clock: { now })
        }
        let access = try at("2026-02-01T00:00:00Z")
        for (secret, owner) in [(north.secret, "north"), (south.secret, "south")] {
            #expect(try await text(answer(access, "/v1/jobs", "Bearer \(secret)")) == owner)
            #expect(try await text(answer(access, "/v1/jobs", "bearer \(secret)")) == owner)
        }
        #expect(try await text(answer(at("2026-01-31T23:59:59Z"), "/v1/jobs", "Bearer \(old.secret)")) == "old")
        for (field, error) in [
            (nil, nil), ("Basic bm9ydGg6", "invalid_request"), ("Bearer", "invalid_request"), ("Bearer \(north.secret)x", "invalid_token"),
            ("Bearer \(old.secret)", "invalid_token"), ("Bearer \(north.line)", "invalid_token"),
        ] as [(String?, String?)] {
            let refused = try await answer(access, "/v1/jobs", field)
            let challenge = refused.headers["WWW-Authenticate"]
            #expect(refused.status == .unauthorized && challenge?.hasPrefix("Bearer realm=\"amalgam\"") == true)
            #expect(challenge?.contains("error") == (error != nil) && challenge?.contains(error ?? "Bearer") == true, "\(field ?? "-")")
        }
        #expect(try await answer(access, "/nothing", nil).status == .unauthorized)
    }

    @Test func someRoutes_AreOpen() async throws {
        let keys = [try #require(AccessKey(key("a").line))]
        for path in ["/", "/healthz"] {
            #expect(try await answer(Access(keys: keys, isMetricsOpen: false), path, nil).status == .ok)
        }
        #expect(try await answer(Access(keys: keys, isMetricsOpen: false), "/metrics", nil).status == .unauthorized)
        #expect(try await answer(Access(keys: keys, isMetricsOpen: true), "/metrics", nil).status == .ok)
        #expect(try await text(answer(Access(keys: [], isMetricsOpen: false), "/v1/jobs", nil)) == "nobody")
    }

    /// Over a socket: nobody sees what is another's, and no key is ever written anywhere.
    @Test func owners_SeeTheirOwnJobsAlone() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        let (north, south) = try (key("north"), key("south"))
        try folder.write("keys: [\"\(north.line)\", \"\(south.line)\"]\n".utf8, to: "amalgam.yaml")
        try await RunningService.during(["--config", "amalgam.yaml"], in: folder) { service in
            let (n, s) = ("Authorization: Bearer \(north.secret)", "Authorization: Bearer \(south.secret)")
            #expect(try await service.submit(pair).status == 401)
            let job = try await service.submit(pair, headers: [n, "Prefer: wait=60", "Idempotency-Key: one"])
            #expect(job.status == 200 && job.state == "succeeded")
            let path = "/v1/jobs/\(job.id)"
            for other in [path, path + "/fused.png", path + "/events"] {
                #expect(try await service.get(other, "-H", n, "-m", "5").status == 200)
                #expect(try await service.get(other, "-H", s).json["type"].text == "/problems/no-such-job")
                #expect(try await service.get(other).status == 401)
            }
            #expect(try await service.get(path, "-X", "DELETE", "-H", s).status == 404)
            #expect(try await service.get("/v1/jobs", "-H", s).json["jobs"].list.isEmpty)
            #expect(try await service.get("/v1/jobs", "-H", n).json["jobs"].list.count == 1)
            // The same idempotency key of another owner is another's.
            let second = try await service.submit(pair, headers: [s, "Prefer: wait=60", "Idempotency-Key: one"])
            #expect(second.status == 200 && second.id != job.id)
            #expect(try await service.get("/healthz").status == 200)
            for secret in [north.secret, south.secret] { #expect(!service.log.contains(secret)) }
        }
    }
}
