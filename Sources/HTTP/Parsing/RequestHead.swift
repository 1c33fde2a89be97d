/// How the end of a request's body is found (RFC 9112 §6.3).
enum BodyFraming: Equatable, Sendable {
    case none
    case length(Int)
    case chunked
}

/// Request line and header section, checked.
struct RequestHead: Sendable {
    var method: Method
    var target: RequestTarget
    var version: Version
    var headers: HeaderFields
    var framing = BodyFraming.none
    /// Whether the client lets the connection persist (RFC 9112 §9.3).
    var keepAlive = true
    /// Whether the client waits for 100 (Continue) before it sends the body (RFC 9110 §10.1.1).
    var expectsContinue = false

    init(method: Method, target: RequestTarget, version: Version, headers: HeaderFields = [:]) {
        (self.method, self.target, self.version, self.headers) = (method, target, version, headers)
    }

    /// Applies the rules that span several fields, once the header section is complete.
    mutating func conclude() throws(Refusal) {
        var facts = Facts()
        try headers.forEach { name, value throws(Refusal) in try facts.note(name, value) }
        try checkHost(facts)
        // RFC 9112 §3.2.2: the target's own authority counts, whatever Host says.
        if let authority = target.authority { headers["Host"] = authority }
        // RFC 9110 §8.3: recipients pick different ones of several, and so take the content for different things.
        guard facts.contentTypes <= 1 else { throw Refusal(.badRequest, "Send Content-Type once.", "RFC 9110 §8.3") }
        try decideFraming(facts)
        keepAlive = version == .http11 ? !facts.saysClose : facts.saysKeepAlive && !facts.saysClose
        // RFC 9110 §10.1.1: an HTTP/1.0 expectation MUST be ignored; what is not understood MAY be answered 417.
        guard version == .http11 else { return }
        guard !facts.expectsOther else {
            throw Refusal(.expectationFailed, "The only expectation met here is 100-continue.", "RFC 9110 §10.1.1")
        }
        expectsContinue = facts.expectsContinue && framing != .none
    }

    /// RFC 9112 §3.2: exactly one valid Host, which alone HTTP/1.0 may leave out.
    private func checkHost(_ facts: Facts) throws(Refusal) {
        guard facts.hosts <= 1 else { throw Refusal(.badRequest, "Send Host once.", "RFC 9112 §3.2") }
        guard facts.hosts == 1 || version == .http10 else { throw Refusal(.badRequest, "Send a Host field.", "RFC 9112 §3.2") }
        guard facts.hosts == 0 || facts.hostIsValid else { throw Refusal(.badRequest, "The Host field is malformed.", "RFC 9112 §3.2") }
    }

    private mutating func decideFraming(_ facts: Facts) throws(Refusal) {
        if facts.hasTransferEncoding {
            // A 1.0 message with Transfer-Encoding has faulty framing.
            guard version == .http11 else { throw Refusal(.badRequest, "HTTP/1.0 has no Transfer-Encoding.", "RFC 9112 §6.1") }
            // Both together are the classic way to smuggle a request.
            guard facts.lengths == 0 else {
                throw Refusal(.badRequest, "Send Content-Length or Transfer-Encoding, not both.", "RFC 9112 §6.1")
            }
            guard facts.codings.last == .chunked else {
                throw Refusal(.badRequest, "The last transfer coding must be chunked.", "RFC 9112 §6.3")
            }
            guard facts.codings.filter({ $0 == .chunked }).count == 1 else {
                throw Refusal(.badRequest, "Apply chunked once.", "RFC 9112 §6.1")
            }
            guard facts.codings.count == 1 else {
                throw Refusal(.notImplemented, "The only transfer coding understood here is chunked.", "RFC 9112 §6.1")
            }
            framing = .chunked
        } else if facts.lengths > 0 {
            // Equal repetitions might be merged; refusing them leaves no doubt with any proxy.
            guard facts.lengths == 1 else { throw Refusal(.badRequest, "Send Content-Length once.", "RFC 9110 §8.6") }
            guard let length = facts.length else {
                throw Refusal(.badRequest, "Content-Length takes decimal digits alone, below 2^63.", "RFC 9110 §8.6")
            }
            framing = .length(length)
        }
    }
}

/// What the fields that govern a message say.
private struct Facts {
    enum Coding { case chunked, other }

    var hosts = 0
    var hostIsValid = false
    var contentTypes = 0
    var lengths = 0
    var length: Int?
    var hasTransferEncoding = false
    var codings: [Coding] = []
    var saysClose = false
    var saysKeepAlive = false
    var expectsContinue = false
    var expectsOther = false

    mutating func note(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(Refusal) {
        switch name.count {
        case 4 where Grammar.equalsIgnoringCase(name, "host"):
            hosts += 1
            hostIsValid = Grammar.isAuthority(value)
        case 6 where Grammar.equalsIgnoringCase(name, "expect"):
            forEachElement(of: value) { expectation in
                if Grammar.equalsIgnoringCase(expectation, "100-continue") { expectsContinue = true } else { expectsOther = true }
            }
        case 10 where Grammar.equalsIgnoringCase(name, "connection"):
            forEachElement(of: value) { option in
                if Grammar.equalsIgnoringCase(option, "close") { saysClose = true }
                if Grammar.equalsIgnoringCase(option, "keep-alive") { saysKeepAlive = true }
            }
        case 12 where Grammar.equalsIgnoringCase(name, "content-type"): contentTypes += 1
        case 14 where Grammar.equalsIgnoringCase(name, "content-length"):
            lengths += 1
            length = Self.decimal(value)
        case 17 where Grammar.equalsIgnoringCase(name, "transfer-encoding"):
            hasTransferEncoding = true
            // A parameter makes "chunked" another coding: chunked has none (RFC 9112 §7.1).
            forEachElement(of: value) { codings.append(Grammar.equalsIgnoringCase($0, "chunked") ? .chunked : .other) }
        default: break
        }
    }

    /// 1*DIGIT (RFC 9110 §8.6); nil for anything else, and past `Int`: no content has such a length.
    private static func decimal(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard !bytes.isEmpty else { return nil }
        var number = 0
        for byte in bytes {
            guard Grammar.isDigit(byte) else { return nil }
            let (tens, over) = number.multipliedReportingOverflow(by: 10)
            let (sum, overAgain) = tens.addingReportingOverflow(Int(byte - 0x30))
            guard !over, !overAgain else { return nil }
            number = sum
        }
        return number
    }

    /// The elements of #element (RFC 9110 §5.6.1), trimmed, empty ones skipped.
    private func forEachElement(of value: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        for part in value.split(separator: UInt8(ascii: ",")) {
            let element = HeadParser.trimmed(UnsafeRawBufferPointer(rebasing: part))
            if !element.isEmpty { body(element) }
        }
    }
}
