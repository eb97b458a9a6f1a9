# SPDX-License-Identifier: Apache-2.0
"""Every status of every operation in openapi.yaml, met on purpose.

usage: statuses.py DOCUMENT URL SMALL_URL

Generated requests seldom meet some of them, such as 414. So each row below
brings one about, and its response passes the checks of schemathesis and of
hooks.py. SMALL_URL is a service with so little memory that it soon ends. A
status that is documented but in no row is a failure, and so is the opposite.
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

# Where these come about only if malloc() fails, or at sixteen slow readers of
# very long lists: tests/fault and tests/integration/test_list_stream.c.
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


# Values at the edge of what a field may be, on either side of it: in a batch,
# where hooks.py holds each line to the document. Numbers are as they are sent.
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
    """A line for each of these values in its field, the others as usual."""
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


# What makes a request what it is to be: arguments of Case, and of its call.
# A second Content-Length cannot be had from this client; an encoding of the
# body that is none of HTTP's is as malformed.
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
        # schemathesis takes a list for one value that servers may pick from.
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
    """Method, path, status, and how to come by it, in order."""
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


def meet(schema, url, method, path, status, how):
    """One row; what is wrong with it, or None."""
    arguments, call = how
    case = make_case(schema, method, path, arguments)
    response = case.call(base_url=url, **call)
    if response.status_code != status:
        return f"got {response.status_code}, not {status}: {response.text[:200]}"
    # The check is that there is no 5xx; this one is documented and wanted.
    excluded = [not_a_server_error] if status == 503 else []
    try:
        case.validate_response(response, excluded_checks=excluded)
    except BaseException as failure:  # a group of failures is no Exception
        return str(failure)
    return None


def meet_other_method(schema, url, method, path):
    """405, of which the document says all but the methods it is for."""
    case = make_case(schema, method, path, {})
    case.method = "DELETE"
    response = case.call(base_url=url)
    if response.status_code != 405:
        return f"DELETE got {response.status_code}, not 405"
    try:
        case.validate_response(response)
    except BaseException as failure:
        return str(failure)
    return None


def fill(url):
    """Rockets until memory ends."""
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
    sys.exit("a million rockets, and memory has not ended")


def refused(url):
    """A message for which there is no memory.

    There may still be room for some, in parts of the table where the last
    block that was allocated is not full.
    """
    for number in range(100000):
        new = message(1, channel=f"{number:x>128}")
        response = hooks.session.post(
            f"{url}/messages", json=new, timeout=hooks.TIMEOUT
        )
        if response.status_code == 503:
            return new
    sys.exit("100,000 rockets more, and memory has not ended")


def memory_rows(schema, url):
    """503, for a message and for a batch, where memory has ended."""
    fill(url)
    new = refused(url)
    body = "\n".join([json.dumps(message(1)), json.dumps(new)])
    for how in (
        ({"body": new, "media_type": "application/json"}, {}),
        ({"body": body, "media_type": hooks.NDJSON}, {}),
    ):
        wrong = meet(schema, url, "POST", "/messages", 503, how)
        yield "POST", "/messages", 503, wrong


def outcomes(schema, url, small_url):
    for method, path, status, how in rows():
        yield method, path, status, meet(schema, url, method, path, status, how)
    for method, path in [("POST", "/messages")] + [("GET", path) for path in PATHS]:
        yield method, path, 405, meet_other_method(schema, url, method, path)
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
        print(*what, "is documented but not met, or met but not documented")
    print(
        f"statuses: {count} requests for the {len(promised)} that are documented, "
        f"{len(promised - met)} of them only in other tests; {failures} failures"
    )
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
