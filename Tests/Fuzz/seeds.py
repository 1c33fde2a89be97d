#!/usr/bin/env python3
"""Writes the first inputs of a target: seeds.py parser|multipart FOLDER. The first byte of each says where the rest is cut."""

import pathlib
import sys

REQUESTS = [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nGET http://a:80/b%20c?d=e HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabcGET / HTTP/1.1\r\nHost: [::1]\r\n\r\n",
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a="b;\\"c"\r\nabc\r\n0\r\nA: b\r\n\r\n',
    "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close, x\r\n\r\n",
    "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
]
FORMS = [
    '--b\r\nContent-Disposition: form-data; name="a"; filename="x"\r\nContent-Type: image/png\r\n\r\nabc\r\n--b--\r\n',
    "x\r\n--b \t\r\nContent-Disposition: form-data; name*=UTF-8''%e2%82%ac\r\n\r\n\r\n--b\r\n"
    'content-disposition:form-data;name="c\\"d"\r\n\r\n\r\n--b-\r\n--b--  \r\nend',
]

target, folder = sys.argv[1], pathlib.Path(sys.argv[2])
for number, text in enumerate(REQUESTS if target == "parser" else FORMS):
    (folder / f"seed-{number}").write_bytes(bytes([number * 37 % 256]) + text.encode())
