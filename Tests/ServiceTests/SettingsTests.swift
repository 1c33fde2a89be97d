import Foundation
import Testing

@testable import Service

/// Settings from flags, environment and file.
@Suite struct SettingsTests {
    /// The file that documents every setting.
    private static let documented = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Config/amalgam.yaml").standardized.path

    @Test func documentedFile_NamesEverySettingWithItsDefault() async throws {
        let settings = try await Settings(environment: [:], file: Self.documented)
        #expect(settings.configuration == ServiceConfiguration())
        #expect(settings.sources.values.allSatisfy { $0 == .file } && settings.sources.count == Setting.all.count)
        let names = try String(contentsOfFile: Self.documented, encoding: .utf8).matches(of: /(?m)^([a-z-]+):/).map { String($0.1) }
        #expect(Set(names).count == names.count && Set(names) == Set(Setting.all.map(\.name)))
    }

    @Test func theStrongestSource_Decides() async throws {
        let folder = try Folder()
        try folder.write("port: 1000\nworkers: 2\nidle-seconds: 7\nmodalities: [pet]\nmetrics-open: true\n".utf8, to: "a.yaml")
        let environment = ["AMALGAM_PORT": "2000", "AMALGAM_WORKERS": "3", "AMALGAM_MODALITIES": "ct,spect", "HOME": "/"]
        let settings = try await Settings(flags: ["port": "3000"], environment: environment, file: folder["a.yaml"])
        let configuration = settings.configuration
        #expect(configuration.port == 3000 && configuration.workers == 3 && configuration.idleSeconds == 7)
        #expect(configuration.modalities == ["ct", "spect"] && configuration.metricsOpen && configuration.headerSeconds == 10)
        #expect(
            ["port", "workers", "idle-seconds", "header-seconds"].map { settings.sources[$0] } == [.flag, .environment, .file, .default])
        #expect(configuration.serving.timeouts.idle == .seconds(7) && configuration.serving.port == 3000)
        #expect(settings.text.contains("port: 3000  # flag\n") && settings.text.contains("workers: 3  # environment\n"))
    }

    @Test func limitsAndTimes_ReachTheServer() async throws {
        let flags = [
            "max-body-bytes": "2001", "connections": "2002", "connections-per-address": "2003", "request-line-bytes": "2004",
            "header-bytes": "2005", "header-count": "206", "pipelined-requests": "2007", "header-seconds": "2008", "idle-seconds": "2009",
            "body-seconds": "2010", "body-bytes-per-second": "2011", "write-seconds": "2012",
        ]
        let serving = try await Settings(flags: flags, environment: [:]).configuration.serving
        let (limits, timeouts) = (serving.limits, serving.timeouts)
        #expect(limits.bodyBytes == 2001 && limits.connections == 2002 && limits.connectionsPerAddress == 2003)
        #expect(limits.requestLineBytes == 2004 && limits.headerBytes == 2005 && limits.headerCount == 206)
        #expect(limits.pipelinedRequests == 2007 && timeouts.bodyBytesPerSecond == 2011)
        #expect([timeouts.header, timeouts.idle, timeouts.body, timeouts.write] == [2008, 2009, 2010, 2012].map { .seconds($0) })
    }

    @Test func whatIsWrong_IsNamed() async throws {
        let folder = try Folder()
        func refusal(_ file: String? = nil, flags: [String: String] = [:], environment: [String: String] = [:]) async throws -> String {
            if let file { try folder.write(file.utf8, to: "a.yaml") }
            do {
                _ = try await Settings(flags: flags, environment: environment, file: file.map { _ in folder["a.yaml"] })
                return ""
            } catch { return "\(error)" }
        }
        for (text, words) in [
            ("ports: 1", ["ports", "a.yaml", "port"]), ("port: many", ["port", "file", "0 to 65535"]), ("port: 70000", ["port", "65535"]),
            ("port: [", ["a.yaml"]), ("- port", ["a.yaml"]), ("modalities: [mr]", ["modalities", "ct, pet, spect"]),
            ("metrics-open: perhaps", ["metrics-open", "true or false"]), ("keys: [\"a:b\"]", ["keys", "line 1"]),
            ("host: 0.0.0.0", ["host", "amalgam key"]),
        ] {
            let said = try await refusal(text)
            for word in words { #expect(said.contains(word), "\(text): \(said)") }
        }
        #expect(try await refusal(environment: ["AMALGAM_WORKERS": "x"]).contains("workers (environment)"))
        #expect(try await refusal(flags: ["worker": "1"]).contains("\"worker\""))
        let secret = try #require(AccessKey.make(owner: "a")).secret
        #expect(try await refusal("keys: [\"\(secret)\"]").contains(secret) == false)
        #expect(
            try await Settings(
                environment: [:],
                file: {
                    try folder.write("".utf8, to: "e.yaml"); return folder["e.yaml"]
                }()
            ).configuration == .init())
    }

    @Test func keys_OpenOtherAddresses_AndStayHidden() async throws {
        let line = try #require(AccessKey.make(owner: "north")).line
        let settings = try await Settings(flags: ["host": "0.0.0.0", "keys": line], environment: [:])
        #expect(settings.configuration.keys == [line] && settings.text.contains("keys: [north]  # flag\n"))
        #expect(!settings.text.contains(line.dropFirst(6)))
    }

    @Test func check_PrintsWhatIsInForce_AndMakesNothing() async throws {
        let folder = try Folder()
        let outcome = try await Program(
            Program.url, ["serve", "--check", "--workers", "2", "--set", "idle-seconds=5"], in: folder
        ).outcome()
        #expect(
            outcome.hasSucceeded && outcome.output.contains("workers: 2  # flag\n") && outcome.output.contains("idle-seconds: 5  # flag\n"))
        #expect(!FileManager.default.fileExists(atPath: folder["amalgam-data"]))
        let wrong = try await Program(Program.url, ["serve", "--check", "--set", "idle-seconds=0"], in: folder).outcome()
        #expect(!wrong.hasSucceeded && wrong.error.contains("idle-seconds is 0: it must be from 1 to 86400"))
    }

    @Test func key_IsMadeByTheCommand() async throws {
        let folder = try Folder()
        let outcome = try await Program(Program.url, ["key", "north", "--last-day", "2099-01-01"], in: folder).outcome()
        let secret = try #require(outcome.output.firstMatch(of: /Bearer (\S+)/)).1
        let line = try #require(outcome.output.firstMatch(of: /- "([^"]+)"/)).1
        #expect(try #require(AccessKey(String(line))).opens(AccessKey.digest(of: String(secret))))
        #expect(try await Program(Program.url, ["key", "two words"], in: folder).outcome().hasSucceeded == false)
    }
}
