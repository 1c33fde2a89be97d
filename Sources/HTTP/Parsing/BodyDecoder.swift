import Glibc

/// Finds the content of one body in whatever pieces it arrives: counted (RFC 9112 §6.2) or chunked (RFC 9112 §7.1).
///
/// Like `HeadParser` it holds no bytes and is shown an unfinished line again.
struct BodyDecoder {
    /// What one call found: how far the input is done with, where content lies in it, and whether the body has ended.
    struct Step: Equatable {
        var consumed: Int
        var content: Range<Int>?
        var ended = false
    }

    private enum State: Equatable {
        case counted(remaining: Int)
        case chunkSize
        case chunkData(remaining: Int)
        case chunkEnd
        case trailers
        case ended
    }

    /// Longest chunk-size line, and all chunk extensions of a body together (RFC 9112 §7.1.1 asks for a bound).
    private static let chunkLineBytes = 1024
    private static let extensionBytes = 8192

    private var state: State
    private let limits: HTTPServer.Limits
    private var total = 0
    private var extensions = 0
    private var trailerBytes = 0
    private var trailerCount = 0
    private var scanned = 0

    /// Refuses a body over the limit by its declared length, before a byte of it is read (RFC 9110 §15.5.14).
    init(framing: BodyFraming, limits: HTTPServer.Limits) throws(Refusal) {
        self.limits = limits
        switch framing {
        case .none: state = .ended
        case .length(let length):
            guard length <= limits.bodyBytes else { throw Self.tooLarge(limits) }
            state = length == 0 ? .ended : .counted(remaining: length)
        case .chunked: state = .chunkSize
        }
    }

    /// Of a request whose body is there already, or not to be read.
    static func ended(_ limits: HTTPServer.Limits) -> BodyDecoder { BodyDecoder(limits: limits) }

    private init(limits: HTTPServer.Limits) { (self.limits, state) = (limits, .ended) }

    var hasEnded: Bool { state == .ended }

    /// Advances over `input` up to the next content, the body's end, or the need for more. Call again while it consumes.
    mutating func decode(_ input: UnsafeRawBufferPointer) throws(Refusal) -> Step {
        var start = 0
        while true {
            switch state {
            case .ended: return Step(consumed: start, ended: true)
            case .counted(let remaining):
                let count = min(remaining, input.count - start)
                guard count > 0 else { return Step(consumed: start) }
                state = count == remaining ? .ended : .counted(remaining: remaining - count)
                return Step(consumed: start + count, content: start..<(start + count), ended: count == remaining)
            case .chunkData(let remaining):
                let count = min(remaining, input.count - start)
                guard count > 0 else { return Step(consumed: start) }
                state = count == remaining ? .chunkEnd : .chunkData(remaining: remaining - count)
                return Step(consumed: start + count, content: start..<(start + count))
            case .chunkEnd:
                let rest = input[start...].prefix(2)
                guard rest.elementsEqual([13, 10].prefix(rest.count)) else {
                    throw Refusal(.badRequest, "CRLF follows the bytes of a chunk.", "RFC 9112 §7.1")
                }
                guard rest.count == 2 else { return Step(consumed: start) }
                start += 2
                state = .chunkSize
            case .chunkSize:
                guard let line = try line(input, &start, limit: Self.chunkLineBytes, .badRequest, "RFC 9112 §7.1.1") else {
                    return Step(consumed: start)
                }
                try beginChunk(line)
            case .trailers:
                let limit = limits.headerBytes - trailerBytes
                guard let line = try line(input, &start, limit: limit, .headerFieldsTooLarge, "RFC 6585 §5") else {
                    return Step(consumed: start)
                }
                try takeTrailer(line)
            }
        }
    }

    /// The next whole line without its CRLF; nil until it is whole.
    private mutating func line(
        _ input: UnsafeRawBufferPointer, _ start: inout Int, limit: Int, _ status: Status, _ clause: String
    ) throws(Refusal) -> UnsafeRawBufferPointer? {
        let from = start + scanned
        var end: Int?
        if from < input.count, let base = input.baseAddress, let found = memchr(base + from, 10, input.count - from) {
            end = UnsafeRawPointer(found) - base
        }
        guard (end ?? input.count) - start <= limit else { throw Refusal(status, "A line of the chunked body is too long.", clause) }
        guard let end else {
            scanned = input.count - start
            return nil
        }
        scanned = 0
        defer { start = end + 1 }
        guard end > start, input[end - 1] == 13 else { throw Refusal(.badRequest, "End lines with CRLF, not LF alone.", "RFC 9112 §2.2") }
        return UnsafeRawBufferPointer(rebasing: input[start..<(end - 1)])
    }

    /// chunk-size [ chunk-ext ] (RFC 9112 §7.1): hexadecimal digits alone, no sign, no prefix, no space.
    private mutating func beginChunk(_ line: UnsafeRawBufferPointer) throws(Refusal) {
        var size = 0
        var index = 0
        while index < line.count, let digit = Grammar.hexValue(line[index]) {
            guard size >> 59 == 0 else { throw Refusal(.badRequest, "The size of a chunk lies below 2^63.", "RFC 9112 §7.1") }
            size = size << 4 | Int(digit)
            index += 1
        }
        guard index > 0, index <= 64 else { throw Refusal(.badRequest, "A chunk begins with its size in hexadecimal.", "RFC 9112 §7.1") }
        extensions += line.count - index
        guard extensions <= Self.extensionBytes else { throw Refusal(.badRequest, "Too many chunk extensions.", "RFC 9112 §7.1.1") }
        guard Self.areExtensions(line[index...]) else { throw Refusal(.badRequest, "Malformed chunk extension.", "RFC 9112 §7.1.1") }
        guard size <= limits.bodyBytes - total else { throw Self.tooLarge(limits) }
        total += size
        state = size == 0 ? .trailers : .chunkData(remaining: size)
    }

    /// *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS ( token / quoted-string ) ] ) (RFC 9112 §7.1.1).
    private static func areExtensions(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard !bytes.isEmpty else { return true }
        var scanner = FieldScanner(String(decoding: bytes, as: UTF8.self))
        while !scanner.isAtEnd {
            scanner.skipWhitespace()
            guard scanner.take(UInt8(ascii: ";")) else { return false }
            scanner.skipWhitespace()
            guard scanner.token() != nil else { return false }
            var ahead = scanner
            ahead.skipWhitespace()
            if ahead.take(UInt8(ascii: "=")) {
                ahead.skipWhitespace()
                guard ahead.token() != nil || ahead.quotedString() != nil else { return false }
                scanner = ahead
            }
        }
        return true
    }

    /// A trailer field is checked, bounded and dropped: none is defined here, and merging one could override the header (RFC 9110 §6.5.1).
    private mutating func takeTrailer(_ line: UnsafeRawBufferPointer) throws(Refusal) {
        guard !line.isEmpty else {
            state = .ended
            return
        }
        trailerBytes += line.count + 2
        trailerCount += 1
        guard trailerCount <= limits.headerCount, trailerBytes < limits.headerBytes else {
            throw Refusal(.headerFieldsTooLarge, "The trailer section is too large.", "RFC 6585 §5")
        }
        _ = try HeadParser.fieldLine(line)
    }

    private static func tooLarge(_ limits: HTTPServer.Limits) -> Refusal {
        Refusal(.contentTooLarge, "Keep the body within \(limits.bodyBytes) bytes.", "RFC 9110 §15.5.14")
    }
}
