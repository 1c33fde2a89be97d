import Foundation
import Jobs
import Testing

@testable import Service

/// What a client polls: the status of one job.
@Suite struct StatusTests {
    @Test func rendering_IsKept_AsLongAsItSaysTheSame() throws {
        let store = try JobStore(.memory)
        let parameters = try FusionParameters(modality: .ct).encoded()
        let request = JobRequest(kind: FusionWork.kind, parameters: parameters, seed: 7, inputs: ["mri": Data([1])], outcomeBytes: [])
        let job = try store.submit(request).job
        let rendered = RenderedJobs()
        let start = Date()
        func text(_ job: Job, _ position: Int? = nil, at seconds: Double) throws -> String {
            let payload = JobPayload(job: job, queuePosition: position, now: start + seconds)
            let text = String(decoding: try rendered.json(payload), as: UTF8.self)
            return text
        }
        let queued = try text(job, 1, at: 0)
        #expect(queued.contains("\"queue_position\":1"))
        #expect(try text(job, 1, at: 100) == queued)
        #expect(try text(job, 0, at: 100).contains("\"queue_position\":0"))

        let lease = try #require(try store.claimNext()).lease
        store.report(.init(completed: 1, total: 4), for: lease)
        let running = try text(store.job(job.id), at: 10)
        #expect(running.contains("\"completed\":1"))
        #expect(try text(store.job(job.id), at: 10.4) == running, "half a second does not matter to an estimate")
        #expect(try text(store.job(job.id), at: 11) != running)
        store.report(.init(completed: 2, total: 4), for: lease)
        #expect(try text(store.job(job.id), at: 11).contains("\"completed\":2"))
    }

    /// The median alone: what is beyond it the machine decides, which tests share. Tests/Benchmarks/http measures the rest.
    @Test func status_IsFast_WhileEveryWorkerIsAtWork() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(64)
        let workers = ProcessInfo.processInfo.activeProcessorCount
        try await RunningService.during(["--workers", "\(workers)"], in: folder) { service in
            var endless: [String] = []
            for _ in 0..<workers { endless.append(try await service.submitEndless(pair)) }
            let arguments = [
                "-sS", "--max-time", "90", "-w", "\n%{http_code} %{time_total}\n", "\(service.address)/v1/jobs/\(endless[0])?[1-300]",
            ]
            let answers = try await Program(URL(filePath: "/usr/bin/env"), ["curl", "--noproxy", "*"] + arguments, in: folder).outcome()
            let seconds = answers.output.matches(of: /\n200 ([0-9.]+)\n/).compactMap { Double($0.1) }.sorted()
            #expect(seconds.count == 300, "\(answers.error)")
            #expect(seconds[seconds.count / 2] < 0.02, "\(seconds)")
            for id in endless { _ = try await service.delete(id) }
        }
    }
}
