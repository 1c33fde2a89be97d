/// Writes the head of a response: the server's own fields, then the handler's (RFC 9112 §4, §5).
struct ResponseEncoder {
    /// How the end of the content is told.
    enum Framing: Equatable {
        /// No content and no word about it: 1xx, 204 (RFC 9110 §8.6) and 304.
        case none
        case length(Int)
        case chunked
        /// To HTTP/1.0, which has no chunks: the end of the connection is the end of the content (RFC 9112 §6.3).
        case close
    }

    /// The framing of `response` in answer to a request of this version; for HEAD it describes what GET would send (RFC 9110 §9.3.2).
    static func framing(_ response: Response, version: Version) -> Framing {
        if response.status.forbidsContent { return .none }
        switch response.body {
        case .empty: return .length(0)
        case .bytes(let bytes): return .length(bytes.count)
        case .stream(let length?, _): return .length(length)
        case .stream(nil, _): return version == .http11 ? .chunked : .close
        }
    }

    static func head(
        _ response: Response, framing: Framing, version: Version, keepAlive: Bool, id: String, date: [UInt8], capacity: Int = 0
    ) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(384 + capacity)
        output.append("HTTP/1.1 ")
        output.append(decimal: response.status.rawValue)
        output.append(0x20)
        output.append(response.status.reason)
        output.append("\r\nDate: ")
        output.append(contentsOf: date)
        switch framing {
        case .none, .close: break
        case .length(let length):
            output.append("\r\nContent-Length: ")
            output.append(decimal: length)
        case .chunked: output.append("\r\nTransfer-Encoding: chunked")
        }
        // RFC 9112 §9.3, §9.6: 1.1 persists unless told otherwise, 1.0 only where told.
        if !keepAlive {
            output.append("\r\nConnection: close")
        } else if version == .http10 {
            output.append("\r\nConnection: keep-alive")
        }
        output.append("\r\nX-Request-Id: ")
        output.append(id)
        output.append("\r\n")
        response.headers.write(to: &output, excluding: isOwn)
        output.append("\r\n")
        return output
    }

    /// A chunk with its size line (RFC 9112 §7.1).
    static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 16)
        output.append(String(bytes.count, radix: 16))
        output.append("\r\n")
        output.append(contentsOf: bytes)
        output.append("\r\n")
        return output
    }

    static let lastChunk = Array("0\r\n\r\n".utf8)
    /// 100 (Continue), RFC 9110 §15.2.1.
    static let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Whether the server alone decides the field.
    private static func isOwn(_ name: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 4: Grammar.equalsIgnoringCase(name, "date")
        case 7: Grammar.equalsIgnoringCase(name, "trailer") || Grammar.equalsIgnoringCase(name, "upgrade")
        case 10: Grammar.equalsIgnoringCase(name, "connection") || Grammar.equalsIgnoringCase(name, "keep-alive")
        case 12: Grammar.equalsIgnoringCase(name, "x-request-id")
        case 14: Grammar.equalsIgnoringCase(name, "content-length")
        case 17: Grammar.equalsIgnoringCase(name, "transfer-encoding")
        default: false
        }
    }
}

extension [UInt8] {
    mutating func append(_ text: String) { append(contentsOf: text.utf8) }

    mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// - Precondition: `number` is not negative.
    mutating func append(decimal number: Int) {
        var (rest, start) = (number, count)
        repeat {
            append(0x30 + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        var end = count - 1
        while start < end {
            swapAt(start, end)
            start += 1
            end -= 1
        }
    }
}
