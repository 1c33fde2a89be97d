import Foundation
import Testing

/// A service that cannot start says why in a line, and ends.
@Suite struct StartTests {
    /// - Parameter words: all of them stand in what is said.
    private func expectRefusal(_ arguments: [String], _ words: [String], in folder: Folder) async throws {
        let outcome = try await Program(Program.url, ["serve"] + arguments, in: folder).outcome()
        #expect(!outcome.hasSucceeded && !outcome.isSignal && outcome.output.isEmpty)
        let said = outcome.error.split(separator: "\n").filter { $0.hasPrefix("Error: ") }
        #expect(said.count == 1 && !outcome.error.contains("NSCocoa"), "\(outcome.error)")
        for word in words { #expect(said.first?.contains(word) == true, "\(word): \(outcome.error)") }
    }

    @Test func settings_OutOfRange() async throws {
        let folder = try Folder()
        for (arguments, words) in [
            (["--host", "0.0.0.0"], ["0.0.0.0", "loopback"]), (["--host", "::"], ["loopback"]), (["--host", "localhost"], ["127.0.0.1"]),
            (["--port", "65536"], ["port", "65535"]), (["--port", "-1"], ["port"]), (["--workers", "0"], ["workers"]),
            (["--queue-capacity", "0"], ["queue-capacity"]), (["--max-pixels", "0"], ["max-pixels"]),
            (["--max-body-bytes", "-1"], ["max-body-bytes"]), (["--retention-seconds", "0"], ["retention-seconds"]),
            (["--grace-seconds", "-1"], ["grace-seconds"]), (["--threads", "-1"], ["threads"]),
            (["--port", "http"], ["port", "whole number"]),
        ] {
            try await expectRefusal(arguments, words, in: folder)
        }
        #expect(!FileManager.default.fileExists(atPath: folder["amalgam-data"]), "nothing is made before the settings are right")
    }

    @Test func files_ThatCannotBeUsed() async throws {
        let folder = try Folder()
        try folder.write("a file".utf8, to: "file")
        for data in ["file", "file/inside", "/proc/amalgam"] {
            try await expectRefusal(["--port", "0", "--data", data], ["data folder", data], in: folder)
        }
        try await expectRefusal(["--port", "0", "--ct-model", "none.safetensors"], ["none.safetensors", "No such file"], in: folder)
        try await expectRefusal(["--port", "0", "--ct-model", "file"], ["safetensors"], in: folder)
    }

    @Test func store_ThatIsDamagedOrTaken() async throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(atPath: folder["damaged"], withIntermediateDirectories: true)
        let damage = Data((0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try folder.write(damage, to: "damaged/jobs.sqlite")
        try await expectRefusal(["--port", "0", "--data", "damaged"], ["jobs.sqlite", "damaged", "backup"], in: folder)
        #expect(try folder.bytes("damaged/jobs.sqlite") == damage, "it may still be rescued")
        try await RunningService.during(in: folder) { service in
            try await expectRefusal(["--port", "0", "--data", "data"], ["in use"], in: folder)
            let port = try #require(service.address.split(separator: ":").last)
            try await expectRefusal(["--port", "\(port)", "--data", "another"], ["\(port)", "Address already in use"], in: folder)
            #expect(try await service.get("/healthz").status == 200)
        }
    }
}
