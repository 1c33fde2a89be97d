import Foundation
import Testing

/// `amalgam bench`: its report, and comparisons of two.
@Suite struct BenchTests {
    private let quick = ["--size", "16", "--runs", "1", "--threads", "1"]

    @Test func json_HoldsWhatWasMeasured() async throws {
        let folder = try Folder()
        let outcome = try await Program(Program.url, ["bench", "networks", "fusion", "--json"] + quick, in: folder).outcome()
        let report = try JSON(Data(outcome.output.utf8))
        #expect(report["size"].number == 16 && report["threads"].number == 1)
        #expect(report["peak"].number.map { $0 > 1e9 } == true)
        let names = ["condition", "noise network", "refinement network", "step", "whole fusion", "whole fusion, no guidance"]
        let timings = report["timings"].list
        #expect(timings.map { $0["name"].text } == names)
        let operations = timings.dropFirst().compactMap { $0["operations"].number }
        #expect(operations.count == 3 && operations[0] + operations[1] == operations[2])
    }

    @Test func against_APresentOrSavedBuild_GivesRatios() async throws {
        let folder = try Folder()
        let saved = """
            {"threads": 1, "size": 16, "peak": 1e11, "timings": [
                {"name": "step", "seconds": 1000, "processorSeconds": 1, "operations": 1},
                {"name": "of another version", "seconds": 1, "processorSeconds": 1}
            ]}
            """
        let file = try folder.write(saved.utf8, to: "saved.json")
        for other in [file, Program.url.path] {
            let arguments = ["bench", "networks", "--against", other, "--rounds", "1"] + quick
            let lines = try await Program(Program.url, arguments, in: folder).outcome().output.split(separator: "\n")
            #expect(lines.first?.contains("ratio") == true && lines.count == (other == file ? 2 : 5), "\(lines)")
            let step = try #require(lines.first { $0.hasPrefix("step") })
            let ratio = try #require(step.split(separator: " ").last.flatMap { Double($0) })
            #expect(ratio > (other == file ? 1000 : 0))
        }
    }

    @Test func whatCannotBeCompared_IsNamed() async throws {
        let folder = try Folder()
        try folder.write("{}".utf8, to: "other.json")
        for (other, words) in [("none", "none, cannot be read"), ("other.json", "other.json gives no report")] {
            let outcome = try await Program(Program.url, ["bench", "--against", other] + quick, in: folder).outcome()
            #expect(!outcome.hasSucceeded && outcome.error.contains(words), "\(outcome.error)")
        }
    }
}
