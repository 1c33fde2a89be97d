/// Rows that sweep a class of characters through one place of a request.
let sweptRows: [RequestRow] =
    methodRows + versionRows + hostRows + nameRows + valueRows + targetRows + encodedRows + chunkSizeRows + lengthRows

private func name(_ byte: UInt8) -> String { "0x" + String(byte, radix: 16) }
private func character(_ byte: UInt8) -> String { String(Unicode.Scalar(byte)) }
private func request(_ target: String = "/", _ fields: String = "") -> String { "GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n" }

private let controls = Array((0x00...0x1F) + [0x7F] as [UInt8])
private let delimiters = Array("\"(),/:;<=>?@[\\]{}".utf8)
private let marks = Array("!#$%&'*+-.^_`|~".utf8)

/// token (RFC 9110 §9.1): what is none is malformed, what is one no method here.
private let methodRows: [RequestRow] =
    (controls.filter { $0 != 0x0A } + delimiters).map {
        RequestRow("9110 §9.1 \(name($0)) in a method", "G\(character($0))T / HTTP/1.1\r\nHost: a\r\n\r\n", 400)
    }
    + marks.map { RequestRow("9110 §9.1 \(name($0)) in a method", "G\(character($0))T / HTTP/1.1\r\nHost: a\r\n\r\n", 501, open: true) }

/// HTTP-name "/" DIGIT "." DIGIT (RFC 9112 §2.3).
private let versionRows: [RequestRow] =
    [
        "HTTP/", "HTTP/1", "HTTP/1.", "HTTP/.1", "HTTP/11", "HTTP/1,1", "HTTP/-1.1", "HTTP/1.-1", "HTTP/1.1.1", "HTTP/01.01", "HTTP/ 1.1",
        "HTTP 1.1", "HTTPS/1.1", "HTP/1.1", "Http/1.1", "HTTP\\1.1", "HTTP/1.1\t", "HTTP/1.x", "HTTP/١.١", "1.1", "HTTP/1.1\0",
    ].map { RequestRow("9112 §2.3 version \($0.debugDescription)", "GET / \($0)\r\nHost: a\r\n\r\n", 400) }
    + ["HTTP/0.0", "HTTP/0.9", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9"].map {
        RequestRow("9110 §15.6.6 version \($0)", "GET / \($0)\r\nHost: a\r\n\r\n", 505)
    }
    + ["HTTP/1.1", "HTTP/1.2", "HTTP/1.9"].map {
        RequestRow("9110 §2.5 version \($0)", "GET / \($0)\r\nHost: a\r\n\r\n", 200, open: true)
    }

/// uri-host [ ":" port ] (RFC 9110 §7.2, RFC 3986 §3.2).
private let hostRows: [RequestRow] =
    [
        "", ":", ":80", "a b", "a:b", "a:80:80", "a:-1", "a:+1", "a:0x50", "a:65536", "a:999999", "a/", "a?b", "a#b", "a@b", "a:b@c",
        "http://a",
        "a\\b", "a|b", "a^b", "a<b", "\"a\"", "a%", "a%4", "a%zz", "::1", "[::1", "::1]", "[]", "[::1]a", "[::1]80", "[1.2.3.4]",
        "[a]", "[:::]", "[::1%25eth0]", "[1::2::3]", "[12345::]", "[v1]", "[v.a]", "[vx.a]", "[::1\0]", "é",
    ].map { RequestRow("9112 §3.2 Host \($0.debugDescription)", "GET / HTTP/1.1\r\nHost: \($0)\r\n\r\n", 400) }
    + [
        "a", "A", "a:0", "a:80", "a:65535", "a.b.c", "a.", "a-b", "a_b", "a~b", "a!$&'()*+;=b", "a%41", "1.2.3.4", "1.2.3.4:80", "[::1]",
        "[::]:80",
        "[::ffff:1.2.3.4]", "[2001:db8::1]", "[v1.a:b]", "[::1]:",
    ].map { RequestRow("9112 §3.2 Host \($0.debugDescription)", "GET / HTTP/1.1\r\nHost: \($0)\r\n\r\n", 200, open: true) }

/// Delimiters are no tchar (RFC 9110 §5.6.2).
private let nameRows: [RequestRow] =
    (controls.filter { $0 != 0x0A } + delimiters.filter { $0 != UInt8(ascii: ":") } + [0x20]).map {
        RequestRow("9110 §5.6.2 \(name($0)) in a name", request("/", "A\(character($0))B: c\r\n"), 400)
    }
    + marks.map {
        RequestRow("9110 §5.6.2 \(name($0)) in a name", request("/", "A\(character($0))B: c\r\n"), 200, open: true)
    }

/// Control characters but for HTAB are dangerous in a value (RFC 9110 §5.5).
private let valueRows: [RequestRow] = controls.filter { $0 != 0x09 && $0 != 0x0A }.map {
    RequestRow("9110 §5.5 \(name($0)) in a value", request("/", "A: b\(character($0))c\r\n"), 400)
}

/// pchar, "/" and "?" (RFC 3986 §3.3, §3.4); the rest is to be percent-encoded.
private let targetRows: [RequestRow] =
    ("\"<>[\\]^`{|}#".utf8 + controls.filter { $0 != 0x0A }).flatMap {
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

/// Percent-encoded: control characters and what is no UTF-8 (RFC 3986 §2.5, RFC 3629 §3).
private let encodedRows: [RequestRow] =
    (controls.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    + ["%80", "%ff", "%c3", "%c0%af", "%c1%bf", "%e0%80%af", "%ed%a0%80", "%f4%90%80%80", "%f8%88%80%80%80", "%0d%0aX:%20y"]).map {
        RequestRow("3986 §2.5 \($0) in a path", request("/a\($0)"), 400)
    }
    + ["%20", "%2f", "%2F", "%2e%2e", "%41", "%7e", "%c3%a9", "%e2%82%ac", "%f0%9f%98%80"].map {
        RequestRow("3986 §2.5 \($0) in a path", request("/a\($0)"), 404, open: true)
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
