import Foundation
import Testing

@testable import HTTP

/// The room as a whole program, met by other programs.
@Suite struct EchoServerTests {
    private static let get = "GET /v1/jobs/7 HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func outOfDescriptors_ServesOn_AndAcceptsLater() async throws {
        try await onThread {
            let server = try EchoProcess(fileLimit: 48)
            // The kernel completes them all; the server has descriptors for some.
            var clients = try (0..<70).map { _ in try RawClient(server.address, timeout: 10) }
            for client in clients { client.send(Self.get) }
            for _ in 0..<3 {
                for client in clients.prefix(20) {
                    #expect(try client.reply().status == 200)
                    client.send(Self.get)
                }
            }
            #expect(clients[69].hasNothing)
            clients.removeFirst(50)
            for client in clients { #expect(try client.reply().status == 200) }
            #expect(server.end() == 0)
        }
    }

    @Test func termination_EndsWithZero_WhatEverIsOpen() async throws {
        try await onThread {
            let server = try EchoProcess()
            let idle = try RawClient(server.address, timeout: 10)
            idle.send(Self.get)
            #expect(try idle.reply().status == 200)
            let begun = try RawClient(server.address, timeout: 10)
            begun.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
            usleep(100_000)
            server.terminate()
            #expect(idle.isClosed())
            begun.send("cd")
            let reply = try begun.reply()
            #expect(reply.text == "abcd" && reply.headers["connection"] == "close")
            #expect(begun.isClosed())
            #expect(server.end() == 0)
        }
    }

    @Test func anyMethod_OnAnyPath_EchoesItsBody() async throws {
        try await onThread {
            let server = try EchoProcess()
            let client = try RawClient(server.address, timeout: 10)
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                client.send("\(method) /some/where HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
                #expect(try client.reply().text == "abc", "\(method)")
            }
            client.send("GET /echo HTTP/1.1\r\nHost: a\r\nX-B: c\r\n\r\nGET /cookie HTTP/1.1\r\nHost: a\r\nCookie: d=e; f=\"g\"\r\n\r\n")
            #expect(try client.reply().text == "Host: a\nX-B: c\n")
            #expect(try client.reply().text == "d=e\nf=\"g\"\n")
        }
    }

    private static func run(_ script: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["python3", URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Clients/" + script] + arguments
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    private static let hasPython = (try? run("real-clients.py", ["--help"]).output.contains("ValueError")) ?? false

    @Test(.enabled(if: hasPython)) func python_IsServed() async throws {
        try await onThread {
            let server = try EchoProcess()
            let (status, output) = try Self.run("real-clients.py", ["\(server.address.port)"])
            #expect(status == 0, "\(output)")
        }
    }

    @Test(.enabled(if: hasPython)) func probe_FindsNothingToFail() async throws {
        try await onThread {
            let server = try EchoProcess()
            let (status, output) = try Self.run("probe.py", ["\(server.address.port)"])
            #expect(status == 0, "\(output)")
        }
    }

    /// A process that goes on after a stop finds its system calls interrupted (EINTR).
    @Test func interruptedCalls_AreCalledAgain() async throws {
        try await onThread {
            let server = try EchoProcess()
            let client = try RawClient(server.address, timeout: 10)
            for _ in 0..<50 {
                server.interrupt()
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
                server.interrupt()
                client.send("def")
                #expect(try client.reply().text == "abcdef")
            }
            #expect(server.end() == 0)
        }
    }

    @Test(.enabled(if: hasPython), arguments: ["header", "body", "read"])
    func slowClients_LeaveOthersServed(_ mode: String) async throws {
        try await onThread {
            let server = try EchoProcess(["header-ms=600", "body-ms=600", "write-ms=600"])
            let (status, output) = try Self.run("slow-clients.py", ["\(server.address.port)", mode, "200", "1.5"])
            #expect(status == 0, "\(output)")
        }
    }
}
