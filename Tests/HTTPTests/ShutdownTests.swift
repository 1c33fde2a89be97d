import Testing

@testable import HTTP

@Suite struct ShutdownTests {
    private static func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n" }

    @Test func shutdown_ClosesIdle_FinishesInFlight_AndAcceptsNoMore() async throws {
        let server = HTTPServer(router: makeRouter())
        let address = try server.start()
        async let idle: Void = onThread {
            let client = try RawClient(address)
            client.send(Self.get("/"))
            #expect(try client.reply().status == 200)
            #expect(client.isClosed())
        }
        async let busy: Void = onThread {
            let client = try RawClient(address)
            client.send(Self.get("/sleep?ms=2000"))
            let reply = try client.reply()
            #expect(reply.text == "slept" && reply.headers["connection"] == "close")
            #expect(client.isClosed())
        }
        while server.openConnections < 2 { try await Task.sleep(for: .milliseconds(5)) }
        try await Task.sleep(for: .milliseconds(100))
        let start = ContinuousClock.now
        await server.shutdown(grace: .seconds(60))
        let elapsed = ContinuousClock.now - start
        _ = try await (idle, busy)
        // The request in flight says by its Connection: close that the shutdown waited for it.
        #expect(elapsed < .seconds(30))
        #expect(server.openConnections == 0)
        await #expect(throws: RawClient.Failure.self) { try await onThread { _ = try RawClient(address) } }
    }

    @Test func shutdown_CutsWhatOutlastsTheGrace() async throws {
        let server = HTTPServer(router: makeRouter())
        let address = try server.start()
        async let busy: Void = onThread {
            let client = try RawClient(address)
            client.send(Self.get("/sleep?ms=60000"))
            #expect(throws: RawClient.Failure.self) { try client.reply() }
        }
        while server.openConnections < 1 { try await Task.sleep(for: .milliseconds(5)) }
        let start = ContinuousClock.now
        await server.shutdown(grace: .milliseconds(100))
        #expect(ContinuousClock.now - start < .seconds(30))
        try await busy
    }

    @Test func handlerThatOutlivesTheServer_HearsThatNobodyListens() async throws {
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let (begun, refused) = (Counter(), Counter())
        var router = Router()
        router.get("/") { _ in
            Response(
                body: .stream { writer in
                    try await writer.write([1])
                    begun.add(1)
                    // Deaf to its own cancellation.
                    await Task.detached { for await _ in gate { return } }.value
                    do { try await writer.write([2]) } catch is CancellationError { refused.add(1) }
                })
        }
        let server = HTTPServer(router: router)
        let address = try server.start()
        let client = try await onThread { () -> Held in
            let client = try RawClient(address)
            client.send(Self.get("/"))
            return Held(client)
        }
        for _ in 0..<1000 where begun.value == 0 { try await Task.sleep(for: .milliseconds(5)) }
        await server.shutdown(grace: .zero)
        // Until the loop's thread has ended too.
        try await Task.sleep(for: .milliseconds(200))
        opener.yield()
        for _ in 0..<1000 where refused.value == 0 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(begun.value == 1 && refused.value == 1)
        client.release()
    }

    @Test func start_Fails_WhenTheAddressIsTaken() async throws {
        try await withServer { address, _ in
            let second = HTTPServer(configuration: HTTPServer.Configuration(port: address.port), router: makeRouter())
            #expect(throws: SystemError.self) { try second.start() }
        }
        #expect(throws: SystemError.self) { try HTTPServer(configuration: .init(host: "nowhere"), router: makeRouter()).start() }
    }
}
