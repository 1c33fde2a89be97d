import Testing

@testable import HTTP

/// Byte ranges and preconditions (RFC 9110 §13, §14).
@Suite struct RangeTests {
    private static let content = Array("0123456789".utf8)
    private static let modified = 784_111_777

    private static func answer(_ headers: HeaderFields, _ method: Method = .get) throws -> Response {
        Response.bytes(content, type: "image/png")
            .conditional(on: try Request(method, "/", headers: headers), tag: EntityTag("a"), lastModified: modified)
    }

    private static func text(_ response: Response) -> String {
        if case .bytes(let bytes) = response.body { String(decoding: bytes, as: UTF8.self) } else { "" }
    }

    /// Range, status, Content-Range, content; nil where several come.
    private static let rows: [(String, Int, String?, String?)] = [
        ("bytes=0-3", 206, "bytes 0-3/10", "0123"), ("bytes=3-3", 206, "bytes 3-3/10", "3"), ("bytes=7-", 206, "bytes 7-9/10", "789"),
        ("bytes=-4", 206, "bytes 6-9/10", "6789"), ("bytes=-40", 206, "bytes 0-9/10", "0123456789"),
        ("bytes=8-99999999999999999999", 206, "bytes 8-9/10", "89"), ("BYTES=0-0", 206, "bytes 0-0/10", "0"),
        ("bytes= 1-2 ,", 206, "bytes 1-2/10", "12"), ("bytes=1-2,50-60", 206, "bytes 1-2/10", "12"),
        ("bytes=10-", 416, "bytes */10", nil), ("bytes=-0", 416, "bytes */10", nil), ("bytes=99-100", 416, "bytes */10", nil),
        ("bytes=4-3", 200, nil, "0123456789"), ("bytes=", 200, nil, "0123456789"), ("bytes=a-b", 200, nil, "0123456789"),
        ("bytes=--1", 200, nil, "0123456789"), ("bytes=+1-2", 200, nil, "0123456789"), ("lines=0-1", 200, nil, "0123456789"),
        ("bytes 0-1", 200, nil, "0123456789"), ("bytes=0-4,3-6", 200, nil, "0123456789"), ("bytes=0-,-5", 200, nil, "0123456789"),
        ("bytes=" + (0..<17).map { "\($0)-\($0)" }.joined(separator: ","), 200, nil, "0123456789"),
        ("bytes=0-1,8-9", 206, nil, nil), ("bytes=8-9,0-1", 206, nil, nil),
    ]

    @Test(arguments: rows)
    func range_IsServed(_ range: String, _ status: Int, _ contentRange: String?, _ content: String?) throws {
        let response = try Self.answer(["Range": range])
        #expect(response.status.rawValue == status && response.headers["Content-Range"] == contentRange)
        if let content { #expect(Self.text(response) == content) }
        if status == 200 { #expect(response.headers["Accept-Ranges"] == "bytes" && response.headers["Content-Type"] == "image/png") }
    }

    @Test func severalRanges_ComeAsMultipart_InTheOrderAskedFor() throws {
        let response = try Self.answer(["Range": "bytes=8-9, 0-1"])
        let type = try #require(response.headers["Content-Type"].flatMap(MediaType.init))
        let boundary = try #require(type.parameters["boundary"])
        #expect(type.description == "multipart/byteranges")
        let parts = [("8-9", "89"), ("0-1", "01")]
        let expected = parts.map { "--\(boundary)\r\nContent-Type: image/png\r\nContent-Range: bytes \($0)/10\r\n\r\n\($1)\r\n" }.joined()
        #expect(Self.text(response) == expected + "--\(boundary)--\r\n")
    }

    private static let date = "Sun, 06 Nov 1994 08:49:37 GMT"
    private static let before = "Sun, 06 Nov 1994 08:49:36 GMT"

    /// Fields, method, status (RFC 9110 §13.2.2).
    private static let preconditions: [(HeaderFields, Method, Int)] = [
        (["Range": "bytes=0-1", "If-Range": "\"a\""], .get, 206), (["Range": "bytes=0-1", "If-Range": "\"b\""], .get, 200),
        (["Range": "bytes=0-1", "If-Range": "W/\"a\""], .get, 200), (["Range": "bytes=0-1", "If-Range": date], .get, 206),
        (["Range": "bytes=0-1", "If-Range": before], .get, 200), (["Range": "bytes=0-1", "If-Range": "x"], .get, 200),
        (["Range": "bytes=50-", "If-Range": "\"b\""], .get, 200), (["Range": "bytes=0-1"], .head, 200),
        (["Range": "bytes=0-1", "If-None-Match": "\"a\""], .get, 304), (["Range": "bytes=0-1", "If-None-Match": "\"b\""], .get, 206),
        (["If-Match": "\"a\""], .get, 200), (["If-Match": "*"], .get, 200), (["If-Match": "W/\"a\""], .get, 412),
        (["If-Match": "\"b\", \"c\""], .get, 412), (["If-Match": "\"b\""], .delete, 412), (["If-Match": "a"], .get, 412),
        (["If-Unmodified-Since": date], .get, 200), (["If-Unmodified-Since": before], .get, 412),
        (["If-Unmodified-Since": before, "If-Match": "\"a\""], .get, 200), (["If-Unmodified-Since": "soon"], .get, 200),
        (["If-Modified-Since": date], .get, 304), (["If-Modified-Since": before], .get, 200), (["If-Modified-Since": date], .post, 200),
        (["If-Modified-Since": date, "If-None-Match": "\"b\""], .get, 200), (["If-None-Match": "*"], .head, 304),
    ]

    @Test(arguments: preconditions)
    func preconditions_AreJudgedInOrder(_ fields: HeaderFields, _ method: Method, _ status: Int) throws {
        let response = try Self.answer(fields, method)
        #expect(response.status.rawValue == status, "\(method) \(fields.all)")
        if status == 200 || status == 304 {
            #expect(response.headers["ETag"] == "\"a\"" && response.headers["Last-Modified"] == Self.date)
        }
    }
}
