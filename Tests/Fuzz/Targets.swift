import HTTP

/// Takes an input of libFuzzer; `parser` or `multipart` is chosen when compiling.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    #if FUZZ_MULTIPART
        checkMultipart(bytes)
    #else
        checkParser(bytes)
    #endif
    return 0
}

/// The first byte says where the rest is cut.
private func pieces(_ bytes: [UInt8]) -> (whole: [ArraySlice<UInt8>], cut: [ArraySlice<UInt8>]) {
    guard let first = bytes.first else { return ([], []) }
    let content = bytes.dropFirst()
    let middle = content.startIndex + Int(first) * content.count / 256
    return ([content], [content[..<middle], content[middle...]])
}

/// Requests with their bodies: the same outcome however they are cut.
private func checkParser(_ bytes: [UInt8]) {
    let (whole, cut) = pieces(bytes)
    precondition(ParserOutcome(pieces: whole) == ParserOutcome(pieces: cut), "the outcome depends on the cut")
}

/// Forms: the same events however they are cut, and no content that the input does not hold.
private func checkMultipart(_ bytes: [UInt8]) {
    let (whole, cut) = pieces(bytes)
    let first = MultipartOutcome(pieces: whole)
    precondition(first == MultipartOutcome(pieces: cut), "the outcome depends on the cut")
    precondition(first.contents.reduce(0) { $0 + $1.count } <= bytes.count, "content out of nothing")
}

/// What the parser makes of a form.
struct MultipartOutcome: Equatable {
    private(set) var heads: [MultipartHead] = []
    private(set) var contents: [[UInt8]] = []
    private(set) var isRefused = false

    init(pieces: [ArraySlice<UInt8>]) {
        do {
            var parser = try MultipartParser(boundary: "b")
            for piece in pieces {
                for event in try parser.push(piece) {
                    switch event {
                    case .began(let head):
                        heads.append(head)
                        contents.append([])
                    case .content(let bytes): contents[contents.count - 1] += bytes
                    case .ended, .finished: break
                    }
                }
            }
            try parser.finish()
        } catch {
            // What was passed on before the refusal depends on the cut, rightly: content streams.
            (heads, contents, isRefused) = ([], [], true)
        }
    }
}
