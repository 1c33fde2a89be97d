import Foundation
import Logging
import Synchronization
import Testing

@testable import Service

/// The log: a JSON object a line.
@Suite struct LogTests {
    @Test func line_HasTimeLevelMessage_AndMetadataByType() throws {
        let line = JSONLogHandler.line(
            time: Date(timeIntervalSince1970: 1_700_000_000.25), level: .warning, message: "Two\nlines \"quoted\"",
            metadata: [
                "job": "a/b", "count": .stringConvertible(Int64(3)), "share": .stringConvertible(0.5), "done": .stringConvertible(true),
                "list": ["a", .stringConvertible(2)], "level": "mine", "nan": .stringConvertible(Double.nan), "map": ["k": "v"],
            ])
        #expect(
            String(decoding: line, as: UTF8.self)
                == #"{"time":"2023-11-14T22:13:20.250Z","level":"warning","message":"Two\nlines \"quoted\"","count":3,"done":true,"#
                + #""job":"a/b","metadata.level":"mine","list":["a",2],"map":{"k":"v"},"nan":"nan","share":0.5}"# + "\n")
    }

    @Test func handler_MergesItsMetadata_AndKeepsItsLevel() {
        let lines = Mutex<[String]>([])
        var logger = Logger(label: "test") { _ in
            JSONLogHandler { line in lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
        }
        logger[metadataKey: "request"] = "r1"
        logger.debug("below the level")
        logger.info("hello", metadata: ["job": "j1"])
        logger.info("again", metadata: ["request": "r2"])
        let written = lines.withLock { $0 }
        #expect(written.count == 2)
        #expect(written.first?.hasSuffix(#""message":"hello","job":"j1","request":"r1"}"# + "\n") == true)
        #expect(written.last?.hasSuffix(#""message":"again","request":"r2"}"# + "\n") == true)
    }

    @Test func service_LogsRequestsAndJobs_WithTheirIds() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        try await RunningService.during(in: folder) { service in
            let answer = try await service.submit(pair, headers: ["Prefer: wait=60", "X-Request-Id: visit-17"])
            let lines = try await poll("the log's last line on the request") {
                let lines = service.logLines
                return lines.contains { $0["message"].text == "Answered" } && lines.contains { $0["message"].text == "Job ended" }
                    ? lines : nil
            }
            for line in lines {
                #expect(line["time"].text?.isEmpty == false && line["level"].text == "info" && line["message"].text?.isEmpty == false)
            }
            let accepted = try #require(lines.first { $0["message"].text == "Job accepted" })
            #expect(accepted["request"].text == "visit-17" && accepted["job"].text == answer.id, "which request made which job")
            let answered = try #require(lines.first { $0["message"].text == "Answered" })
            #expect(answered["request"].text == "visit-17" && answered["route"].text == "/v1/fusions" && answered["status"].number == 200)
            #expect(answered["milliseconds"].number.map { $0 >= 0 } == true)
            let ended = try #require(lines.first { $0["message"].text == "Job ended" })
            #expect(ended["job"].text == answer.id && ended["state"].text == "succeeded" && ended["seconds"].number != nil)
        }
    }
}
