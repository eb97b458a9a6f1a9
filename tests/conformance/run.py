# SPDX-License-Identifier: Apache-2.0
"""Test the running service against its own openapi.yaml: every status of every
operation on purpose, then generated requests with schemathesis and hooks.py.
scripts/conformance.sh is the usual way to run it.

usage: run.py PROGRAM FOLDER EXAMPLES SEED

Generated requests seldom get some statuses, such as 414. Each row below causes
one status, and its response must pass the same checks. A documented status
without a row is a failure, and so is a row whose status is not documented.
Reports and logs are written to FOLDER. Exit status 1 if a test failed.
"""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import hooks  # its checks are applied to all responses, and finds tests/lib
import jsonschema_rs
import schemathesis
from client import JSON, NDJSON, Client
from schemathesis.checks import not_a_server_error
from service import START_SECONDS, Service

MAX_BODY = 65536
KNOWN_ID = "07498283-aa94-4b46-a933-0c44e1a3ff7a"
PATHS = ["/rockets", "/rockets/{id}", "/rockets/{id}/gaps", "/fleet", "/events",
         "/health", "/health/ready", "/snapshot", "/metrics", "/openapi.yaml", "/swagger",
         "/", "/session"]
POSTS = ["/messages", "/login", "/logout"]
# Of -tokens: NAME, and what its scopes are; the token is the name with a suffix.
TOKENS = {"all": "ingest,read,metrics,admin", "reader": "read", "sender": "ingest"}

# Statuses that occur only if malloc() fails, or with sixteen slow readers of
# very long lists: see tests/fault and tests/integration/test_list_stream.c. One
# for a POST without Content-Length, which this client always sends: see
# tests/integration/test_http_framing.c. One of builds without the dashboard: see
# tests/integration/test_api_routes.c. And those of a snapshot, which only
# instances on a topic have: see tests/unit/api/test_snapshot.c.
ELSEWHERE = {("GET", path, 503) for path in PATHS} | {
    ("POST", path, 501) for path in POSTS} | {
    ("POST", "/login", 503), ("POST", "/logout", 503), ("GET", "/", 302),
    ("GET", "/snapshot", 200)}


def line(number, channel=KNOWN_ID, time="2022-02-02T19:39:05.86337+01:00"):
    """A message; the number is given as text."""
    return (f'{{"metadata":{{"channel":{json.dumps(channel)},"messageNumber":{number},'
            f'"messageTime":"{time}","messageType":"RocketLaunched"}},"message":'
            '{"type":"Falcon-9","launchSpeed":500,"mission":"ARTEMIS"}}').encode()


# Valid and invalid values of metadata, in a batch, where hooks.py checks each
# line against the document. unit.domain.test_message_parse has payloads.
NUMBERS = ["0", "1", "1.0", "1e3", "1.5", "-1", "9007199254740991", "9007199254740992"]
CHANNELS = ["", "a", "\u00e9" * 64, "\u00e9" * 65, "a" * 128, "a" * 129, "\x7f", "\x80"]
TIMES = [
    "2022-02-29T19:39:05Z", "2024-02-29T19:39:05Z", "1900-02-29T19:39:05Z",
    "2000-02-29t19:39:05z", "2022-04-31T19:39:05Z", "0000-01-01T00:00:00Z",
    "2022-02-02T24:00:00Z", "2022-02-02T19:60:00Z", "2022-02-02T19:39:05+24:00",
    "9999-12-31T23:59:59.999999999-23:59", "2022-02-02T19:39:05.1234567890Z",
    "2016-12-31T23:59:60Z", "2016-12-31T22:59:60Z", "2017-01-01T00:59:60+01:00",
    "2022-02-02T19:39:05.Z", "2022-02-02T19:39:05", "2022-02-02 19:39:05Z"]
EDGES = b"\n".join([*map(line, NUMBERS), *(line(10, channel) for channel in CHANNELS),
                    *(line(10, time=time) for time in TIMES)])

# Requests: arguments of Case, and those of its call(): headers, params, data.
# This client cannot send two Content-Length headers; to apply chunked twice is
# malformed as well.
MALFORMED = {"headers": {"Transfer-Encoding": "chunked, chunked"}}
UNKNOWN_CODING = {"headers": {"Transfer-Encoding": "gzip"}}
EXPECTING = {"headers": {"Expect": "200-ok"}}
LONG_BODY = {"data": b"x" * (MAX_BODY + 1)}
LONG_TARGET = {"params": {"unknown": "x" * 8192}}
MISDIRECTED = {"headers": {"Host": "elsewhere.example"}}
CROSSING = {"headers": {"Sec-Fetch-Site": "cross-site"}}
CURRENT = {"headers": {"If-None-Match": "*"}}
PLAIN = {"headers": {"Accept-Encoding": "identity"}}
PACKED = {"Content-Encoding": "gzip"}
GZIPPED = {"headers": {"Accept-Encoding": "gzip"}}
ONE = {"query": {"limit": 1}}
# Values that the document forbids in words: the first example of a response, and
# the members that make it wrong. strict.py must see that.
FORBIDDEN = [
    ("/messages", "202", {"processed": False}), ("/messages", "202", {"result": "stale"}),
    ("/messages", "202", {"other": 1}), ("/messages", "400", {"applied": 1}),
    ("/messages", "400", {"status": 404}), ("/messages", "400", {"title": "Error"}),
    ("/messages", "400", {"type": "/errors"}), ("/messages", "403", {"status": 400}),
    ("/messages", "405", {"title": "Error"}), ("/messages", "405", {"other": 1}),
    ("/messages", "400", {"requestId": ""}), ("/messages", "403", {"requestId": "a b"}),
    ("/rockets/{id}", "200", {"reason": "r"}), ("/rockets/{id}", "200", {"mission": None}),
    ("/rockets/{id}", "200", {"type": None}), ("/rockets/{id}", "200", {"createdAt": None}),
    ("/rockets/{id}", "200", {"status": "exploded"}), ("/rockets/{id}", "200", {"type": ""}),
    ("/rockets/{id}", "200", {"updatedAt": "2022-02-02T19:39:05.Z"}),
    ("/rockets/{id}", "200", {"revision": 0}), ("/rockets/{id}", "200", {"other": 1}),
    ("/health", "200", {"other": 1}),
    ("/rockets/{id}/gaps", "200", {"givenUp": {"upTo": 0, "count": 1}}),
    ("/rockets/{id}/gaps", "200", {"givenUp": {"upTo": 1, "count": 0}}),
    ("/rockets/{id}/gaps", "200", {"gaps": [{"from": 0, "to": 1}]}),
    ("/rockets/{id}/gaps", "200", {"gaps": [{"from": 1, "to": 1, "count": 1}]}),
    ("/fleet", "200", {"start": "1"}), ("/fleet", "200", {"other": 1}),
    ("/fleet", "200", {"speeds": [{"from": 0, "to": 100, "rockets": 0}]}),
    ("/fleet", "200", {"types": {"top": [{"name": "", "rockets": 1}], "otherNames": 0,
                                 "otherRockets": 0, "unknown": 0}}),
    ("/health", "200", {"status": "down"}), ("/health", "200", {"problems": [""]}),
    ("/health", "200", {"store": {"kept": True}}),
    ("/health", "200", {"store": {"kept": True, "position": 1, "bytes": 1}}),
    ("/health", "200", {"store": {"kept": True, "position": 1, "bytes": 1, "snapshot": {}}}),
    ("/health", "200", {"store": {"kept": False, "position": 1}}),
    ("/health", "200", {"store": {"kept": False, "snapshot": None}}),
    ("/health/ready", "200", {"status": "ok"}),
    ("/login", "200", {"scopes": ["all"]}), ("/login", "200", {"name": ""}),
    ("/login", "200", {"other": 1}), ("/login", "401", {"title": "Forbidden"}),
    ("/session", "200", {"tokens": False}), ("/session", "200", {"name": None}),
    ("/session", "200", {"other": 1})]
CASE = {"query", "body", "media_type", "path_parameters"}


def post(data, media_type=JSON, **call):
    return {"body": "", "media_type": media_type, "data": data, **call}


ROWS = {
    "/messages": [
        (202, post(line(1))), (202, post(line(1))), (202, post(line(3))),
        (202, post(line(4) + b"\r\n\n \t\r\n" + line(4), NDJSON)),
        (202, post(EDGES, NDJSON)), (202, post(b"", NDJSON)),
        (202, post(b"{}{}\n\xff\xfe\n[" + line(6) + b"]\n" + line(7), NDJSON)),
        (202, post(line(6) + b"\n[]" * 150, NDJSON)), (400, post(b"[]\n" * 150, NDJSON)),
        (202, post(gzip.compress(line(6)), headers=PACKED)),
        (202, post(gzip.compress(line(6)), "application/jsonl", headers=PACKED)),
        (400, post(gzip.compress(line(6))[:-1], NDJSON, headers=PACKED)),
        (415, post(line(6), headers={"Content-Encoding": "br"})),
        (202, post(line(8).ljust(MAX_BODY) + b"\n" + line(9).ljust(MAX_BODY + 1), NDJSON)),
        (400, MALFORMED), (400, post(b"")),
        (400, post(b"", headers={"X-Request-Id": "7f4a-1"})), (400, post(line(1) + line(2))),
        (403, post(line(9), headers={"Sec-Fetch-Site": "cross-site"})),
        (403, post(line(9), headers={"Origin": "http://elsewhere.example"})),
        (413, LONG_BODY), (414, post(line(1), **LONG_TARGET)),
        (417, post(line(9), **EXPECTING)), (421, post(line(9), **MISDIRECTED))],
    "/rockets": [
        (200, {}), (200, ONE), (304, CURRENT), (304, {**ONE, **CURRENT}),
        (400, {"query": {"sort": "name"}}),
        # A list sends the parameter twice. schemathesis takes it for one value,
        # from which a server may pick.
        (400, {"query": {"order": ["asc", "asc"]}}), (400, {"query": {"limit": [1, 2]}}),
        (410, {"query": {"since": "0123456789abcdef-1"}}), (400, {"query": {"wait": 1}}),
        (400, {"query": {"since": "0123456789abcdef-1", "sort": "speed"}})],
    "/rockets/{id}": [
        (200, {}), (304, CURRENT), (404, {"path_parameters": {"id": "nobody"}})],
    "/rockets/{id}/gaps": [
        (200, {}), (200, {"query": {"after": 1, "limit": 1}}), (304, CURRENT),
        (400, {"query": {"limit": 0}}), (404, {"path_parameters": {"id": "nobody"}})],
    "/fleet": [(200, {})],
    "/events": [
        (200, {}), (200, {"query": {"events": "rockets,summary", "interval": 1000}}),
        (200, {"query": {"id": ["a", "b"]}}),
        (200, {"headers": {"Last-Event-ID": "0123456789abcdef-1"}}),
        (400, {"query": {"events": "hello"}}), (400, {"query": {"interval": 150}}),
        (400, {"query": {"last_event_id": "1"}}),
        (403, {"headers": {"Sec-Fetch-Site": "cross-site"}})],
    "/health": [(200, {}), (200, {"headers": {"X-Request-Id": "7f4a-1"}})],
    "/health/ready": [
        (200, {}), (200, {"query": {"for": "ingest"}}), (400, {"query": {"for": "all"}})],
    "/snapshot": [(404, {})],
    "/metrics": [(200, PLAIN), (200, GZIPPED)],
    "/openapi.yaml": [(200, PLAIN), (200, GZIPPED), (304, CURRENT)],
    "/swagger": [(200, PLAIN), (200, GZIPPED), (304, CURRENT)],
    "/": [(200, PLAIN), (200, GZIPPED), (304, CURRENT)],
    "/session": [(200, {})],
    "/login": [(404, post(b"{}"))],
    "/logout": [(204, {}), (403, CROSSING)],
}


def token_of(name):
    return f"lunar_{name}".ljust(49, "0")


def bearer(name):
    return {"headers": {"Authorization": f"Bearer {token_of(name)}"}}


def login(token, **call):
    return post(json.dumps({"token": token}).encode(), **call)


# Of the service with tokens.
TOKEN_ROWS = {
    "/messages": [(202, post(line(1), **bearer("sender"))), (401, post(line(1))),
                  (401, post(line(1), **bearer("nobody"))),
                  (403, post(line(1), **bearer("reader")))],
    "/login": [(200, login(token_of("reader"))), (401, login(token_of("nobody"))),
               (400, login(1)), (400, post(b"{")), (400, post(b"{}", query={"a": 1})),
               (403, login(token_of("reader"), **CROSSING)),
               (413, post(b" " * 1025)), (414, post(b"{}", **LONG_TARGET)),
               (415, login("", headers={"Content-Type": "text/plain"})),
               (417, post(b"{}", **EXPECTING)), (421, post(b"{}", **MISDIRECTED)),
               (400, MALFORMED)],
    "/logout": [(204, {}), (413, LONG_BODY), (414, LONG_TARGET), (417, EXPECTING),
                (421, MISDIRECTED), (400, MALFORMED)],
    "/session": [(200, {}), (200, bearer("reader")), (200, bearer("nobody"))],
    "/health": [(200, {})],
    **{path: [(200 if path != "/snapshot" else 404, bearer("all")), (401, {}),
              (401, bearer("nobody")), (403, bearer("sender"))]
       for path in ("/rockets", "/rockets/{id}", "/rockets/{id}/gaps", "/fleet", "/events",
                    "/metrics", "/snapshot")},
}


def write_tokens(path):
    """The file of -tokens."""
    lines = [f"{name} sha256:{hashlib.sha256(token_of(name).encode()).hexdigest()} {scopes}\n"
             for name, scopes in TOKENS.items()]
    path.unlink(missing_ok=True)
    path.touch(0o600)
    path.write_text("".join(lines))


def send(schema, url, method, path, status, how):
    """Send the request of a row, or DELETE if its status is 405. Return what is
    wrong with the response, or None."""
    arguments = {name: value for name, value in how.items() if name in CASE}
    if path.startswith("/rockets/{id}"):
        arguments = {"path_parameters": {"id": KNOWN_ID}, **arguments}
    case = schema[path][method].Case(**arguments)
    case.method = "DELETE" if status == 405 else method
    response = case.call(base_url=url, **{
        name: value for name, value in how.items() if name not in CASE})
    if response.status_code != status:
        return f"expected {status}, got {response.status_code}: {response.text[:200]}"
    # This check rejects all 5xx; those of the rows are documented and expected.
    excluded = [not_a_server_error] if status >= 500 else []
    try:
        case.validate_response(response, excluded_checks=excluded)
    except BaseException as failure:  # a group of failures is not an Exception
        return str(failure)
    return None


def send_all(schema, rows):
    """Send the requests of all rows. Return how many failed."""
    failures = 0
    for row in rows:
        wrong = send(schema, *row)
        if wrong is not None:
            failures += 1
            print(*row[1:4], wrong)
    return failures


def changes_rows(service):
    """Rows of GET /rockets that need a revision of this service."""
    tag = Client(service.port).ask("GET", "/rockets?limit=1").fields["etag"]
    since = tag.removeprefix("W/").strip('"')
    first = since.partition("-")[0] + "-0"
    crossing = {"headers": {"Sec-Fetch-Site": "cross-site"}}
    rows = [(200, {"query": {"since": first}}), (200, {"query": {"since": first, "limit": 1}}),
            (200, {"query": {"since": first}, **GZIPPED}), (200, {"query": {"since": tag}}),
            (200, {"query": {"since": since, "wait": 1}}),
            (304, {"query": {"since": since}, "headers": {"If-None-Match": tag}}),
            (403, {"query": {"since": since, "wait": 1}, **crossing})]
    return [(service.url, "GET", "/rockets", *row) for row in rows]


def refused_message(service):
    """Launch rockets until memory is full. Return a message without room."""
    client = Client(service.port)
    for number in range(1000000):
        new = line(1, f"{number:x>128}")
        if client.ask("POST", "/messages", new, JSON).status == 503:
            return new
    raise AssertionError("a million rockets, and the memory limit is not reached")


def wait_for_snapshot(service):
    """So that its health has all members. It has got enough messages for one."""
    client = Client(service.port)
    end = time.monotonic() + START_SECONDS
    while client.ask("GET", "/health").json()["store"]["snapshot"] is None:
        if time.monotonic() > end:
            raise AssertionError("there is no snapshot")
        time.sleep(0.1)


def response_examples(schema):
    """Yield path, status, validator and examples of each response with content."""
    shared = schema["components"]["responses"]
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                response = shared.get(response.get("$ref", "").rpartition("/")[2], response)
                for content in response.get("content", {}).values():
                    values = [content["example"]] if "example" in content else [
                        each["value"] for each in content.get("examples", {}).values()
                        if "value" in each]
                    yield path, status, jsonschema_rs.Draft202012Validator(
                        {**content["schema"], "components": schema["components"]}), values


def rules_hold(document):
    """Return whether all examples of responses are valid, and all of FORBIDDEN are
    not."""
    wrong, rows = [], 0
    schema = schemathesis.openapi.from_path(document).raw_schema
    for path, status, validator, values in response_examples(schema):
        wrong += [f"{path} {status} {value}" for value in values
                  if not validator.is_valid(value)]
        changes = [row[2] for row in FORBIDDEN if row[:2] == (path, status)]
        wrong += [f"{path} {status} {change}" for change in changes
                  if validator.is_valid({**values[0], **change})]
        rows += len(changes)
    print(f"rules: {rows} values that must be refused; {len(wrong)} failures", *wrong, sep="\n")
    return rows == len(FORBIDDEN) and not wrong


def rows_of(service, table):
    return [(service.url, "POST" if path in POSTS else "GET", path, *row)
            for path, rows in table.items() for row in rows + [(405, {})]]


def run_rows(document, service, small, closed):
    """Send all rows; `small` has a small -max-memory, and a store, `closed` has
    tokens. Return whether all responses are as documented."""
    schema = schemathesis.openapi.from_path(document)
    rows = rows_of(service, ROWS) + rows_of(closed, TOKEN_ROWS)
    rows += [(service.url, "GET", path, status, how) for path in PATHS
             for status, how in [(400, MALFORMED), (413, LONG_BODY), (414, LONG_TARGET),
                                  (417, EXPECTING), (421, MISDIRECTED),
                                  (501, UNKNOWN_CODING)]]
    new = refused_message(small)
    wait_for_snapshot(small)
    # The single message last: in the batch what the first line has reserved counts
    # when the second one is refused, and not all of it is used, so there may be
    # room again.
    rows += [(small.url, "POST", "/messages", 503, how)
             for how in (post(line(1) + b"\n" + new, NDJSON), post(new))]
    rows += [(small.url, "GET", "/health", 200, {}), (small.url, "GET", "/health/ready", 200, {}),
             (small.url, "GET", "/health/ready", 503, {"query": {"for": "ingest"}})]
    failures = send_all(schema, rows)
    changes = changes_rows(service)  # of the state after all others
    failures += send_all(schema, changes)
    rows += changes
    promised = {(operation.method.upper(), operation.path, int(status))
                for operation in (result.ok() for result in schema.get_all_operations())
                for status in operation.responses.status_codes if status != "default"}
    met = {row[1:4] for row in rows}
    for what in sorted(promised ^ (met | ELSEWHERE)):
        failures += 1
        print(*what, "is documented without a row, or has a row but is not documented")
    print(f"statuses: {len(rows)} requests for the {len(promised)} that are documented, "
          f"{len(promised - met)} of them only in other tests; {failures} failures")
    return failures == 0


def run_schemathesis(document, service, examples, seed, token=None):
    """Return whether all generated requests passed, and none of the phases was
    empty. `token`: its name, sent with all requests; "" for a service with tokens
    that gets none."""
    report = document.with_name("report.ndjson")
    command = (f"run {document} --url {service.url} --checks all --seed {seed} "
               f"--max-examples {examples} --no-color --report ndjson "
               f"--report-ndjson-path {report}")
    fields = ["--header", f"Authorization: Bearer {token_of(token)}"] if token else []
    if token == "":
        fields = ["--warnings", "off"]  # nearly all responses are 401
    done = subprocess.run([Path(sys.executable).with_name("schemathesis"), "--config-file",
                           Path(__file__).with_name("schemathesis.toml"), *command.split(),
                           *fields],
                          env={**os.environ, "CONFORMANCE_TOKEN": token_of("all")})
    events = map(json.loads, report.read_text(encoding="utf-8").splitlines())
    phases = {event["ScenarioFinished"]["phase"] for event in events
              if event.get("ScenarioFinished", {}).get("recorder", {}).get("checks")}
    return done.returncode == 0 and phases == {
        "examples", "coverage", "fuzzing", "stateful"}


def main():
    program, folder, examples, seed = sys.argv[1:]
    out = Path(folder)
    data = out / "data"
    shutil.rmtree(data, ignore_errors=True)
    write_tokens(out / "tokens")
    with Service(program, out / "service.log", "-log-level=warn") as service, Service(
            program, out / "small.log", "-log-level=warn", "-max-memory=2M",
            f"-data={data}", "-snapshot=1M") as small, Service(
            program, out / "closed.log", "-log-level=warn",
            f"-tokens={out / 'tokens'}") as closed:
        # From a file, as schemathesis does not test the operation from which it
        # loads a document.
        document = out / "openapi.yaml"
        document.write_bytes(Client(service.port).ask("GET", "/openapi.yaml").body)
        few = str(min(int(examples), 50))
        passed = [rules_hold(document), run_rows(document, service, small, closed),
                  run_schemathesis(document, service, examples, seed),
                  run_schemathesis(document, closed, few, seed, "all"),
                  run_schemathesis(document, closed, few, seed, "")]
        faults = service.stop() + small.stop() + closed.stop()
    print(*faults, sep="\n", end="")
    return 0 if all(passed) and not faults else 1


if __name__ == "__main__":
    sys.exit(main())
