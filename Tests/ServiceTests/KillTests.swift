import Foundation
import Jobs
import Testing

@testable import Imaging

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A 202 is a promise: whatever moment the process is killed at, every accepted job is there and ends well, once and in its order.
@Suite struct KillTests {
    /// AMALGAM_LONG_TESTS=1 asks for 50 kills on 200 jobs; without it a few have to do.
    private static let isLong = ProcessInfo.processInfo.environment["AMALGAM_LONG_TESTS"] == "1"

    @Test func acceptedJobs_OutliveKillsAtRandomMoments() async throws {
        let (kills, jobs) = Self.isLong ? (50, 200) : (4, 20)
        let seed = ProcessInfo.processInfo.environment["AMALGAM_TEST_SEED"].flatMap(UInt64.init) ?? .random(in: 0..<1_000_000)
        var random = SplitMix64(seed: seed)
        let folder = try Folder()
        let clients = Clients(pair: try await folder.phantoms(32), requests: jobs)
        let pace = try await RunningService.during(data: "pace", in: folder) { try await clients.secondsOfAJob(at: $0) }

        var starts: [Double] = []
        for number in 0..<kills {
            if number % 5 == 4 {
                try await Self.killWhileItStarts(after: .random(in: 0..<starts.max()!, using: &random), in: folder)
                continue
            }
            // Long enough for two jobs on average, on any machine: so some work gets done, and the queue lasts.
            let life = Duration.seconds(Double.random(in: 0..<4 * pace, using: &random))
            starts.append(
                try await RunningService.during(in: folder) { service in
                    #expect(try await service.get("/readyz").status == 200)
                    let start = service.age
                    async let posting: Void = clients.post(to: service)
                    async let looking: Void = clients.look(at: service)
                    try await Task.sleep(for: life)
                    #expect(await service.end(SIGKILL).isSignal)
                    _ = await (posting, looking)
                    return start
                })
        }
        let seen = await clients.pictures.count
        let ids = try await RunningService.during(in: folder) { service in
            let left = try await service.get("/readyz").json["queued"].number ?? 0
            let ids = try await clients.finish(at: service)
            print(
                "KillTests: seed \(seed), \(kills) kills, \(jobs) jobs of \(pace) s, \(seen) done and \(left) queued after the last kill, ready within",
                "\(starts.max()!) s")
            return ids
        }
        #expect(ids.count == jobs && Set(ids).count == jobs)
        if Self.isLong { #expect(starts.max()! < 2, "seconds from the launch to the first answer of /readyz") }

        let store = try JobStore(.file(folder["data/jobs.sqlite"]))
        try store.verify()
        let counts = try store.statistics().counts.filter { $0.value > 0 }
        #expect(counts == [.succeeded: jobs], "a request that was repeated, as it got no answer, made one job all the same")
    }

    private static func killWhileItStarts(after seconds: Double, in folder: Folder) async throws {
        let program = try Program(Program.url, ["serve", "--port", "0", "--data", folder["data"], "--threads", "1"], in: folder)
        let ended = try program.start()
        try await Task.sleep(for: .seconds(seconds))
        kill(program.process.processIdentifier, SIGKILL)
        await ended.value
        #expect(program.process.terminationReason == .uncaughtSignal, "\(program.complaints)")
    }
}

/// Clients who repeat a request until it is answered, and remember every answer.
private actor Clients {
    let pair: Pair
    /// Numbers of the requests that nobody has answered yet, the next one last.
    private var unanswered: [Int]
    /// The ids of accepted jobs by the numbers of their requests.
    private var accepted: [Int: String] = [:]
    /// Pictures by id, as they were first seen.
    private(set) var pictures: [String: Data] = [:]

    init(pair: Pair, requests: Int) {
        self.pair = pair
        unanswered = Array((0..<requests).reversed())
    }

    private func submit(_ number: Int, to service: RunningService) async throws -> Answer {
        try await service.submit(
            pair, "steps=1", "samples=16", "guidance=0", "seed=\(number % 4)", headers: ["Idempotency-Key: request-\(number)"])
    }

    /// How long the worker takes for one job.
    func secondsOfAJob(at service: RunningService) async throws -> Double {
        let id = try await submit(0, to: service).id
        return try #require(try await service.finished(id).json["seconds"]["running"].number)
    }

    /// Posts what has no answer, a few requests at a time, until everything has one or the service is gone.
    func post(to service: RunningService) async {
        await withTaskGroup { group in
            for _ in 0..<3 { group.addTask { while await self.postOne(to: service) {} } }
        }
    }

    /// Whether there may be more to do.
    private func postOne(to service: RunningService) async -> Bool {
        guard let number = unanswered.popLast() else { return false }
        guard let answer = try? await submit(number, to: service), let place = answer.headers["location"] else {
            unanswered.append(number)
            return service.isRunning
        }
        #expect([200, 202].contains(answer.status))
        accepted[number] = String(place.trimmingPrefix("/v1/jobs/"))
        return true
    }

    /// Fetches the pictures of jobs that succeed, until the service is gone.
    func look(at service: RunningService) async {
        while service.isRunning {
            for id in accepted.values where pictures[id] == nil {
                guard let job = try? await service.job(id), job.state == "succeeded" else { continue }
                guard let answer = try? await service.get("/v1/jobs/\(id)/fused.png"), answer.isWhole else { continue }
                #expect(answer.status == 200)
                record(answer.body, of: id)
            }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Gets everything answered and waits for all jobs: each succeeds, after those before it, to the picture that was seen before.
    ///
    /// - Returns: the ids in the order of acceptance.
    func finish(at service: RunningService) async throws -> [String] {
        await post(to: service)
        #expect(unanswered.isEmpty)
        var latest = ""
        // Identifiers rise in the order of acceptance.
        let ids = accepted.values.sorted()
        for id in ids {
            let job = try await service.finished(id)
            #expect(job.state == "succeeded", "\(job.json)")
            let finished = try #require(job.json["finished"].text)
            #expect(finished >= latest, "first in, first out")
            latest = finished
            record(try await service.fused(id), of: id)
        }
        let bySeed = Dictionary(grouping: accepted) { $0.key % 4 }.mapValues { Set($0.map { pictures[$0.value] }) }
        #expect(bySeed.values.allSatisfy { $0.count == 1 } && Set(bySeed.values).count == 4, "a seed has one picture of its own")
        return ids
    }

    private func record(_ picture: Data, of id: String) {
        #expect(throws: Never.self, "a whole picture") { try PNG.read(picture) }
        #expect(pictures[id, default: picture] == picture, "a job has one result")
        pictures[id] = picture
    }
}
