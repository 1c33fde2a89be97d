/// Rows that sweep a class of characters through one place of a request.
let sweptRows: [RequestRow] = nameRows + valueRows + targetRows + chunkSizeRows + lengthRows

private func name(_ byte: UInt8) -> String { "0x" + String(byte, radix: 16) }
private func character(_ byte: UInt8) -> String { String(Unicode.Scalar(byte)) }
private func request(_ target: String = "/", _ fields: String = "") -> String { "GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n" }

/// Delimiters are no tchar (RFC 9110 §5.6.2).
private let nameRows: [RequestRow] =
    "\"(),/;<=>?@[\\]{}".utf8.map { RequestRow("9110 §5.6.2 \(name($0)) in a name", request("/", "A\(character($0))B: c\r\n"), 400) }
    + "!#$%&'*+-.^_`|~".utf8.map {
        RequestRow("9110 §5.6.2 \(name($0)) in a name", request("/", "A\(character($0))B: c\r\n"), 200, open: true)
    }

/// Control characters but for HTAB are dangerous in a value (RFC 9110 §5.5).
private let valueRows: [RequestRow] = ((0x00...0x1F) + [0x7F] as [UInt8]).filter { $0 != 0x09 && $0 != 0x0A }.map {
    RequestRow("9110 §5.5 \(name($0)) in a value", request("/", "A: b\(character($0))c\r\n"), 400)
}

/// pchar, "/" and "?" (RFC 3986 §3.3, §3.4); the rest is to be percent-encoded.
private let targetRows: [RequestRow] =
    "\"<>[\\]^`{|}#".utf8.flatMap {
        [
            RequestRow("3986 §3.3 \(name($0)) in a path", request("/a\(character($0))b"), 400),
            RequestRow("3986 §3.4 \(name($0)) in a query", request("/query?name=\(character($0))"), 400),
        ]
    }
    + "-._~!$&'()*+,;=:@".utf8.flatMap {
        [
            RequestRow("3986 §3.3 \(name($0)) in a path", request("/a\(character($0))b"), 404, open: true),
            RequestRow("3986 §3.4 \(name($0)) in a query", request("/query?name=\(character($0))"), 200, open: true),
        ]
    }

private func chunked(_ size: String) -> String {
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(size)\r\nabc\r\n0\r\n\r\n"
}

/// 1*HEXDIG (RFC 9112 §7.1).
private let chunkSizeRows: [RequestRow] =
    ["3h", "3.0", "3,3", "3 3", "#3", "3\t", "\t3", "%33", "3:", "3=", "\"3\"", "٣", "3\u{B}", "0X3", "3\0", "3;a b", "3;=b", "3;a=\"b\"c"]
    .map {
        RequestRow("9112 §7.1 size \($0.debugDescription)", chunked($0), 400)
    }
    + ["3", "03", "000000003", "3;a", "3;a;b", "3;a=\"\"", "3;a=\"\\\"\"", "3;a=b;c=d"].map {
        RequestRow("9112 §7.1 size \($0.debugDescription)", chunked($0), 200, open: true)
    }

/// 1*DIGIT (RFC 9110 §8.6).
private let lengthRows: [RequestRow] =
    ["3,", ",3", "3;", "3 4", "3\u{B}", "0b11", "3e0", "three", "\"3\"", "'3'", "3_", "1,2,3", "-0", "+0", "0x0", "٣"].map {
        RequestRow("9110 §8.6 length \($0.debugDescription)", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \($0)\r\n\r\nabc", 400)
    }
    + ["3", "03", " 3 ", "\t3", "0000000000000000000003"].map {
        RequestRow(
            "9110 §8.6 length \($0.debugDescription)", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \($0)\r\n\r\nabc", 200, open: true
        )
    }
