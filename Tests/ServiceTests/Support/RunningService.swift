import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `amalgam serve` as a process of its own on a port of its own.
final class RunningService: Sendable {
    let folder: Folder
    let address: String
    private let program: Program
    private let ended: Task<Void, Never>
    private let launch: ContinuousClock.Instant

    /// Starts the service and waits until it says where it listens.
    private init(_ arguments: [String], data: String, within command: [String], in folder: Folder) async throws {
        self.folder = folder
        let command = command + [Program.url.path, "serve", "--port", "0", "--data", folder[data]] + arguments
        let program = try Program(URL(filePath: "/usr/bin/env"), command, in: folder)
        launch = .now
        let ended = try program.start()
        do {
            address = try await poll("the service's address") {
                guard program.process.isRunning else { throw Impatience(description: "the service did not start: \(program.complaints)") }
                return program.written.firstMatch(of: /listens on (http:\/\/127\.0\.0\.1:[0-9]+)\n/).map { String($0.1) }
            }
        } catch {
            program.process.terminate()
            throw error
        }
        (self.program, self.ended) = (program, ended)
    }

    /// Everything that the service has written, to either stream.
    var log: String { program.written + program.complaints }

    /// Lines of the log as JSON; null where a line is none.
    var logLines: [JSON] { program.complaints.split(separator: "\n").map { (try? JSON(Data($0.utf8))) ?? .null } }

    var isRunning: Bool { program.process.isRunning }

    /// Seconds since the launch of the process.
    var age: Double { (ContinuousClock.now - launch) / .seconds(1) }

    var processIdentifier: Int32 { program.process.processIdentifier }

    /// Tests run in parallel: with all their services at once, none would get anywhere on a machine of few cores.
    private static let places = Turnstile(4)

    /// Serves for `body`, then stops by SIGTERM, which has to be a clean stop unless `body` has ended the service itself. A few services
    /// run at a time, so `body` must not start another.
    ///
    /// - Parameter command: what takes the service's command line for its last arguments and becomes that process.
    static func during<Value>(
        _ arguments: [String] = [], data: String = "data", within command: [String] = [], in folder: Folder,
        _ body: (RunningService) async throws -> Value
    ) async throws -> Value {
        try await places.pass {
            let service = try await RunningService(arguments + ["--threads", "1"], data: data, within: command, in: folder)
            do {
                let value = try await body(service)
                if service.program.process.isRunning { #expect(await service.end(SIGTERM).hasSucceeded, "\(service.log)") }
                return value
            } catch {
                print(service.log)
                _ = await service.end(SIGKILL)
                throw error
            }
        }
    }

    /// Sends a signal and waits for the end.
    func end(_ signal: Int32) async -> Outcome {
        if program.process.isRunning { kill(program.process.processIdentifier, signal) }
        return await self.ended()
    }

    /// Waits for the end.
    func ended() async -> Outcome {
        await ended.value
        return Outcome(
            status: program.process.terminationStatus, isSignal: program.process.terminationReason == .uncaughtSignal,
            output: program.written,
            error: program.complaints)
    }

    // MARK: Requests

    func get(_ path: String, _ arguments: String...) async throws -> Answer {
        try await curl(arguments + [address + path], in: folder)
    }

    func delete(_ id: String) async throws -> Answer {
        try await curl(["-X", "DELETE", "\(address)/v1/jobs/\(id)"], in: folder)
    }

    /// POST /v1/fusions with the fields given as curl takes them: `name=value` or `name=@file`.
    func fuse(_ fields: [String], _ arguments: String...) async throws -> Answer {
        try await curl(arguments + fields.flatMap { ["-F", $0] } + ["\(address)/v1/fusions"], in: folder)
    }

    /// Hands a pair in.
    func submit(_ pair: Pair, _ options: String..., headers: [String] = []) async throws -> Answer {
        try await curl(
            headers.flatMap { ["-H", $0] } + (pair.fields + options).flatMap { ["-F", $0] } + ["\(address)/v1/fusions"], in: folder)
    }

    /// POST /v1/scores, with the fields as for `fuse`.
    func score(_ fields: [String]) async throws -> Answer {
        try await curl(fields.flatMap { ["-F", $0] } + ["\(address)/v1/scores"], in: folder)
    }

    /// Hands in a job of many steps, and waits until it has taken the first.
    func submitEndless(_ pair: Pair) async throws -> String {
        let id = try await submit(pair, "sampler=ddpm", "samples=64").id
        _ = try await poll("the first step") { try await self.job(id).json["progress"]["completed"].number.flatMap { $0 > 0 ? $0 : nil } }
        return id
    }

    func job(_ id: String) async throws -> Answer { try await get("/v1/jobs/\(id)") }

    /// The job when it is finished.
    func finished(_ id: String) async throws -> Answer {
        try await poll("the end of job \(id)") {
            let answer = try await self.job(id)
            return ["succeeded", "failed", "cancelled"].contains(answer.state) ? answer : nil
        }
    }

    func fused(_ id: String) async throws -> Data {
        let answer = try await get("/v1/jobs/\(id)/fused.png")
        try #require(answer.status == 200)
        return answer.body
    }

    /// The ids of all jobs, newest first.
    func jobs() async throws -> [String] { try await get("/v1/jobs").json["jobs"].list.compactMap { $0["id"].text } }
}
