import Foundation
import HTTP

/// JSON as this service writes it: on one line, with sorted keys.
enum JSON {
    /// Complexity: O(bytes).
    static func bytes(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }
}

extension Response {
    /// An answer in JSON that no cache keeps.
    static func encoding(_ value: some Encodable, status: Status = .ok) throws -> Response {
        .encoded(try JSON.bytes(value), status: status)
    }

    /// An answer of JSON that is encoded already.
    static func encoded(_ json: [UInt8], status: Status = .ok) -> Response {
        var response = Response.json(json + Array("\n".utf8), status: status)
        response.headers.append("Cache-Control", "no-store")
        return response
    }
}

extension Date {
    /// RFC 3339 in UTC with milliseconds.
    var timestamp: String {
        formatted(.iso8601.year().month().day().timeZone(separator: .omitted).time(includingFractionalSeconds: true))
    }
}
