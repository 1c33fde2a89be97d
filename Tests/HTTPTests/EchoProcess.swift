import Foundation
import Glibc
import Testing

@testable import HTTP

/// The echo server as a process of its own.
final class EchoProcess {
    let address: BoundAddress
    private let process = Process()

    /// - Parameter fileLimit: how many descriptors it may have (`ulimit -n`).
    init(_ options: [String] = [], fileLimit: Int? = nil) throws {
        let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let server = folder.appending(path: "echo-server").path
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", (fileLimit.map { "ulimit -n \($0); " } ?? "") + "exec \"$0\" \"$@\"", server] + options
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = line.split(separator: ":").last.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        address = BoundAddress(host: "127.0.0.1", port: try #require(port, "the echo server did not start: \(line)"))
    }

    /// Waits for the end: until then Foundation holds the process, which the leak sanitizer would report.
    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    /// Sends SIGTERM.
    func terminate() { process.terminate() }

    /// Stops the process and lets it go on.
    func interrupt() {
        kill(process.processIdentifier, SIGSTOP)
        kill(process.processIdentifier, SIGCONT)
    }

    /// Sends SIGTERM; returns the exit status.
    func end() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}
