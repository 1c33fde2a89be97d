import Glibc

/// Reads request line and header section line by line, in whatever pieces they arrive (RFC 9112 §2.2).
///
/// The parser holds no bytes: it consumes whole lines, and the caller shows it the unfinished one again with more behind it. Where the
/// search for the line's end stopped is remembered, so a line that drips in costs O(its length), not its square.
struct HeadParser {
    private let limits: HTTPServer.Limits
    private var head: RequestHead?
    /// Bytes of the unfinished line that hold no LF.
    private var scanned = 0
    private var sectionBytes = 0
    private var skippedEmptyLine = false

    init(limits: HTTPServer.Limits) { self.limits = limits }

    /// Whether part of a message has been taken in already.
    var hasBegun: Bool { head != nil }

    /// The method of the unfinished message, once known, be the rest of its request line refused: the answer to HEAD has no content.
    private(set) var method: Method?
    /// The version of the unfinished message, once known.
    var version: Version? { head?.version }

    /// Consumes lines of `input` until the head is complete or the input has no further whole line.
    mutating func parse(_ input: UnsafeRawBufferPointer) throws(Refusal) -> (consumed: Int, head: RequestHead?) {
        var start = 0
        while true {
            if head == nil { try checkFirst(input, at: start) }
            guard let end = lineEnd(input, from: start + scanned) else {
                try checkLength(UnsafeRawBufferPointer(rebasing: input[start...]))
                scanned = input.count - start
                return (start, nil)
            }
            scanned = 0
            let line = UnsafeRawBufferPointer(rebasing: input[start..<end])
            try checkLength(line)
            guard line.last == 13 else { throw Refusal(.badRequest, "End lines with CRLF, not LF alone.", "RFC 9112 §2.2") }
            start = end + 1
            if let head = try take(UnsafeRawBufferPointer(rebasing: line.dropLast())) { return (start, head) }
        }
    }

    private func lineEnd(_ input: UnsafeRawBufferPointer, from offset: Int) -> Int? {
        guard offset < input.count, let base = input.baseAddress, let found = memchr(base + offset, 10, input.count - offset) else {
            return nil
        }
        return UnsafeRawPointer(found) - base
    }

    /// A first byte that begins no method is refused at once: whoever speaks TLS or another protocol here need not wait for a timeout.
    private func checkFirst(_ input: UnsafeRawBufferPointer, at start: Int) throws(Refusal) {
        guard start < input.count else { return }
        let first = input[start]
        guard Grammar.isTokenByte(first) || first == 13 || first == 10 else {
            throw Refusal(.badRequest, "This is not HTTP/1.1.", "RFC 9112 §3")
        }
    }

    /// The same condition for a whole line and for one that is still coming, so that the answer does not depend on how it is split.
    private func checkLength(_ line: UnsafeRawBufferPointer) throws(Refusal) {
        if head == nil {
            guard line.count <= limits.requestLineBytes else {
                // RFC 9112 §3: a method longer than any implemented is 501, a longer target 414.
                if line.prefix(33).allSatisfy(Grammar.isTokenByte) {
                    throw Refusal(.notImplemented, "There is no such method.", "RFC 9112 §3")
                }
                throw Refusal(.uriTooLong, "Keep the request line within \(limits.requestLineBytes) bytes.", "RFC 9112 §3")
            }
        } else if sectionBytes + line.count > limits.headerBytes {
            throw Refusal(.headerFieldsTooLarge, "Keep the header section within \(limits.headerBytes) bytes.", "RFC 6585 §5")
        }
    }

    /// Takes a line without its CRLF; returns the head once the empty line came.
    private mutating func take(_ line: UnsafeRawBufferPointer) throws(Refusal) -> RequestHead? {
        guard head != nil else {
            if line.isEmpty && !skippedEmptyLine {
                // RFC 9112 §2.2: ignore at least one empty line before the request line. Not more: they would never end.
                skippedEmptyLine = true
                return nil
            }
            head = try requestLine(line)
            return nil
        }
        guard !line.isEmpty else {
            var complete = head!
            try complete.conclude()
            self = HeadParser(limits: limits)
            return complete
        }
        sectionBytes += line.count + 2
        guard head!.headers.count < limits.headerCount else {
            throw Refusal(.headerFieldsTooLarge, "Send at most \(limits.headerCount) header fields.", "RFC 6585 §5")
        }
        let field = try Self.fieldLine(line)
        head!.headers.append(checkedName: field.name, value: field.value)
        return nil
    }

    /// method SP request-target SP HTTP-version (RFC 9112 §3): single spaces, nothing before or after.
    private mutating func requestLine(_ line: UnsafeRawBufferPointer) throws(Refusal) -> RequestHead {
        let malformed = Refusal(.badRequest, "The request line is: method, one space, target, one space, version.", "RFC 9112 §3")
        guard let first = line.firstIndex(of: 0x20), let last = line.lastIndex(of: 0x20), first < last else { throw malformed }
        let method = UnsafeRawBufferPointer(rebasing: line[..<first])
        let target = UnsafeRawBufferPointer(rebasing: line[(first + 1)..<last])
        guard !method.isEmpty, method.allSatisfy(Grammar.isTokenByte), !target.contains(0x20) else { throw malformed }
        let name = Self.method(method)
        self.method = name
        let version = try Self.version(UnsafeRawBufferPointer(rebasing: line[(last + 1)...]))
        return RequestHead(method: name, target: try RequestTarget.parse(target, method: name).get(), version: version)
    }

    /// HTTP-version (RFC 9112 §2.3): case-sensitive, one digit each.
    private static func version(_ bytes: UnsafeRawBufferPointer) throws(Refusal) -> Version {
        if Grammar.equals(bytes, "HTTP/1.1") { return .http11 }
        if Grammar.equals(bytes, "HTTP/1.0") { return .http10 }
        guard bytes.count == 8, Grammar.equals(UnsafeRawBufferPointer(rebasing: bytes[..<5]), "HTTP/"), Grammar.isDigit(bytes[5]),
            bytes[6] == UInt8(ascii: "."), Grammar.isDigit(bytes[7])
        else { throw Refusal(.badRequest, "The version is HTTP/1.1.", "RFC 9112 §2.3") }
        // RFC 9110 §15.6.6: another major version is not served here.
        guard bytes[5] == UInt8(ascii: "1") else { throw Refusal(.versionNotSupported, "Speak HTTP/1.1.", "RFC 9110 §15.6.6") }
        return .http11
    }

    private static func method(_ bytes: UnsafeRawBufferPointer) -> Method {
        if Grammar.equals(bytes, "GET") { return .get }
        if Grammar.equals(bytes, "POST") { return .post }
        return Method(rawValue: String(decoding: bytes, as: UTF8.self))
    }

    /// field-name ":" OWS field-value OWS (RFC 9112 §5).
    static func fieldLine(
        _ line: UnsafeRawBufferPointer
    ) throws(Refusal) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard let first = line.first, first != 0x20, first != 0x09 else {
            throw Refusal(.badRequest, "Do not fold header lines.", "RFC 9112 §5.2")
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw Refusal(.badRequest, "A header line has a name, a colon and a value.", "RFC 9112 §5")
        }
        // RFC 9112 §5.1: whitespace between name and colon MUST be refused; it is no tchar.
        let name = UnsafeRawBufferPointer(rebasing: line[..<colon])
        guard !name.isEmpty, name.allSatisfy(Grammar.isTokenByte) else {
            throw Refusal(.badRequest, "A header name is a token, with the colon right behind it.", "RFC 9112 §5.1")
        }
        let value = trimmed(UnsafeRawBufferPointer(rebasing: line[(colon + 1)...]))
        // A bare CR (RFC 9112 §2.2), NUL or other control character is dangerous wherever it is read differently (RFC 9110 §5.5).
        guard value.allSatisfy(Grammar.isFieldByte) else {
            throw Refusal(.badRequest, "A header value holds no control characters.", "RFC 9110 §5.5")
        }
        return (name, value)
    }

    /// Without OWS around it (RFC 9110 §5.6.3).
    static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var (start, end) = (0, bytes.count)
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }
}
