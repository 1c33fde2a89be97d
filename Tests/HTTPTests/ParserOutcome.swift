@testable import HTTP

/// What the parsers make of some bytes, however they are cut.
struct ParserOutcome: Equatable {
    var requests: [String] = []
    /// As bytes: as text, a cut within a character would show.
    var bodies: [[UInt8]] = []
    var refusal: Refusal?
    var isInsideRequest = false

    init(pieces: [ArraySlice<UInt8>]) {
        let limits = HTTPServer.Limits()
        var parser = HeadParser(limits: limits)
        var decoder: BodyDecoder?
        var held: [UInt8] = []
        do {
            for piece in pieces {
                held += piece
                var start = 0
                try held.withUnsafeBytes { bytes in
                    while true {
                        let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
                        if decoder != nil {
                            let step = try decoder!.decode(rest)
                            if let content = step.content { bodies[bodies.count - 1] += rest[content] }
                            start += step.consumed
                            if step.ended { decoder = nil } else if step.content == nil { return }
                        } else {
                            let (consumed, head) = try parser.parse(rest)
                            start += consumed
                            guard let head else { return }
                            requests.append("\(head.method) \(head.target) \(head.version) \(head.headers.all) \(head.keepAlive) ")
                            bodies.append([])
                            decoder = try BodyDecoder(framing: head.framing, limits: limits)
                        }
                    }
                }
                held.removeFirst(start)
            }
        } catch { refusal = error as? Refusal }
        isInsideRequest = refusal == nil && (parser.hasBegun || decoder != nil || !held.isEmpty)
    }
}
