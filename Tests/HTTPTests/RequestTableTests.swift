import Testing

@testable import HTTP

@Suite struct RequestTableTests {
    private static let probe = "GET /items/7 HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func everyRow_GetsItsStatus_AndThenClosesOrPersists() async throws {
        #expect(requestRows.count >= 850)
        for atOnce in [false, true] {
            try await withServer(router: makeRouter(atOnce: atOnce)) { address, _ in
                for row in requestRows { try await check(row, address) }
            }
        }
    }

    private func check(_ row: RequestRow, _ address: BoundAddress) async throws {
        do {
            try await onThread {
                let client = try RawClient(address)
                client.send(row.request)
                let reply = try client.reply(to: row.method)
                #expect(reply.status == row.status, "\(row)")
                #expect(reply.headers["date"]?.hasSuffix(" GMT") == true, "\(row)")
                #expect(reply.headers["x-request-id"]?.isEmpty == false, "\(row)")
                #expect((reply.headers["connection"] == "close") == !row.isOpen, "\(row)")
                if reply.status >= 400 && row.method != "HEAD" {
                    #expect(reply.headers["content-type"] == "application/problem+json", "\(row)")
                }
                if row.isOpen {
                    client.send(Self.probe)
                    #expect(try client.reply().text == "7", "\(row)")
                } else {
                    #expect(client.isClosed(), "\(row)")
                }
            }
        } catch { Issue.record("\(row): \(error)") }
    }

    @Test func everyRow_GivesTheSame_SplitAtEveryByte() async throws {
        try await onThread {
            for row in requestRows {
                let bytes = Array(row.request.utf8)
                let whole = ParserOutcome(pieces: [bytes[...]])
                // Long rows differ in their filling alone: beyond the first 200 and last 50 bytes every 97th position will do.
                for position in 0...bytes.count where position < 200 || position > bytes.count - 50 || position % 97 == 0 {
                    let split = ParserOutcome(pieces: [bytes[..<position], bytes[position...]])
                    #expect(split == whole, "\(row) at \(position)")
                }
                if bytes.count < 2000 {
                    #expect(ParserOutcome(pieces: bytes.indices.map { bytes[$0...$0] }) == whole, "\(row) byte by byte")
                }
            }
        }
    }

    @Test func seededMutations_NeverCrash_AndNeverDependOnTheSplit() async throws {
        try await onThread {
            var generator = SeededGenerator(seed: 20_260_401)
            let end = ContinuousClock.now + .seconds(2)
            let seeds = requestRows.map { Array($0.request.utf8) }.filter { $0.count < 2000 }
            let salt = Array("\r\n\0 \t:;,=\"%/?#[]0fF-+".utf8)
            var count = 0
            while count < 20_000 && ContinuousClock.now < end {
                var bytes = seeds.randomElement(using: &generator)!
                for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
                    let index = Int.random(in: 0..<bytes.count, using: &generator)
                    switch Int.random(in: 0..<5, using: &generator) {
                    case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                    case 1: bytes.insert(salt.randomElement(using: &generator)!, at: index)
                    case 2: bytes.remove(at: index)
                    case 3: bytes.replaceSubrange(index..., with: seeds.randomElement(using: &generator)!)
                    default: bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + 9)], at: index)
                    }
                }
                let cut = Int.random(in: 0...bytes.count, using: &generator)
                let whole = ParserOutcome(pieces: [bytes[...]])
                #expect(ParserOutcome(pieces: [bytes[..<cut], bytes[cut...]]) == whole, "\(bytes)")
                count += 1
            }
            #expect(count > 50)
        }
    }
}
