import Foundation
import Glibc
import Synchronization
import Testing

@testable import HTTP

/// The server over real sockets, spoken to byte by byte.
@Suite struct LiveTests {
    private static func get(_ path: String, _ fields: String = "") -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n" }

    @Test func pipelinedRequests_AreAnsweredInOrder() async throws {
        try await withServer { address, _ in
            try await onThread {
                let client = try RawClient(address)
                client.send((0..<300).map { Self.get("/items/\($0)") }.joined())
                for number in 0..<300 { #expect(try client.reply().text == "\(number)") }
                client.send(
                    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n" + Self.get("/items/5"))
                #expect(try client.reply().text == "ab")
                #expect(try client.reply().text == "5")
            }
        }
    }

    @Test func pipelinedRequests_OverTheLimit_AreToBeSentAgain() async throws {
        try await withServer({ $0.limits.pipelinedRequests = 8 }) { address, _ in
            try await onThread {
                let patient = try RawClient(address)
                for number in 0..<20 {
                    patient.send(Self.get("/items/\(number)"))
                    #expect(try patient.reply().headers["connection"] == nil)
                }
                let client = try RawClient(address)
                client.send((0..<20).map { Self.get("/items/\($0)") }.joined())
                for number in 0..<8 {
                    let reply = try client.reply()
                    #expect(reply.text == "\(number)" && reply.headers["connection"] == (number == 7 ? "close" : nil))
                }
                #expect(client.isClosed())
            }
        }
    }

    @Test func hostOfTheTarget_OverridesTheField() async throws {
        var router = Router()
        router.get("/") { .text($0.headers.values("Host").joined(separator: "|")) }
        try await withServer(router: router) { address, _ in
            try await onThread {
                let client = try RawClient(address)
                client.send("GET http://b:81/ HTTP/1.1\r\nHost: a\r\n\r\n" + Self.get("/"))
                #expect(try client.reply().text == "b:81")
                #expect(try client.reply().text == "a")
            }
        }
    }

    @Test func pipelinedRequests_AreAnswered_WhenTheClientShutsItsSide() async throws {
        try await withServer { address, _ in
            try await onThread {
                let client = try RawClient(address)
                client.send(Self.get("/sleep?ms=50") + Self.get("/items/1"))
                client.finishSending()
                #expect(try client.reply().text == "slept")
                #expect(try client.reply().text == "1")
                #expect(client.isClosed())
            }
        }
    }

    @Test func incompleteRequests_AreRefused_WhenTheClientShutsItsSide() async throws {
        try await withServer { address, _ in
            for text in ["GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"] {
                try await onThread {
                    let client = try RawClient(address)
                    client.send(text)
                    client.finishSending()
                    #expect(try client.reply().status == 400)
                    #expect(client.isClosed())
                }
            }
        }
    }

    @Test func expectation_IsMetWhenTheHandlerReads() async throws {
        try await withServer { address, _ in
            try await onThread {
                let client = try RawClient(address)
                client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n")
                #expect(try client.reply().status == 100)
                client.send("abc")
                #expect(try client.reply().text == "abc")
            }
            for path in ["/ignore", "/nothing"] {
                // A final answer without 100: the body will not be read, so the connection closes (RFC 9110 §10.1.1).
                try await onThread {
                    let client = try RawClient(address)
                    client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
                    #expect(try client.reply().headers["connection"] == "close")
                    #expect(client.isClosed())
                }
            }
        }
    }

    @Test func head_HasTheLengthOfGet() async throws {
        try await withServer { address, _ in
            try await onThread {
                let client = try RawClient(address)
                client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + Self.get("/"))
                let head = try client.reply(to: "HEAD")
                let get = try client.reply()
                #expect(head.headers["content-length"] == "6" && head.headers["content-type"] == get.headers["content-type"])
            }
        }
    }

    @Test func streams_AreFramedByVersionAndLength() async throws {
        let text = (0..<5).map { "part \($0)\n" }.joined()
        try await withServer { address, _ in
            try await onThread {
                let client = try RawClient(address)
                client.send(Self.get("/stream") + Self.get("/stream?length=35"))
                let chunked = try client.reply()
                #expect(chunked.headers["transfer-encoding"] == "chunked" && chunked.text == text)
                let counted = try client.reply()
                #expect(counted.headers["content-length"] == "35" && counted.text == text)
                client.send("GET /stream HTTP/1.0\r\n\r\n")
                let closed = try client.reply()
                #expect(closed.headers["transfer-encoding"] == nil && closed.text == text)
            }
            for path in ["/stream?length=36", "/stream?length=10", "/broken"] {
                try await onThread {
                    let client = try RawClient(address)
                    client.send(Self.get(path))
                    #expect(throws: RawClient.Failure.self, "\(path)") { try client.reply() }
                }
            }
        }
    }

    @Test func handlersCannotForgeFraming() async throws {
        try await withServer { address, _ in
            try await onThread {
                let client = try RawClient(address)
                client.send(Self.get("/split"))
                let reply = try client.reply()
                #expect(reply.headers["content-length"] == "1" && reply.headers["x-b"] == nil && reply.headers["x y"] == nil)
                #expect(reply.headers["x-a"] == "1  X-B: 2")
            }
        }
    }

    @Test func requestIdentity_IsTakenWhenSane() async throws {
        try await withServer { address, _ in
            try await onThread {
                let client = try RawClient(address)
                client.send(Self.get("/", "X-Request-Id: abc-1.2_3\r\n") + Self.get("/", "X-Request-Id: a b\r\n"))
                #expect(try client.reply().headers["x-request-id"] == "abc-1.2_3")
                #expect(try client.reply().headers["x-request-id"] != "a b")
            }
        }
    }

    @Test func failures_KeepTheirContentToThemselves() async throws {
        try await withServer { address, _ in
            try await onThread {
                let client = try RawClient(address)
                client.send(Self.get("/fails"))
                let reply = try client.reply()
                #expect(reply.status == 500 && !reply.text.contains("secret"))
            }
        }
    }

    @Test func slowReader_CostsABoundedBuffer() async throws {
        let count = Counter()
        var router = Router()
        router.get("/endless") { _ in
            Response(
                body: .stream { writer in
                    while true {
                        try await writer.write([UInt8](repeating: 0, count: 1 << 16))
                        count.add(1 << 16)
                    }
                })
        }
        try await withServer(router: router) { address, _ in
            let client = try await onThread { () -> Held in
                let client = try RawClient(address, receiveBuffer: 4096)
                client.send(Self.get("/endless"))
                return Held(client)
            }
            // The socket's own buffer takes a few megabytes; then the writer waits.
            var (before, now) = (-1, count.value)
            let end = ContinuousClock.now + .seconds(10)
            while now != before, now < 16 << 20, ContinuousClock.now < end {
                try await Task.sleep(for: .milliseconds(300))
                (before, now) = (now, count.value)
            }
            #expect(now == before && now < 16 << 20)
            client.release()
        }
    }

    @Test func fastUploader_IsNotReadAhead() async throws {
        var router = Router()
        router.post("/slow") { request in
            try await Task.sleep(for: .milliseconds(400))
            return .text("\(try await request.body.collect(upTo: 1 << 26).count)")
        }
        try await withServer(router: router) { address, _ in
            try await onThread {
                let client = try RawClient(address)
                let size = 24 << 20
                client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
                usleep(50_000)
                var sent = 0
                let block = [UInt8](repeating: 1, count: 1 << 16)
                for _ in 0..<100 {
                    let count = client.sendSome(block)
                    sent += count
                    if count == 0 { usleep(1000) }
                }
                // What the kernel holds for both ends; the server has taken nothing, its handler sleeps.
                #expect(sent < 12 << 20)
                client.send([UInt8](repeating: 1, count: size - sent))
                #expect(try client.reply().text == "\(size)")
            }
        }
    }

    @Test func largeAnswer_ArrivesWhole_AndResetsAreSurvived() async throws {
        try await withServer { address, server in
            try await onThread {
                for _ in 0..<20 {
                    let client = try RawClient(address)
                    client.send(Self.get("/large"))
                    client.reset()
                }
                let client = try RawClient(address)
                client.send(Self.get("/large"))
                #expect(try client.reply().body.count == 8 << 20)
            }
        }
    }

    @Test func connectionsOverTheLimit_Get503() async throws {
        try await withServer({ $0.limits.connections = 2 }) { address, _ in
            try await onThread {
                let held = [try RawClient(address), try RawClient(address)]
                for client in held {
                    client.send(Self.get("/"))
                    #expect(try client.reply().status == 200)
                }
                let third = try RawClient(address)
                #expect(try third.reply().status == 503)
                #expect(third.isClosed())
                withExtendedLifetime(held) {}
            }
        }
    }

    @Test func connectionsOfOneAddressOverTheLimit_Get429_UntilOneCloses() async throws {
        try await withServer({ $0.limits.connectionsPerAddress = 2 }) { address, server in
            try await onThread {
                let held = try RawClient(address)
                do {
                    let second = try RawClient(address)
                    second.send(Self.get("/"))
                    #expect(try second.reply().status == 200)
                    let third = try RawClient(address)
                    #expect(try third.reply().status == 429)
                    #expect(third.isClosed())
                }
                for _ in 0..<500 where server.openConnections > 1 { usleep(10_000) }
                let later = try RawClient(address)
                later.send(Self.get("/"))
                #expect(try later.reply().status == 200)
                withExtendedLifetime(held) {}
            }
        }
    }

    @Test func everyGetRoute_AnswersHeadWithTheSameLength_OptionsAndTheMethodsItLacks() async throws {
        let paths = [
            "/", "/items/1", "/items/new", "/query?name=a", "/large", "/stream", "/stream?length=35", "/problem", "/tagged", "/sleep",
        ]
        try await withServer { address, _ in
            for path in paths {
                try await onThread {
                    let client = try RawClient(address, timeout: 10)
                    for fields in ["", "Range: bytes=0-1\r\n", "If-None-Match: \"v1\"\r\n"] where fields.isEmpty || path == "/tagged" {
                        client.send(Self.get(path, fields))
                        let get = try client.reply()
                        client.send("HEAD \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
                        let head = try client.reply(to: "HEAD")
                        // Range is defined for GET alone (RFC 9110 §14.2).
                        let whole = fields.hasPrefix("Range") ? "6" : get.headers["content-length"]
                        #expect(head.body.isEmpty && head.headers["content-length"] == whole, "\(path)")
                        #expect(head.headers["transfer-encoding"] == get.headers["transfer-encoding"], "\(path)")
                        #expect(head.headers["content-type"] == get.headers["content-type"], "\(path)")
                    }
                    client.send("OPTIONS \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                    let options = try client.reply()
                    #expect(options.status == 204 && options.headers["allow"] == "GET, HEAD, OPTIONS", "\(path)")
                    for method in ["POST", "PUT", "PATCH", "DELETE"] {
                        client.send("\(method) \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
                        let refused = try client.reply()
                        #expect(refused.status == 405 && refused.headers["allow"] == "GET, HEAD, OPTIONS", "\(method) \(path)")
                    }
                }
            }
        }
    }

    @Test func manyConnections_AreServedAtOnce() async throws {
        try await withServer({ $0.loops = 2 }) { address, server in
            try await onThread {
                let clients = try (0..<200).map { _ in try RawClient(address) }
                for (number, client) in clients.enumerated() { client.send(Self.get("/items/\(number)")) }
                for (number, client) in clients.enumerated().reversed() { #expect(try client.reply().text == "\(number)") }
                #expect(server.openConnections == 200)
                withExtendedLifetime(clients) {}
            }
        }
    }
}

/// A counter that closures share.
final class Counter: Sendable {
    private let atomic = Atomic<Int>(0)
    func add(_ amount: Int) { atomic.add(amount, ordering: .relaxed) }
    var value: Int { atomic.load(ordering: .relaxed) }
}

/// Keeps a client open across suspensions.
final class Held: Sendable {
    private let client: Locked<RawClient?>
    init(_ client: sending RawClient) { self.client = Locked(client) }
    func release() { client.withLock { $0 = nil } }
}
