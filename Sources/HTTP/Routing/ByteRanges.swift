/// The Range field of a request (RFC 9110 §14.1.1, §14.2): `bytes=0-99, 200-, -50`.
struct ByteRanges: Equatable {
    enum Spec: Equatable {
        case from(Int, through: Int?)
        case last(Int)
    }

    /// More ranges than a sane client needs cost more than they save (RFC 9110 §17.15).
    static let limit = 16

    let specs: [Spec]

    /// nil for another unit and for what breaks the grammar: such a Range is ignored (RFC 9110 §14.2).
    init?(_ field: String) {
        let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "bytes" else { return nil }
        var specs: [Spec] = []
        for text in parts[1].split(separator: ",") {
            let text = text.trimmingOptionalWhitespace()
            if text.isEmpty { continue }
            guard specs.count < Self.limit, let spec = Self.spec(text) else { return nil }
            specs.append(spec)
        }
        guard !specs.isEmpty else { return nil }
        self.specs = specs
    }

    private static func spec(_ text: String) -> Spec? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2 else { return nil }
        if ends[0].isEmpty { return number(ends[1]).map(Spec.last) }
        guard let first = number(ends[0]) else { return nil }
        if ends[1].isEmpty { return .from(first, through: nil) }
        guard let last = number(ends[1]), last >= first else { return nil }
        return .from(first, through: last)
    }

    /// 1*DIGIT; past `Int` it stands at the maximum, behind any content.
    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy(Grammar.isDigit) else { return nil }
        return Int(text) ?? .max
    }

    /// Where the ranges lie in content of this length, in the order asked for; those that begin behind it are dropped (RFC 9110 §14.1.2).
    func resolved(length: Int) -> [Range<Int>] {
        specs.compactMap { spec in
            switch spec {
            case .from(let first, let last):
                guard first < length else { return nil }
                return first..<min(length, (last ?? length - 1) == .max ? length : (last ?? length - 1) + 1)
            case .last(let count): return count == 0 || length == 0 ? nil : max(0, length - count)..<length
            }
        }
    }
}

extension Response {
    /// This response cut to the ranges that the request asks for: 206 for one or, as multipart/byteranges, several; 416 where none lies
    /// within the content (RFC 9110 §15.3.7, §15.5.17). Only content that is whole in memory has ranges.
    ///
    /// - Parameter applicable: whether If-Range allows it.
    func inRanges(of request: Request, applicable: Bool) -> Response {
        guard status == .ok, case .bytes(let bytes) = body else { return self }
        var response = self
        response.headers["Accept-Ranges"] = "bytes"
        // RFC 9110 §14.2: Range is defined for GET alone; HEAD describes the whole.
        guard applicable, request.method == .get, let field = request.headers["Range"], let asked = ByteRanges(field) else {
            return response
        }
        let ranges = asked.resolved(length: bytes.count)
        guard !ranges.isEmpty else {
            return Problem(
                .rangeNotSatisfiable, detail: "The content has \(bytes.count) bytes (RFC 9110 §15.5.17).",
                headers: ["Content-Range": "bytes */\(bytes.count)"]
            ).response
        }
        // RFC 9110 §14.2: overlapping ranges may be ignored; they are an attack or a mistake (§17.15).
        let sorted = ranges.sorted { $0.lowerBound < $1.lowerBound }
        guard zip(sorted, sorted.dropFirst()).allSatisfy({ $0.upperBound <= $1.lowerBound }) else { return response }
        response.status = .partialContent
        if ranges.count == 1 {
            response.headers["Content-Range"] = Self.contentRange(ranges[0], of: bytes.count)
            response.body = .bytes(Array(bytes[ranges[0]]))
        } else {
            response.cut(bytes, to: ranges)
        }
        return response
    }

    /// multipart/byteranges (RFC 9110 §14.6).
    private mutating func cut(_ bytes: [UInt8], to ranges: [Range<Int>]) {
        // Random, so that no content can hold it by intent (RFC 2046 §5.1.1).
        let boundary = "amalgam-" + String(UInt64.random(in: 0 ... .max), radix: 16) + String(UInt64.random(in: 0 ... .max), radix: 16)
        let type = headers["Content-Type"]
        var content: [UInt8] = []
        content.reserveCapacity(ranges.reduce(0) { $0 + $1.count + 200 })
        for range in ranges {
            content.append("--\(boundary)\r\n")
            if let type { content.append("Content-Type: \(type)\r\n") }
            content.append("Content-Range: \(Self.contentRange(range, of: bytes.count))\r\n\r\n")
            content += bytes[range]
            content.append("\r\n")
        }
        content.append("--\(boundary)--\r\n")
        headers["Content-Type"] = "multipart/byteranges; boundary=\(boundary)"
        body = .bytes(content)
    }

    private static func contentRange(_ range: Range<Int>, of length: Int) -> String {
        "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)"
    }
}
