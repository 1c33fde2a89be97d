import Foundation
import Testing

@testable import HTTP

/// The server as curl sees it.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/curl"))) struct CurlTests {
    private static func curl(_ arguments: [String], input: Data = Data()) async throws -> String {
        try await onThread {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
            process.arguments = ["-sS", "--max-time", "10", "--noproxy", "*"] + arguments
            let (stdin, stdout) = (Pipe(), Pipe())
            (process.standardInput, process.standardOutput, process.standardError) = (stdin, stdout, stdout)
            try process.run()
            try? stdin.fileHandleForWriting.write(contentsOf: input)
            try stdin.fileHandleForWriting.close()
            let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return String(decoding: output, as: UTF8.self)
        }
    }

    private static func expect(_ arguments: [String], _ expected: String) async throws {
        let output = try await curl(arguments)
        #expect(output == expected)
    }

    @Test func upload_OfTwoFiles() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "amalgam-\(UUID().uuidString)")
        try Data(repeating: 13, count: 60_000).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await withServer { address, _ in
            let form = ["-F", "mri=@\(file.path)", "-F", "ct=@\(file.path);type=image/png", "-F", "seed=7", "http://\(address)/form"]
            try await Self.expect(form, "mri=60000,ct=60000,seed=1")
            try await Self.expect(["-H", "Transfer-Encoding: chunked"] + form, "mri=60000,ct=60000,seed=1")
            try await Self.expect(["-H", "Expect: 100-continue"] + form, "mri=60000,ct=60000,seed=1")
            try await Self.expect(["--http1.0"] + form, "mri=60000,ct=60000,seed=1")
        }
    }

    @Test func keepAlive_ReusesOneConnection() async throws {
        try await withServer { address, _ in
            let urls = (0..<3).map { "http://\(address)/items/\($0)" }
            try await Self.expect(["-w", " %{num_connects} "] + urls, "0 1 1 0 2 0 ")
        }
    }

    @Test func chunkedUpload_FromAPipe() async throws {
        try await withServer { address, _ in
            let input = Data(String(repeating: "0123456789", count: 30_000).utf8)
            let output = try await Self.curl(["-T", "-", "-X", "POST", "http://\(address)/echo"], input: input)
            #expect(output == String(decoding: input, as: UTF8.self))
        }
    }

    @Test func head_AndConditionalGet() async throws {
        try await withServer { address, _ in
            let head = try await Self.curl(["-I", "http://\(address)/"])
            #expect(head.contains("Content-Length: 6\r\n"))
            let status = ["-o", "/dev/null", "-w", "%{http_code}"]
            try await Self.expect(status + ["-H", "If-None-Match: \"v1\"", "http://\(address)/tagged"], "304")
            try await Self.expect(status + ["-H", "If-None-Match: \"v2\"", "http://\(address)/tagged"], "200")
        }
    }

    @Test func tooLarge_IsRefusedBeforeItIsSent() async throws {
        try await withServer({ $0.limits.bodyBytes = 1000 }) { address, _ in
            let format = "%{http_code} %{size_upload}"
            let output = try await Self.curl(
                ["-o", "/dev/null", "-w", format, "-H", "Expect: 100-continue", "--data-binary", "@-", "http://\(address)/echo"],
                input: Data(count: 2_000_000))
            #expect(output == "413 0")
        }
    }
}
