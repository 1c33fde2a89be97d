import Glibc
import Testing

@testable import HTTP

@Suite struct TimeoutTests {
    private static func configure(_ configuration: inout HTTPServer.Configuration) {
        configuration.timeouts.header = .milliseconds(150)
        configuration.timeouts.idle = .milliseconds(1500)
        configuration.timeouts.body = .milliseconds(600)
        configuration.timeouts.bodyBytesPerSecond = 1000
        configuration.timeouts.write = .milliseconds(300)
        configuration.timeouts.linger = .milliseconds(200)
    }

    @Test func silentConnection_IsClosedWithoutAWord() async throws {
        try await withServer(Self.configure) { address, _ in
            try await onThread {
                let client = try RawClient(address)
                #expect(try client.takeAll().isEmpty)
            }
        }
    }

    @Test func stalledAndDrippingHeaders_Get408() async throws {
        try await withServer(Self.configure) { address, _ in
            try await onThread {
                let client = try RawClient(address)
                client.send("GET / HTTP/1.1\r\nHost")
                #expect(try client.reply().status == 408)
                #expect(client.isClosed())

                let dripping = try RawClient(address)
                dripping.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
                for _ in 0..<20 {
                    dripping.send("x")
                    usleep(20_000)
                }
                #expect(try dripping.reply().status == 408)
            }
        }
    }

    @Test(arguments: [false, true])
    func headerBehindAnotherRequest_HasNoMoreTime(_ atOnce: Bool) async throws {
        try await withServer(Self.configure, router: makeRouter(atOnce: atOnce)) { address, _ in
            try await onThread {
                let client = try RawClient(address)
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHo")
                #expect(try client.reply().status == 200)
                #expect(try client.reply().status == 408)
                #expect(client.isClosed())
            }
        }
    }

    /// RFC 9112 §2.2: the empty line before a request is ignored, be it in two pieces, and does not end the connection's time.
    @Test func emptyLineInPieces_IsNoRequest() async throws {
        try await withServer(Self.configure) { address, _ in
            try await onThread {
                let client = try RawClient(address)
                for piece in ["\r", "\n"] {
                    client.send(piece)
                    usleep(30_000)
                }
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.reply().status == 200)
            }
        }
    }

    @Test func idleConnection_IsClosed_AfterAnAnswer() async throws {
        try await withServer(Self.configure) { address, _ in
            try await onThread {
                let client = try RawClient(address)
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.reply().status == 200)
                usleep(200_000)
                // Past the header's time, within the idle time.
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.reply().status == 200)
                #expect(try client.takeAll().isEmpty)
            }
        }
    }

    @Test func stalledAndDrippingBodies_Get408_AndSteadyOnesDoNot() async throws {
        try await withServer(Self.configure) { address, _ in
            try await onThread {
                let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
                let stalled = try RawClient(address)
                stalled.send(head + "abc")
                #expect(try stalled.reply().status == 408)
                #expect(stalled.isClosed())

                let dripping = try RawClient(address)
                dripping.send(head)
                for _ in 0..<20 {
                    dripping.send("x")
                    usleep(20_000)
                }
                #expect(try dripping.reply().status == 408)

                let steady = try RawClient(address)
                steady.send(head)
                for _ in 0..<20 {
                    steady.send(String(repeating: "x", count: 50))
                    usleep(20_000)
                }
                #expect(try steady.reply().status == 200)
            }
        }
    }

    /// Longer than a connection may be idle, and much longer than a header may take.
    @Test func steadyReader_GetsItsAnswersWhole_HoweverLongItTakes() async throws {
        try await withServer(Self.configure) { address, _ in
            for next in ["", "GET /items/5 HTTP/1.1\r\nHost: a\r\n\r\n"] {
                try await onThread {
                    let client = try RawClient(address, receiveBuffer: 1 << 16)
                    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n" + next)
                    #expect(try client.take(through: [13, 10, 13, 10]).starts(with: "HTTP/1.1 200".utf8))
                    for _ in 0..<128 {
                        _ = try client.take(1 << 16)
                        usleep(15_000)
                    }
                    if !next.isEmpty { #expect(try client.reply().text == "5") }
                }
            }
        }
    }

    @Test func readerThatTakesNothing_IsCut() async throws {
        try await withServer(Self.configure) { address, server in
            let client = try await onThread { () -> Held in
                let client = try RawClient(address, receiveBuffer: 4096)
                client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
                return Held(client)
            }
            let end = ContinuousClock.now + .seconds(3)
            try await Task.sleep(for: .milliseconds(100))
            while server.openConnections > 0, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(20)) }
            #expect(server.openConnections == 0)
            client.release()
        }
    }
}
