/// Rows that hide a second request in the body of the first, for a recipient that finds another end of it (RFC 9112 §11.2).
///
/// A refusal must close: the table's test sees that nothing answers the hidden request.
let smugglingRows: [RequestRow] = bothRows + codingRows + repeatedLengthRows + hiddenInChunkRows

private let hidden = "GET /items/666 HTTP/1.1\r\nHost: a\r\n\r\n"

private func post(_ fields: String, _ body: String) -> String { "POST /echo HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\(body)" }

/// Spellings of "chunked" that some recipient has taken for it, and another not.
private let codings = [
    "Transfer-Encoding: chunked", "transfer-encoding: chunked", "TRANSFER-ENCODING: CHUNKED", "Transfer-Encoding:chunked",
    "Transfer-Encoding:\tchunked", "Transfer-Encoding: chunked ", "Transfer-Encoding: , chunked", "Transfer-Encoding: chunked,",
]
private let wrongCodings = [
    "Transfer-Encoding: xchunked", "Transfer-Encoding: chunkedx", "Transfer-Encoding: chun ked", "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding: 'chunked'", "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: chunked; a=\"b\"", "Transfer-Encoding: chunked\0",
    "Transfer-Encoding: \u{B}chunked", "Transfer-Encoding: \u{C}chunked", "Transfer-Encoding: chunked\u{B}",
    "Transfer-Encoding: \u{7F}chunked",
    "Transfer-Encoding: chunked\rx", "Transfer-Encoding:", "Transfer-Encoding: ,", "Transfer-Encoding: identity",
    "Transfer-Encoding: chunked, identity", "Transfer-Encoding: chunked, gzip", "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked", " Transfer-Encoding: chunked", "Transfer-Encoding:\r\n chunked",
    "A: b\r\n Transfer-Encoding: chunked", "A: b\n Transfer-Encoding: chunked", "A: b\nTransfer-Encoding: chunked",
    "A: b\rTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked, gzip", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding\0: chunked", "Transfer-Encoding=chunked", "\"Transfer-Encoding\": chunked", "Transfer Encoding: chunked",
    "Transfer-Encod\u{131}ng : chunked",
]

/// Content-Length beside any of them: never both (RFC 9112 §6.1).
private let bothRows: [RequestRow] = (codings + wrongCodings).flatMap { coding in
    let body = "0\r\n\r\n" + hidden
    let size = String(hidden.utf8.count + 5, radix: 16)
    return [
        RequestRow(
            "9112 §6.1 length then \(coding.debugDescription)", post("Content-Length: \(body.utf8.count)\r\n\(coding)\r\n", body), 400),
        RequestRow(
            "9112 §6.1 \(coding.debugDescription) then length", post("\(coding)\r\nContent-Length: 4\r\n", "\(size)\r\n" + hidden), 400),
    ]
}

/// Without Content-Length: what is "chunked" is decoded; what is not has no end that can be known (RFC 9112 §6.3).
private let codingRows: [RequestRow] =
    codings.map { RequestRow("9112 §6.3 \($0.debugDescription)", post("\($0)\r\n", "3\r\nabc\r\n0\r\n\r\n"), 200, open: true) }
    + wrongCodings.map { RequestRow("9112 §6.3 \($0.debugDescription)", post("\($0)\r\n", "0\r\n\r\n" + hidden), 400) }
    + ["gzip, chunked", "identity, chunked", "deflate, gzip, chunked", "x, , chunked"].map {
        RequestRow("9112 §6.1 \($0)", post("Transfer-Encoding: \($0)\r\n", "0\r\n\r\n" + hidden), 501)
    }

/// Lengths of which one recipient takes the first and another the last (RFC 9110 §8.6).
private let repeatedLengthRows: [RequestRow] =
    [
        "Content-Length: 4\r\nContent-Length: 44", "Content-Length: 44\r\nContent-Length: 4", "Content-Length: 4\r\nContent-Length: 4",
        "content-length: 4\r\nCONTENT-LENGTH: 44", "Content-Length: 4, 44", "Content-Length: 44,4", "Content-Length: 4, 4, 4",
        "Content-Length: 4\r\n 4", "Content-Length: 4 4", "Content-Length: 4\r\nContent-Length : 44",
        "Content-Length: 4\r\nContent-Length:",
        "Content-Length: 4\nContent-Length: 44", "Content-Length: 4\rContent-Length: 44", "Content-Length: 4\0", "Content-Length\0: 44",
        "Content-Length: 4\r\nContent-Length: +44", "Content-Length: 4\r\nContent-Length: 0x2c", "Content-Length 4", "Content-Length=4",
    ].map { RequestRow("9110 §8.6 \($0.debugDescription)", post("\($0)\r\n", "PING" + hidden), 400) }
    + ["Content_Length: 0", "Content-Length-X: 0", "X-Content-Length: 0", "Contentlength: 0"].map {
        // Other names than the two that frame a message do not frame it.
        RequestRow("9112 §6 \($0)", post("\($0)\r\nContent-Length: \(hidden.utf8.count)\r\n", hidden), 200, open: true)
    }
    + [RequestRow("9112 §6 Transfer_Encoding", post("Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 200, open: true)]

/// Ends of a chunk that one recipient sees and another not (RFC 9112 §7.1).
private let hiddenInChunkRows: [RequestRow] =
    [
        "+0\r\n\r\n", "-0\r\n\r\n", "0x0\r\n\r\n", "0_0\r\n\r\n", " 0\r\n\r\n", "0 \r\n\r\n", "0\t\r\n\r\n", "0\n\r\n", "0\r\n\n", "0\n\n",
        "0\r\r\n",
        "0\r\r\n\r\n", "0;\n\r\n\r\n", "0;a\n\r\n", "0;a\rb\r\n\r\n", "0;\r\n\r\n", "0;a=\r\n\r\n", "0;a=\"\r\n\r\n", "0;a=\"\n\"\r\n\r\n",
        "0;a\0\r\n\r\n", "0;a[\r\n\r\n", "0;a=b=c\r\n\r\n", "0,\r\n\r\n", "\r\n0\r\n\r\n", "3\r\nabc0\r\n\r\n", "3\r\nabc\n0\r\n\r\n",
        "3\r\nabc\r0\r\n\r\n", "3\r\nabcde\r\n0\r\n\r\n", "3\r\nabc\r\n\r\n0\r\n\r\n", "10000000000000000\r\n\r\n",
    ].map { RequestRow("9112 §7.1 \($0.debugDescription)", post("Transfer-Encoding: chunked\r\n", $0 + hidden), 400) }
