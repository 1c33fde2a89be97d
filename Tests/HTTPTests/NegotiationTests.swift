import CZlib
import Testing

@testable import HTTP

/// Accept and Accept-Encoding (RFC 9110 §12).
@Suite struct NegotiationTests {
    private static let accepts: [(String?, String?)] = [
        (nil, "application/json"), ("*/*", "application/json"), ("text/html", "text/html"), ("text/*", "text/html"),
        ("application/json;q=0.5, text/html", "text/html"), ("application/json;q=0.5, text/html;q=0.5", "application/json"),
        ("text/html;q=0.1, */*;q=0.2", "application/json"), ("*/*;q=0.9, application/json;q=0", "text/html"),
        ("APPLICATION/JSON", "application/json"), ("image/png", nil), ("*/*;q=0", nil), ("application/json;q=0.000", nil),
        ("", "application/json"),
        ("text/html;q=2, application/json;q=0.1", "application/json"), ("text/html;q=1.001", "application/json"),
        ("text/html; level=1; q=0.7, application/json;q=0.65", "text/html"), ("text/html;q=0.1234, text/html;q=0.2", "text/html"),
    ]

    @Test(arguments: accepts)
    func accept_Chooses(_ field: String?, _ type: String?) throws {
        let request = try Request(.get, "/", headers: field.map { ["Accept": $0] } ?? [:])
        do {
            let chosen = try request.negotiate(["application/json", "text/html"])
            #expect(chosen == type)
        } catch let problem as Problem { #expect(type == nil && problem.status == .notAcceptable) }
    }

    private static let encodings: [(String?, Bool)] = [
        (nil, false), ("", false), ("gzip", true), ("GZIP", true), ("x-gzip", true), ("deflate, gzip;q=0.5", true), ("gzip;q=0", false),
        ("*", true), ("*;q=0", false), ("gzip;q=0, *", false), ("identity", false), ("identity, gzip;q=0.5", false),
        ("gzip, identity;q=0.5", true), ("br", false), ("gzip;q=x", false), ("gzip;q=0.001", true),
    ]

    @Test(arguments: encodings)
    func acceptEncoding_Chooses(_ field: String?, _ compresses: Bool) async throws {
        let text = String(repeating: "{\"state\":\"running\"}\n", count: 200)
        var router = Router()
        router.use(compression())
        router.get("/") { Response.json(Array(text.utf8)).conditional(on: $0, tag: EntityTag("a")) }
        for method in [Method.get, .head] {
            let request = try Request(method, "/", headers: field.map { ["Accept-Encoding": $0] } ?? [:])
            let response = await router.respond(to: request)
            #expect(response.headers["Vary"] == "Accept-Encoding")
            #expect(response.headers["Content-Encoding"] == (compresses ? "gzip" : nil))
            #expect(response.headers["ETag"] == (compresses ? "W/\"a\"" : "\"a\""))
            guard case .bytes(let bytes) = response.body else { throw Problem(500) }
            #expect(compresses ? Self.inflated(bytes) == Array(text.utf8) : bytes == Array(text.utf8))
        }
    }

    @Test func picturesStreamsRangesAndTinyContent_StayPlain() async throws {
        var router = Router()
        router.use(compression())
        let zeros = [UInt8](repeating: 48, count: 4000)
        router.get("/png") { _ in .bytes(zeros, type: "image/png") }
        router.get("/tiny") { _ in .text("0000") }
        router.get("/stream") { _ in
            Response(headers: ["Content-Type": "text/plain"], body: .stream { try await $0.write(zeros) })
        }
        router.get("/range") { Response.bytes(zeros, type: "text/plain").conditional(on: $0, tag: EntityTag("a")) }
        for path in ["/png", "/tiny", "/stream", "/range"] {
            let request = try Request(.get, path, headers: ["Accept-Encoding": "gzip", "Range": "bytes=0-2000"])
            let response = await router.respond(to: request)
            #expect(!response.headers.contains("Content-Encoding"), "\(path)")
            #expect(response.status == (path == "/range" ? .partialContent : .ok))
        }
    }

    private static func inflated(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var (input, output) = (bytes, [UInt8](repeating: 0, count: 1 << 16))
        let result = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                (stream.next_in, stream.avail_in) = (source.baseAddress, UInt32(source.count))
                (stream.next_out, stream.avail_out) = (target.baseAddress, UInt32(target.count))
                return inflate(&stream, Z_FINISH)
            }
        }
        return result == Z_STREAM_END ? Array(output.prefix(Int(stream.total_out))) : nil
    }
}
