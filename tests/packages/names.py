#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A DNS server on 127.0.0.1:53 for image.sh: each name is 127.0.0.1, but those that
begin with "hosts", which have no address (RFC 1035)."""
import socket

A, IN, RESPONSE, HEADER = 1, 1, 0x8180, 12


def answer(query):
    """The header and the question of the query, and the address if it asks for it."""
    end = query.index(b"\0", HEADER) + 5
    question = query[HEADER:end]
    kind = int.from_bytes(question[-4:-2], "big")
    known = kind == A and not question[1:].startswith(b"hosts")
    record = b"" if not known else (
        b"\xc0\x0c" + A.to_bytes(2, "big") + IN.to_bytes(2, "big") +
        bytes(4) + (4).to_bytes(2, "big") + socket.inet_aton("127.0.0.1"))
    counts = (1).to_bytes(2, "big") + (record != b"").to_bytes(2, "big") + bytes(4)
    return query[:2] + RESPONSE.to_bytes(2, "big") + counts + question + record


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 53))
    while True:
        data, sender = server.recvfrom(512)
        server.sendto(answer(data), sender)
