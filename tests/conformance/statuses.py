# SPDX-License-Identifier: Apache-2.0
"""Get every status of every operation in openapi.yaml on purpose.

usage: statuses.py DOCUMENT URL SMALL_URL

Generated requests seldom get some of them, such as 414. Each row below causes
one status, and its response must pass the checks of schemathesis and hooks.py.
SMALL_URL is a service with a small -max-memory, which is soon reached. A
documented status without a row is a failure, and so is a row whose status is
not documented.
"""

import json
import sys

import hooks
import requests
import schemathesis
from schemathesis.checks import not_a_server_error

MAX_BODY = 65536
MAX_TARGET = 8192
KNOWN_ID = "193270a9-c9cf-404a-8f83-838e71d9ae67"
PATHS = ["/rockets", "/rockets/{id}", "/health", "/openapi.yaml", "/swagger", "/"]

# Statuses that occur only if malloc() fails, or with sixteen slow readers of
# very long lists: see tests/fault and tests/integration/test_list_stream.c.
ELSEWHERE = {("GET", path, 503) for path in PATHS}


def message(number, channel=KNOWN_ID):
    return {
        "metadata": {
            "channel": channel,
            "messageNumber": number,
            "messageTime": "2022-02-02T19:39:05.86337+01:00",
            "messageType": "RocketLaunched",
        },
        "message": {"type": "Falcon-9", "launchSpeed": 500, "mission": "ARTEMIS"},
    }


def line(number, **other):
    return json.dumps(message(number, **other)).encode()


# Values at the limits of fields, valid and invalid. They are sent in a batch,
# where hooks.py checks each line against the document. Numbers are given as
# sent.
TIMES = [
    "2022-02-28T19:39:05Z",
    "2022-02-29T19:39:05Z",
    "2022-02-30T19:39:05Z",
    "2024-02-29T19:39:05Z",
    "1900-02-29T19:39:05Z",
    "2000-02-29t19:39:05z",
    "2022-04-31T19:39:05Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999-23:59",
    "2016-12-31T23:59:60Z",
    "2017-01-01T00:59:60+01:00",
    "2016-12-31T22:59:60Z",
    "2016-12-31T23:59:61Z",
    "2022-02-02T24:00:00Z",
    "2022-02-02T19:60:00Z",
    "2022-02-02T19:39:05+24:00",
    "2022-02-02T19:39:05.1234567890Z",
    "2022-02-02T19:39:05.Z",
    "2022-02-02T19:39:05",
    "2022-02-02 19:39:05Z",
]
NUMBERS = ["0", "1", "1.0", "1e3", "1.5", "-1", "9007199254740991", "9007199254740992"]
SPEEDS = ["0", "-0", "-1", "1000000000", "1000000001", "1e9", "0.5", "null", '"1"']
TEXTS = ["", "a", "\u00e9" * 64, "\u00e9" * 65, "a" * 128, "a" * 129, "\x7f", "\x80", "\n"]
NAMES = TEXTS + ["\u20ac" * 85, "\u20ac" * 86, "a" * 256, "a" * 257]


def edges():
    """Yield a line for each of these values in its field; others are valid."""
    usual = line(10).decode()
    fields = [
        ('"messageTime": "2022-02-02T19:39:05.86337+01:00"', map(json.dumps, TIMES)),
        ('"messageNumber": 10', NUMBERS),
        ('"launchSpeed": 500', SPEEDS),
        (f'"channel": "{KNOWN_ID}"', map(json.dumps, TEXTS)),
        ('"type": "Falcon-9"', map(json.dumps, NAMES)),
        ('"mission": "ARTEMIS"', map(json.dumps, NAMES)),
    ]
    for field, values in fields:
        name = field.partition(":")[0]
        for value in values:
            yield usual.replace(field, f"{name}: {value}").encode()


# Each request: arguments of Case, and of its call(). This client cannot send
# two Content-Length headers; a transfer coding that is not one of HTTP is
# malformed as well.
MALFORMED = ({}, {"headers": {"Transfer-Encoding": "gzip"}})
LONG_BODY = ({}, {"data": b"x" * (MAX_BODY + 1)})
LONG_TARGET = ({}, {"params": {"unknown": "x" * MAX_TARGET}})
CURRENT = ({}, {"headers": {"If-None-Match": "*"}})
PLAIN = ({}, {"headers": {"Accept-Encoding": "identity"}})
GZIPPED = ({}, {"headers": {"Accept-Encoding": "gzip"}})


def post(number, **call):
    return ({"body": message(number), "media_type": "application/json"}, call)


def batch(data):
    return ({"body": "", "media_type": hooks.NDJSON}, {"data": data})


def from_site(**headers):
    return post(9, headers=headers)


POSTS = [
    (202, post(1)),
    (202, post(1)),
    (202, post(3)),
    (202, batch(line(4) + b"\n" + line(5) + b"\r\n\n \t\r\n" + line(4))),
    (202, batch(b"\n".join(edges()))),
    (202, batch(b"")),
    (202, batch(b'{"metadata":\n\xff\xfe\n{}{}\n[' + line(6) + b"]\n" + line(7))),
    (202, batch(b"\n".join([b"[]"] * 150))),
    (202, batch(line(8).ljust(MAX_BODY) + b"\n" + line(9).ljust(MAX_BODY + 1))),
    (400, MALFORMED),
    (400, post(1, data=b"")),
    (400, post(1, data=line(1) + line(2))),
    (403, from_site(**{"Sec-Fetch-Site": "cross-site"})),
    (403, from_site(Origin="http://elsewhere.example")),
    (413, LONG_BODY),
    (414, post(1, **LONG_TARGET[1])),
]

NOTHING = ({}, {})
GETS = {
    "/rockets": [
        (200, NOTHING),
        (200, ({"query": {"limit": 1}}, {})),
        (304, CURRENT),
        (304, ({"query": {"limit": 1}}, CURRENT[1])),
        (400, ({"query": {"sort": "name"}}, {})),
        # A list sends the parameter twice. schemathesis takes it for one value,
        # from which a server may pick.
        (400, ({"query": {"order": ["asc", "asc"]}}, {})),
        (400, ({"query": {"limit": [1, 2]}}, {})),
    ],
    "/rockets/{id}": [(200, NOTHING), (304, CURRENT)],
    "/health": [(200, NOTHING)],
    "/openapi.yaml": [(200, PLAIN), (200, GZIPPED), (304, CURRENT)],
    "/swagger": [(200, PLAIN), (200, GZIPPED), (304, CURRENT)],
    "/": [(302, NOTHING)],
}


def rows():
    """Yield method, path, status and request, in order."""
    for status, how in POSTS:
        yield "POST", "/messages", status, how
    for path in PATHS:
        for status, how in GETS[path]:
            yield "GET", path, status, how
        yield "GET", path, 400, MALFORMED
        yield "GET", path, 413, LONG_BODY
        yield "GET", path, 414, LONG_TARGET
    yield "GET", "/rockets/{id}", 404, ({"path_parameters": {"id": "nobody"}}, {})


def make_case(schema, method, path, arguments):
    if path == "/rockets/{id}":
        arguments = {"path_parameters": {"id": KNOWN_ID}, **arguments}
    return schema[path][method].Case(**arguments)


def run_row(schema, url, method, path, status, how):
    """Send one row. Return what is wrong with the response, or None."""
    arguments, call = how
    case = make_case(schema, method, path, arguments)
    response = case.call(base_url=url, **call)
    if response.status_code != status:
        return f"expected {status}, got {response.status_code}: {response.text[:200]}"
    # This check rejects all 5xx; a 503 is documented and expected here.
    excluded = [not_a_server_error] if status == 503 else []
    try:
        case.validate_response(response, excluded_checks=excluded)
    except BaseException as failure:  # a group of failures is not an Exception
        return str(failure)
    return None


def run_other_method(schema, url, method, path):
    """Send a method that is not documented; it must get the documented 405."""
    case = make_case(schema, method, path, {})
    case.method = "DELETE"
    response = case.call(base_url=url)
    if response.status_code != 405:
        return f"DELETE: expected 405, got {response.status_code}"
    try:
        case.validate_response(response)
    except BaseException as failure:
        return str(failure)
    return None


def fill_memory(url):
    """Launch rockets until the memory limit is reached."""
    for start in range(0, 1000000, 10000):
        numbers = range(start, start + 10000)
        body = b"\n".join(line(1, channel=f"filler-{n}") for n in numbers)
        response = requests.post(
            f"{url}/messages",
            data=body,
            headers={"Content-Type": hooks.NDJSON},
            timeout=hooks.TIMEOUT,
        )
        if response.status_code == 503:
            return
    sys.exit("a million rockets, and the memory limit is not reached")


def refused_message(url):
    """Return a message for which there is no memory.

    Some messages may still fit, in parts of the table where the last allocated
    block is not full.
    """
    for number in range(100000):
        new = message(1, channel=f"{number:x>128}")
        response = hooks.session.post(
            f"{url}/messages", json=new, timeout=hooks.TIMEOUT
        )
        if response.status_code == 503:
            return new
    sys.exit("100,000 more rockets, and the memory limit is not reached")


def memory_rows(schema, url):
    """Yield rows for 503: a message and a batch when memory is full."""
    fill_memory(url)
    new = refused_message(url)
    body = "\n".join([json.dumps(message(1)), json.dumps(new)])
    for how in (
        ({"body": new, "media_type": "application/json"}, {}),
        ({"body": body, "media_type": hooks.NDJSON}, {}),
    ):
        wrong = run_row(schema, url, "POST", "/messages", 503, how)
        yield "POST", "/messages", 503, wrong


def outcomes(schema, url, small_url):
    for method, path, status, how in rows():
        yield method, path, status, run_row(schema, url, method, path, status, how)
    for method, path in [("POST", "/messages")] + [("GET", path) for path in PATHS]:
        yield method, path, 405, run_other_method(schema, url, method, path)
    yield from memory_rows(schema, small_url)


def documented(schema):
    for result in schema.get_all_operations():
        operation = result.ok()
        for status in operation.responses.status_codes:
            if status != "default":
                yield operation.method.upper(), operation.path, int(status)


def main():
    document, url, small_url = sys.argv[1:]
    schema = schemathesis.openapi.from_path(document)
    promised = set(documented(schema))
    met, failures, count = set(), 0, 0
    for method, path, status, wrong in outcomes(schema, url, small_url):
        count += 1
        met.add((method, path, status))
        if wrong is not None:
            failures += 1
            print(f"{method} {path} {status}: {wrong}")
    for what in sorted(promised ^ (met | ELSEWHERE)):
        failures += 1
        print(*what, "is documented without a row, or has a row but is not documented")
    print(
        f"statuses: {count} requests for the {len(promised)} that are documented, "
        f"{len(promised - met)} of them only in other tests; {failures} failures"
    )
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
