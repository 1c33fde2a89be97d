#!/usr/bin/env python3
"""Python's http.client and requests against the echo server: real-clients.py PORT. Exits 1 at the first surprise."""

import http.client
import os
import sys

port = int(sys.argv[1])
checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        sys.exit(f"real-clients: {what}")


def with_http_client():
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    body = os.urandom(300_000)
    connection.request("GET", "/v1/jobs/7")
    first = connection.sock
    reply = connection.getresponse()
    check(reply.status == 200 and b'"id":"7"' in reply.read(), "GET")
    for method in ["PUT", "POST", "PATCH", "DELETE"]:
        connection.request(method, "/any/path?x=y", body=body)
        reply = connection.getresponse()
        check(reply.status == 200 and reply.read() == body, f"{method} echoes")
    connection.request("POST", "/", body=iter([body[:7], body[7:99_000], body[99_000:]]), encode_chunked=True,
                       headers={"Transfer-Encoding": "chunked"})
    check(connection.getresponse().read() == body, "chunked echo")
    connection.request("GET", "/picture.png")
    picture = connection.getresponse().read()
    connection.request("HEAD", "/picture.png")
    reply = connection.getresponse()
    check(int(reply.getheader("Content-Length")) == len(picture) and reply.read() == b"", "HEAD has the length of GET")
    connection.request("GET", "/picture.png", headers={"Range": "bytes=1000-1999"})
    reply = connection.getresponse()
    check(reply.status == 206 and reply.read() == picture[1000:2000], "range")
    connection.request("GET", "/picture.png", headers={"If-None-Match": '"picture-1"'})
    reply = connection.getresponse()
    check(reply.status == 304 and reply.read() == b"", "304")
    connection.request("OPTIONS", "/v1/jobs/7")
    reply = connection.getresponse()
    check(reply.status == 204 and "GET" in reply.getheader("Allow"), "OPTIONS")
    reply.read()
    connection.request("DELETE", "/v1/jobs/7")
    reply = connection.getresponse()
    check(reply.status == 405 and reply.getheader("Allow") == "GET, HEAD, OPTIONS", "405 with Allow")
    reply.read()
    check(connection.sock is first, "all of it on one connection")


def with_requests():
    import requests

    base = f"http://127.0.0.1:{port}"
    session = requests.Session()
    session.trust_env = False
    image = os.urandom(60_000)
    files = {"mri": ("m.png", image, "image/png"), "ct": ("c.png", image, "image/png")}
    check(session.post(f"{base}/form", files=files, data={"seed": "7"}, timeout=20).text == "seed=1,mri=60000,ct=60000\n", "form")
    files = {"müller": ("müller.png", image)}
    check(session.post(f"{base}/form", files=files, timeout=20).text == "müller=60000\n", "name beyond ASCII")
    check(session.get(f"{base}/cookie", cookies={"a": "b", "c": "d"}, timeout=20).text == "a=b\nc=d\n", "cookies")
    check(session.post(f"{base}/", data=(part for part in [b"ab", b"cd"]), timeout=20).content == b"abcd", "generator")
    reply = session.get(f"{base}/echo", headers={"X-Custom": "value"}, timeout=20)
    check("X-Custom: value\n" in reply.text and reply.headers["Date"].endswith("GMT"), "headers")
    check(session.get(f"{base}/v1/jobs/nothing", timeout=20).json()["status"] == 404, "problem")


with_http_client()
try:
    with_requests()
except ImportError:
    print("real-clients: no requests here, http.client alone")
print(f"real-clients: {checks} checks hold")
