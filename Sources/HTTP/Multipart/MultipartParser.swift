/// What a multipart body turns out to hold, in order: for each part its head, its content in pieces, its end; then `finished`.
public enum MultipartEvent: Sendable, Equatable {
    case began(MultipartHead)
    /// A slice of what was pushed: copy it to keep it, lest all that came with it is kept too.
    case content(ArraySlice<UInt8>)
    case ended
    case finished
}

/// Reads multipart/form-data (RFC 7578; framing of RFC 2046 §5.1.1) as it comes, in whatever pieces.
///
/// It keeps no more than a part's header section or a boundary's length of bytes: content passes through, uncopied. Complexity: O(bytes).
public struct MultipartParser: Sendable {
    /// Bounds on a form. Beyond one it is refused as 413, a part's head as 400.
    public struct Limits: Sendable {
        public var parts = 32
        /// The header section of one part.
        public var headerBytes = 4096
        /// A field's name.
        public var nameBytes = 128
        /// The content of one part.
        public var partBytes = Int.max
        /// The whole body, with its boundaries.
        public var totalBytes = Int.max
        /// What the parts of a form that is gathered may take of memory together; a part that does not fit goes to a file.
        public var memoryBytes = 1 << 20
        /// What stands before the first boundary; forms have nothing there.
        public var preambleBytes = 1024

        public init() {}
    }

    private enum State {
        /// The first delimiter may be the very beginning, without a CRLF before it.
        case start
        /// Until the first delimiter; its bytes are dropped.
        case preamble
        /// Behind a delimiter: "--" ends the form, CRLF opens a part.
        case delimiter
        case header
        case content
        case epilogue
    }

    /// CRLF "--" boundary (RFC 2046 §5.1.1: the CRLF belongs to the delimiter).
    private let delimiter: [UInt8]
    private let limits: Limits
    private var state = State.start
    /// The end of what came, not decided yet.
    private var held: [UInt8] = []
    private var total = 0
    private var preamble = 0
    private var parts = 0
    private var partBytes = 0
    private var hasFailed = false

    /// - Throws: `Problem` 400 where the boundary breaks RFC 2046 §5.1.1: 1 to 70 of its characters, the last not a space.
    public init(boundary: String, limits: Limits = Limits()) throws(Problem) {
        let bytes = Array(boundary.utf8)
        guard (1...70).contains(bytes.count), bytes.last != 0x20, bytes.allSatisfy(Self.isBoundaryByte) else {
            throw Problem(.badRequest, detail: "The multipart boundary is malformed (RFC 2046 §5.1.1).")
        }
        delimiter = [13, 10, 0x2D, 0x2D] + bytes
        self.limits = limits
    }

    /// The parser for a request's Content-Type.
    ///
    /// - Throws: `Problem` 415 for another type (RFC 9110 §15.5.16), 400 for one without boundary.
    public init(contentType: MediaType?, limits: Limits = Limits()) throws(Problem) {
        guard let contentType, contentType.type == "multipart", contentType.subtype == "form-data" else {
            throw Problem(.unsupportedMediaType, detail: "Send multipart/form-data.", headers: ["Accept-Post": "multipart/form-data"])
        }
        guard let boundary = contentType.parameters["boundary"] else {
            throw Problem(.badRequest, detail: "Content-Type lacks its boundary (RFC 7578 §4.1).")
        }
        try self.init(boundary: boundary, limits: limits)
    }

    /// Takes the next bytes of the body.
    ///
    /// - Throws: `Problem` that says what is wrong; the parser takes nothing more after that.
    public mutating func push(_ bytes: ArraySlice<UInt8>) throws(Problem) -> [MultipartEvent] {
        guard !hasFailed else { throw Self.malformed("The form was refused already.", "RFC 7578 §4.1") }
        do throws(Problem) {
            total += bytes.count
            guard total <= limits.totalBytes else { throw Self.tooLarge("Keep the form within \(limits.totalBytes) bytes.") }
            var rest = held.isEmpty ? bytes : (held + bytes)[...]
            var events: [MultipartEvent] = []
            while try step(&rest, &events) {}
            held = Array(rest)
            return events
        } catch {
            hasFailed = true
            throw error
        }
    }

    /// Says that the body has ended.
    ///
    /// - Throws: `Problem` 400 where the closing delimiter has not come: the form was cut off.
    public mutating func finish() throws(Problem) {
        // "--boundary--" may be the very end, without the line's own CRLF.
        if case .delimiter = state, held.prefix(2) == [0x2D, 0x2D], held.dropFirst(2).allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return }
        guard case .epilogue = state, !hasFailed else {
            throw Self.malformed("The form ends without its closing boundary.", "RFC 2046 §5.1.1")
        }
    }

    /// Goes one step over `rest`, taking from its front; false where it needs more bytes.
    private mutating func step(_ rest: inout ArraySlice<UInt8>, _ events: inout [MultipartEvent]) throws(Problem) -> Bool {
        switch state {
        case .start: return readStart(&rest)
        case .preamble, .content: return try searchDelimiter(&rest, &events)
        case .delimiter: return try readDelimiterEnd(&rest, &events)
        case .header: return try readHeader(&rest, &events)
        case .epilogue:
            rest = []
            return false
        }
    }

    private mutating func readStart(_ rest: inout ArraySlice<UInt8>) -> Bool {
        let opening = delimiter.dropFirst(2)
        guard rest.prefix(opening.count).elementsEqual(opening.prefix(rest.count)) else {
            state = .preamble
            return true
        }
        guard rest.count >= opening.count else { return false }
        rest.removeFirst(opening.count)
        state = .delimiter
        return true
    }

    private mutating func searchDelimiter(_ rest: inout ArraySlice<UInt8>, _ events: inout [MultipartEvent]) throws(Problem) -> Bool {
        let found = ByteSearch.first(delimiter, in: rest)
        // Without one, all but what might begin one is content.
        let content = rest.prefix(found ?? ByteSearch.possibleStart(delimiter, in: rest))
        if case .content = state {
            partBytes += content.count
            guard partBytes <= limits.partBytes else { throw Self.tooLarge("Keep a part within \(limits.partBytes) bytes.") }
            if !content.isEmpty { events.append(.content(content)) }
            if found != nil { events.append(.ended) }
        } else {
            preamble += content.count
            guard preamble <= limits.preambleBytes else {
                throw Self.malformed("The form does not begin with its boundary.", "RFC 2046 §5.1.1")
            }
        }
        rest.removeFirst(content.count)
        guard found != nil else { return false }
        rest.removeFirst(delimiter.count)
        state = .delimiter
        return true
    }

    /// "--" for the last, else transport-padding CRLF (RFC 2046 §5.1.1).
    private mutating func readDelimiterEnd(_ rest: inout ArraySlice<UInt8>, _ events: inout [MultipartEvent]) throws(Problem) -> Bool {
        let dashes = rest.prefix(2).prefix { $0 == 0x2D }
        if dashes.count == 1 && rest.count == 1 { return false }
        let closes = dashes.count == 2
        let padding = rest.dropFirst(closes ? 2 : 0).prefix { $0 == 0x20 || $0 == 0x09 }
        guard padding.count <= 128 else { throw Self.malformed("The padding of a boundary is too long.", "RFC 2046 §5.1.1") }
        let end = rest[padding.endIndex...].prefix(2)
        guard end.elementsEqual([13, 10].prefix(end.count)) else {
            throw Self.malformed("A boundary must not occur within a part.", "RFC 2046 §5.1.1")
        }
        guard end.count == 2 else { return false }
        if closes {
            guard parts > 0 else { throw Self.malformed("The form has no part.", "RFC 2046 §5.1.1") }
            state = .epilogue
            events.append(.finished)
            return true
        }
        parts += 1
        guard parts <= limits.parts else { throw Self.tooLarge("Send at most \(limits.parts) parts.") }
        // The CRLF stays: a header section is empty where a second one follows it.
        rest = rest[padding.endIndex...]
        state = .header
        return true
    }

    /// The header section, from the CRLF before it to the empty line.
    private mutating func readHeader(_ rest: inout ArraySlice<UInt8>, _ events: inout [MultipartEvent]) throws(Problem) -> Bool {
        // One byte behind the longest that is borne tells that it is too long, however much came with it.
        let end = ByteSearch.first([13, 10, 13, 10], in: rest.prefix(limits.headerBytes + 4))
        guard end != nil || rest.count < limits.headerBytes + 4 else {
            throw Self.malformed("Keep a part's header within \(limits.headerBytes) bytes.", "RFC 9110 §15.5.1")
        }
        guard let end else { return false }
        events.append(.began(try MultipartHead(section: rest.prefix(end).dropFirst(2), limits: limits)))
        rest.removeFirst(end + 4)
        // An empty part's delimiter may take the empty line's CRLF for its own: it follows at once (RFC 2046 §5.1.1).
        partBytes = 0
        state = .content
        return true
    }

    /// bchars (RFC 2046 §5.1.1).
    private static func isBoundaryByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: Array("'()+_,-./:=? ".utf8).contains(byte)
        }
    }

    static func malformed(_ detail: String, _ clause: String) -> Problem { Problem(.badRequest, detail: "\(detail) (\(clause))") }

    private static func tooLarge(_ detail: String) -> Problem { Problem(.contentTooLarge, detail: "\(detail) (RFC 9110 §15.5.14)") }
}
