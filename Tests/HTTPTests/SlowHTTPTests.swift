import Foundation
import Glibc
import Testing

@testable import HTTP

/// slowhttptest's three attacks, each with 500 connections, beside a client that behaves.
@Suite struct SlowHTTPTests {
    private static let program = "/usr/bin/slowhttptest"
    private static let isInstalled = FileManager.default.isExecutableFile(atPath: program)

    /// Headers that never end, bodies that drip to a handler that reads them, readers that hardly read.
    private static let attacks = [
        ("/", "-H -i 1 -t GET -x 24"), ("/", "-B -i 1 -t POST -s 8192 -x 10"), ("/picture.png", "-X -w 512 -y 1024 -n 1 -z 32 -k 3"),
    ]

    @Test(.enabled(if: isInstalled), arguments: attacks)
    func attack_LeavesOthersServed(_ path: String, _ options: String) async throws {
        try await onThread {
            let server = try EchoProcess()
            let attack = Process()
            attack.executableURL = URL(fileURLWithPath: Self.program)
            attack.arguments =
                ["-c", "500", "-r", "500", "-l", "3", "-p", "3", "-u", "http://\(server.address)\(path)"]
                + options.split(separator: " ").map(String.init)
            let output = Pipe()
            (attack.standardOutput, attack.standardError) = (output, output)
            try attack.run()
            let client = try RawClient(server.address)
            var served = 0
            while attack.isRunning {
                client.send("GET /v1/jobs/7 HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.reply().status == 200)
                served += 1
                usleep(5000)
            }
            attack.waitUntilExit()
            let report = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            #expect(report.contains("YES") && !report.contains("service available:   NO") && served > 10, "\(served) served: \(report)")
            #expect(server.end() == 0)
        }
    }
}
