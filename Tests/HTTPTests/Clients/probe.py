#!/usr/bin/env python3
"""Scores a server by RFC 9110 and RFC 9112 from outside, over raw sockets: probe.py PORT [verbose]

The server is to answer any method on any path with the body that it received, as the echo server does. A case is what is sent on one
connection, the answers that pass (what a recipient MUST or SHOULD do), and those that only warn (what it MAY do, and better does not).
Prints the score and every case that fails; exits 1 where one does.
"""

import re
import socket
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

port = int(sys.argv[1])
HOST = f"Host: 127.0.0.1:{port}\r\n"
GET = f"GET / HTTP/1.1\r\n{HOST}\r\n"
cases = []


class Reply:
    def __init__(self, data, is_closed):
        self.is_closed = is_closed
        self.count = len(re.findall(rb"HTTP/1\.[01] [1-5]\d\d ", data))
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        found = re.match(r"HTTP/1\.1 (\d{3})", lines[0])
        self.answer = found[1] if found else "closed" if is_closed else "silent"
        self.fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}

    def is_one_of(self, answers):
        """Whether the answer is in a list like "400 2xx closed"."""
        return any(re.fullmatch(answer.replace("xx", r"\d\d"), self.answer) for answer in answers.split())


def talk(parts):
    """Sends each part and collects what comes back until the connection is closed or silent."""
    connection = socket.create_connection(("127.0.0.1", port))
    data = b""
    try:
        for part in parts:
            connection.sendall(part.encode("latin-1") if isinstance(part, str) else part)
            connection.settimeout(2)
            try:
                while chunk := connection.recv(65536):
                    data += chunk
                    connection.settimeout(0.25)
                return Reply(data, True)
            except TimeoutError:
                pass
        return Reply(data, False)
    except OSError:
        return Reply(data, True)
    finally:
        connection.close()


def case(name, parts, passes, warns="", also=lambda reply: True):
    cases.append((name, [parts] if isinstance(parts, (str, bytes)) else parts, passes, warns, also))


def line(text):
    return f"{text}\r\n{HOST}\r\n"


def get(fields):
    return f"GET / HTTP/1.1\r\n{fields}\r\n"


def post(fields, body="", version="HTTP/1.1"):
    return f"POST / {version}\r\n{HOST}{fields}\r\n{body}"


def chunked(body):
    return post("Transfer-Encoding: chunked\r\n", body)


def echoes(text):
    return lambda reply: reply.body == text.encode()


REFUSED = "400 closed"

# The request line (RFC 9112 §2.2, §2.3, §3).
case("baseline", GET, "2xx")
case("line ended by LF", f"GET / HTTP/1.1\n{HOST}\r\n", REFUSED, "2xx")
case("line ended by CR", f"GET / HTTP/1.1\r{HOST}\r\n", "400")
case("leading empty lines", "\r\n\r\n" + GET, REFUSED, "2xx")
case("two spaces", line("GET  / HTTP/1.1"), REFUSED, "2xx")
case("tab for space", line("GET\t/ HTTP/1.1"), REFUSED, "2xx")
case("space in the target", line("GET /a b HTTP/1.1"), REFUSED)
case("no target", line("GET HTTP/1.1"), REFUSED)
case("no version", "GET /\r\n\r\n", "400 closed silent")
case("fragment", line("GET /a#b HTTP/1.1"), REFUSED, "2xx")
for version in ["HTTP/1", "HTTP/01.01", "HTTP/ 1.1", "http/1.1", "HTTP/1.1.1", "HTTPS/1.1"]:
    case(f"version {version}", line(f"GET / {version}"), REFUSED)
case("version HTTP/9.9", line("GET / HTTP/9.9"), "400 505 closed")
case("version HTTP/1.2", line("GET / HTTP/1.2"), "2xx 505")
case("preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 505 closed")
case("8000 bytes of target", line("GET /" + "a" * 7980 + " HTTP/1.1"), "2xx 404")
case("100 KB of target", line("GET /" + "a" * 100_000 + " HTTP/1.1"), "400 414 431 closed")
case("100 KB of method", line("A" * 100_000 + " / HTTP/1.1"), "400 501 closed")
case("NUL in the target", line("GET /\0a HTTP/1.1"), REFUSED)
case("UTF-8 in the target", "GET /é HTTP/1.1\r\n".encode() + f"{HOST}\r\n".encode(), REFUSED)
case("overlong UTF-8 in the target", b"GET /\xc0\xaf HTTP/1.1\r\n" + f"{HOST}\r\n".encode(), REFUSED)
case("encoded NUL", line("GET /%00 HTTP/1.1"), REFUSED, "2xx 404")
case("encoded line end", line("GET /a%0d%0aX-B:%20c HTTP/1.1"), REFUSED, "2xx 404")
case("backslash", line("GET /a\\b HTTP/1.1"), REFUSED, "2xx 404")
case("absolute-form", line(f"GET http://127.0.0.1:{port}/ HTTP/1.1"), "2xx")
case("absolute-form with another Host", line("GET http://b.example/echo HTTP/1.1"), "2xx 400 421",
     also=lambda reply: b"127.0.0.1" not in reply.body)
case("asterisk with GET", line("GET * HTTP/1.1"), REFUSED)
case("asterisk with OPTIONS", line("OPTIONS * HTTP/1.1"), "2xx")
case("authority-form with GET", line("GET a:80 HTTP/1.1"), REFUSED)

# Methods (RFC 9110 §9).
case("method in lower case", line("get / HTTP/1.1"), "400 405 501 closed", "2xx")
case("unknown method", line("FOOBAR / HTTP/1.1"), "400 405 501 closed", "2xx")
case("CONNECT", line("CONNECT b.example:443 HTTP/1.1"), "400 405 501 closed")
case("TRACE", "TRACE / HTTP/1.1\r\n" + HOST + "Authorization: secret\r\n\r\n", "405 501 closed", "2xx",
     also=lambda reply: b"secret" not in reply.body)
case("HEAD has no content", line("HEAD / HTTP/1.1"), "2xx", also=lambda reply: reply.body == b"")
case("HEAD with a body", [f"HEAD / HTTP/1.1\r\n{HOST}Content-Length: 5\r\n\r\nhello", GET], "2xx 400 closed",
     also=lambda reply: reply.count == 2 or reply.is_closed)
case("OPTIONS names the methods", line("OPTIONS / HTTP/1.1"), "2xx", also=lambda reply: "allow" in reply.fields)
case("204 has no Content-Length", line("OPTIONS / HTTP/1.1"), "204", "2xx", also=lambda reply: "content-length" not in reply.fields)
case("method with a delimiter", line("GE(T / HTTP/1.1"), REFUSED)

# Host (RFC 9112 §3.2).
case("no Host", get(""), "400")
case("two Hosts", get(HOST + "Host: b\r\n"), "400")
case("the same Host twice", get(HOST + HOST), "400")
case("no Host in 1.0", "GET / HTTP/1.0\r\n\r\n", "2xx 400")
for host in ["", "a@b", "a/b", "a, b", "a b", "a:b", "[::1", "a:65536", "http://a"]:
    case(f"Host {host!r}", get(f"Host: {host}\r\n"), REFUSED)

# Field lines (RFC 9112 §5, RFC 9110 §5).
case("field ended by LF", f"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", REFUSED, "2xx")
case("obs-fold", get(HOST + "X: y\r\n z\r\n"), "400")
case("space before the colon", get(HOST + "X : y\r\n"), "400")
case("no colon", get(HOST + "X\r\n"), REFUSED)
case("no name", get(HOST + ": y\r\n"), REFUSED)
case("space before the first field", f"GET / HTTP/1.1\r\n \r\n{HOST}\r\n", REFUSED)
case("tab in a name", get(HOST + "X\tY: z\r\n"), REFUSED)
case("bracket in a name", get(HOST + "X[: y\r\n"), REFUSED)
case("UTF-8 in a name", get(HOST + "X\xc3\xab: y\r\n"), REFUSED)
case("bare CR in a value", get(HOST + "X: y\rz\r\n"), REFUSED)
case("NUL in a value", get(HOST + "X: y\0z\r\n"), REFUSED)
case("BEL in a value", get(HOST + "X: y\x07\r\n"), REFUSED)
case("100 KB of value", get(HOST + "X: " + "y" * 100_000 + "\r\n"), "400 431 closed")
case("100 KB of name", get(HOST + "X" * 100_000 + ": y\r\n"), "400 431 closed")
case("10,000 fields", get(HOST + "X: y\r\n" * 10_000), "400 431 closed")
case("Content-Type twice", post("Content-Length: 1\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n", "x"), REFUSED, "2xx")
case("unfinished field", f"GET / HTTP/1.1\r\n{HOST}X: y", "400 408 closed silent")
case("garbage", bytes((index * 7919 + 13) % 251 for index in range(256)), "400 closed silent")
case("spaces alone", "   \r\n\r\n", "400 closed silent")

# Content-Length (RFC 9110 §8.6).
case("counted body", post("Content-Length: 5\r\n", "hello"), "2xx", also=echoes("hello"))
case("empty body", post("Content-Length: 0\r\n"), "2xx")
case("no body", post(""), "2xx")
case("body cut off", post("Content-Length: 10\r\n", "hello"), "400 408 closed silent")
case("GET with a body", [f"GET / HTTP/1.1\r\n{HOST}Content-Length: 5\r\n\r\nhello", GET], "2xx 400 closed",
     also=lambda reply: reply.count == 2 or reply.is_closed)
for length in ["abc", "+5", "-1", "-0", "0x5", "0o5", "5.0", "1_0", "1 0", "", "5, 10", "5,5", "5, 5, 5", "\xb2", "99999999999999999999"]:
    case(f"length {length!r}", post(f"Content-Length: {length}\r\n", "hello"), REFUSED)
for length in ["005", "5 ", " \t5"]:
    case(f"length {length!r}", post(f"Content-Length: {length}\r\n", "hello"), "2xx 400", also=lambda r: r.answer == "400" or r.body == b"hello")
case("two lengths", post("Content-Length: 5\r\nContent-Length: 10\r\n", "helloworld"), REFUSED)
case("a gigabyte announced", post("Content-Length: 999999999\r\n"), "400 413 closed silent")

# Transfer-Encoding and chunks (RFC 9112 §6.1, §7.1).
case("one chunk", chunked("5\r\nhello\r\n0\r\n\r\n"), "2xx", also=echoes("hello"))
case("two chunks", chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), "2xx", also=echoes("hello world"))
case("no chunk", chunked("0\r\n\r\n"), "2xx")
case("size in capitals", chunked("A\r\nhelloworld\r\n0\r\n\r\n"), "2xx", also=echoes("helloworld"))
case("extension", chunked("5;a=b\r\nhello\r\n0\r\n\r\n"), "2xx", "400", also=echoes("hello"))
case("trailer", chunked("5\r\nhello\r\n0\r\nX: y\r\n\r\n"), "2xx", also=echoes("hello"))
for trailer in ["Content-Length: 50", "Transfer-Encoding: chunked", "Host: b", "Authorization: b", "Content-Type: a/b"]:
    case(f"trailer {trailer}", [chunked(f"5\r\nhello\r\n0\r\n{trailer}\r\n\r\n"), GET], "2xx 400",
         also=lambda reply: reply.count == 2 or reply.is_closed)
case("no last chunk", chunked("5\r\nhello\r\n"), "400 408 closed silent")
for size in ["0x5", "+5", "-5", " 5", "5 ", "1_0", "5;", "5;a[=b", "5;\0a", "5;a\rb", "g", "", "FFFFFFFFFFFFFFFF0"]:
    case(f"size {size!r}", chunked(f"{size}\r\nhello\r\n0\r\n\r\n"), REFUSED)
case("size ended by LF", chunked("5\nhello\r\n0\r\n\r\n"), REFUSED, "2xx")
case("size ended by CR", chunked("5\rhello\r\n0\r\n\r\n"), REFUSED)
case("extension ended by LF", chunked("5;\nhello\r\n0\r\n\r\n"), REFUSED, "2xx")
case("data ended by LF", chunked("5\r\nhello\n0\r\n\r\n"), REFUSED, "2xx")
case("data without end", chunked("5\r\nhello0\r\n\r\n"), REFUSED)
case("data too long", chunked("5\r\nhello!!\r\n0\r\n\r\n"), REFUSED)
case("trailers ended by LF", chunked("5\r\nhello\r\n0\r\n\n"), REFUSED, "2xx")
case("100 KB of extension", chunked("5;" + "a" * 100_000 + "\r\nhello\r\n0\r\n\r\n"), "400 413 431 closed")
for coding in ["gzip", "identity", "xchunked", "chunked, gzip", "chunked, chunked", "", "\x0bchunked", "chunked\0"]:
    case(f"coding {coding!r}", post(f"Transfer-Encoding: {coding}\r\n", "0\r\n\r\n"), "400 501 closed")
case("chunked in 1.0", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "hello", "HTTP/1.0"), REFUSED)

# Two ends of one message (RFC 9112 §6.1, §11.2): one answer at most, and no more on this connection.
SPELLINGS = ["chunked", "Chunked", "chunked ", "\tchunked", ", chunked", "chunked,", "xchunked", "chunked, chunked", "identity", "chunked;a=b"]
for spelling in SPELLINGS:
    body = "0\r\n\r\n" + GET
    fields = [f"Transfer-Encoding: {spelling}\r\n", f"Content-Length: {len(body)}\r\n"]
    for order, both in [("before", fields), ("after", fields[::-1])]:
        case(f"{spelling!r} {order} a length", [post("".join(both), body), GET], "400 501 closed", "2xx",
             also=lambda reply: reply.count <= 1 and reply.is_closed)
for name in ["Transfer-Encoding : chunked", "Transfer-Encoding:\r\n chunked", "X: y\r\n Transfer-Encoding: chunked",
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"]:
    case(f"{name!r} and a length", [post(f"{name}\r\nContent-Length: {5 + len(GET)}\r\n", "0\r\n\r\n" + GET), GET], REFUSED,
         also=lambda reply: reply.count <= 1 and reply.is_closed)
case("shorter length hides a request", [post(f"Content-Length: 4\r\nContent-Length: {4 + len(GET)}\r\n", "PING" + GET), GET], REFUSED,
     also=lambda reply: reply.count <= 1)
case("size +0 hides a byte", [chunked("+0\r\n\r\nX"), GET], REFUSED, also=lambda reply: reply.count <= 1)
for name in ["Content_Length: 99", "Transfer_Encoding: chunked"]:
    case(f"{name} is another field", [post(f"Content-Length: 5\r\n{name}\r\n", "hello"), GET], "2xx 400",
         also=lambda reply: reply.is_closed or reply.count == 2)

# Connections and expectations (RFC 9112 §9, RFC 9110 §7.8, §10.1.1).
case("pipelined", GET * 20, "2xx", also=lambda reply: reply.count == 20)
case("close", get(HOST + "Connection: close\r\n"), "2xx", also=lambda reply: reply.is_closed and reply.fields.get("connection") == "close")
case("1.0 closes", f"GET / HTTP/1.0\r\n{HOST}\r\n", "2xx", also=lambda reply: reply.is_closed)
case("1.0 keeps alive", [f"GET / HTTP/1.0\r\n{HOST}Connection: keep-alive\r\n\r\n", GET], "2xx",
     also=lambda reply: reply.count == 2 or reply.is_closed)
case("unknown expectation", get(HOST + "Expect: tea\r\n"), "417", "2xx")
case("expectation met", [post("Content-Length: 5\r\nExpect: 100-continue\r\n"), "hello"], "100 2xx", "417")
case("no 100 to 1.0", post("Content-Length: 5\r\nExpect: 100-continue\r\n", "hello", "HTTP/1.0"), "2xx")
for upgrade in ["websocket", "totally-made-up/1.0", "h2c"]:
    case(f"upgrade to {upgrade}", get(f"{HOST}Connection: Upgrade\r\nUpgrade: {upgrade}\r\n"), "2xx 400 426 501 closed")
case("byte after an empty body", [post("Content-Length: 0\r\n", "X"), GET], "2xx 400 closed", also=lambda reply: reply.count <= 2)

# What every answer has (RFC 9110 §6.6.1, §8.3, §14.2).
case("Date", GET, "2xx", also=lambda reply: re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", reply.fields.get("date", "")))
case("Content-Type", post("Content-Length: 5\r\n", "hello"), "2xx", also=lambda reply: "content-type" in reply.fields)
case("Range with POST", post("Content-Length: 5\r\nRange: bytes=0-1\r\n", "hello"), "200", also=echoes("hello"))
case("malformed Range", get(HOST + "Range: bytes=abc-xyz\r\n"), "200 416")
case("field names in any case", post("cOnTeNt-LeNgTh: 5\r\n", "hello"), "2xx", also=echoes("hello"))


def judge(entry):
    name, parts, passes, warns, also = entry
    reply = talk(parts)
    verdict = "pass" if reply.is_one_of(passes) else "warn" if warns and reply.is_one_of(warns) else "fail"
    if reply.answer not in ("closed", "silent") and reply.is_one_of("2xx") and not also(reply):
        verdict = "fail"
    return verdict, f"{verdict}: {name}: {reply.answer}{', closed' if reply.is_closed else ''}, to be {passes}{' or at most ' + warns if warns else ''}"


with ThreadPoolExecutor(16) as threads:
    verdicts = list(threads.map(judge, cases))
for verdict, text in verdicts:
    if verdict == "fail" or "verbose" in sys.argv:
        print(text)
score = Counter(verdict for verdict, _ in verdicts)
print(f"probe: {len(cases)} cases: {score['pass']} pass, {score['warn']} warn, {score['fail']} fail")
sys.exit(score["fail"] > 0)
