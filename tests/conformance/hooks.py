# SPDX-License-Identifier: Apache-2.0
"""Data and checks for schemathesis beyond what openapi.yaml can express.

Hooks add the rules of strict.py, define how batches are written and provide
cursors and revisions. Checks test what the document says in prose: the counts of a batch, and
that responses have only documented statuses and headers.
"""

import copy
import gzip
import json
import os
import re
import sys
from pathlib import Path
from urllib.parse import urlencode, urlsplit

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "lib")]

import jsonschema_rs
import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.generation.meta import CoverageScenario, coverage_scenario
from schemathesis.openapi.checks import RejectedPositiveData

from client import JSON, NDJSON, Client
from strict import PROBLEM, tighten

MAX_LINE = 65536
MAX_TARGET = 8192  # longer ones are refused
BATCHES = (NDJSON, "application/ndjson", "application/jsonl", "application/jsonlines")

# Headers of HTTP itself, in every response, so not in the document.
TRANSPORT_HEADERS = {"connection", "content-length", "content-type", "date",
                     "keep-alive", "transfer-encoding"}

# For the hooks' own requests; a service without tokens ignores it.
PERMITTED = f"Authorization: Bearer {os.environ.get('CONFORMANCE_TOKEN', 'none')}\r\n"

message_validator = None


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Tighten the document, keep its schema of a message, and make batches
    arrays, and the document and events objects.

    In the document a batch is a string, for human readers. Here it is an
    array, so that valid and invalid lines are generated; write_batch() writes
    one value a line. The YAML of the document and each event of a stream, strings
    for clients, are parsed before they are checked.
    """
    global message_validator
    tighten(raw_schema)
    components = copy.deepcopy(raw_schema["components"])
    # Their limits count bytes, which JSON Schema cannot express.
    for name in ("RocketId", "Name"):
        components["schemas"][name]["format"] = name
    limits = {name: components["schemas"][name]["maxLength"]
              for name in ("RocketId", "Name")}
    message_validator = jsonschema_rs.Draft202012Validator(
        {"$ref": "#/components/schemas/Message", "components": components},
        validate_formats=True,
        formats={name: lambda text, limit=limit: len(text.encode()) <= limit
                 for name, limit in limits.items()})
    raw_schema["components"]["schemas"]["Batch"] = {
        "type": "array",
        "items": {"anyOf": [{"$ref": "#/components/schemas/Message"}, {}]}}
    for path, media_type in (("/openapi.yaml", "application/yaml"),
                             ("/events", "text/event-stream")):
        response = raw_schema["paths"][path]["get"]["responses"]["200"]
        response["content"][media_type]["schema"] = {"type": ["object", "string"]}


def is_gzip(headers):
    return (headers or {}).get("Content-Encoding") in ("gzip", "x-gzip")


def coded(context, body):
    """Compress the body if the generated header says that it is."""
    return gzip.compress(body, mtime=0) if is_gzip(context.case.headers) else body


@schemathesis.serializer(JSON)
def write_message(context, value):
    return coded(context, value if isinstance(value, bytes) else json.dumps(value).encode())


@schemathesis.serializer(*BATCHES)
def write_batch(context, value):
    """Write a batch. Examples are text already. Line ends and escaping vary."""
    if isinstance(value, str):
        return coded(context, value.encode())
    values = value if isinstance(value, list) else [value]
    end = "\r\n" if len(values) % 2 == 0 else "\n"
    lines = [json.dumps(each, ensure_ascii=len(values) > 2) for each in values]
    return coded(context, (end.join(lines) + end * (len(values) % 3)).encode())


def sent_lines(response):
    """The lines of the batch that was sent, with their numbers, but no blank ones."""
    body = response.request.body or b""
    body = body.encode() if isinstance(body, str) else body
    body = gzip.decompress(body) if is_gzip(response.request.headers) else body
    return [(number, line.removesuffix(b"\r"))
            for number, line in enumerate(body.split(b"\n"), 1) if line.strip(b" \t\r")]


def is_message_text(line):
    if len(line) > MAX_LINE:
        return False
    try:
        return message_validator.is_valid(json.loads(line))
    except ValueError:
        return False


def is_negated(case, parameter):
    data = case.meta.phase.data if case.meta is not None else None
    return data is not None and parameter in {
        data.parameter, *(each.parameter for each in data.mutations)}


CHANGES = {"since", "wait"}


def settle_changes(case, client):
    """Make a query of changes a valid one, unless it is invalid on purpose.

    Only the service knows valid revisions, and since goes with limit and wait
    alone, which no schema can express. From revision 0 on something has changed,
    so that no request waits.
    """
    query = case.query
    # The rows of run.py are meant as they are.
    if case.meta is None or not CHANGES & query.keys():
        return
    negative = case.meta.generation.mode.is_negative
    if negative and any(is_negated(case, name) for name in CHANGES):
        return
    if query.keys() - CHANGES - {"limit"}:
        for name in CHANGES & query.keys():
            del query[name]
        return
    query["since"] = client.ask("GET", "/fleet", fields=PERMITTED).json()["start"] + "-0"


def settle_events(case):
    """Leave out ids if the event that they are for was not chosen: a rule that no
    schema of parameters can express. Not those that are invalid on purpose: the
    query would be a valid one then."""
    query = case.query
    if is_negated(case, "id"):
        return
    if "id" in query and "rockets" not in query.get("events", "rockets"):
        del query["id"]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Replace a generated cursor by a valid one for the same list, and a revision
    by one of this service.

    Only the service makes valid cursors, which no schema can express. A cursor
    that is invalid on purpose is kept. If another parameter is invalid on
    purpose, the request must not be refused because of its cursor.
    """
    query = case.query
    if not isinstance(query, dict):
        return
    if case.operation.label == "GET /events":
        settle_events(case)
    if case.operation.label != "GET /rockets":
        return
    base_url = kwargs.get("base_url") or case.operation.schema.get_base_url()
    client = Client(urlsplit(base_url).port)  # connects when it is used
    settle_changes(case, client)
    if "cursor" not in query or is_negated(case, "cursor"):
        return
    del query["cursor"]
    first = urlencode({name: value for name, value in {**query, "limit": 1}.items()
                       if value is not None}, doseq=True)
    answer = client.ask("GET", f"/rockets?{first}", fields=PERMITTED)
    found = re.search(r"[?&]cursor=([^&>]*)>", answer.fields.get("link", ""))
    if found:
        query["cursor"] = found[1]


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drop failures of assumptions that contradict the document.

    A batch is refused only if no line is a message: bad lines are counted, and
    batch_counts_lines checks both. A name within its limit in characters but not
    in bytes must be refused. A Content-Encoding that lists no coding is none (RFC
    9110 section 5.6.1). A target that fits no buffer is refused by the HTTP library,
    with a text of its own.
    """
    target = urlsplit(response.request.url)
    if response.status_code == 414 and len(target.path + target.query) > MAX_TARGET:
        return False
    if isinstance(failure, AcceptedNegativeData):
        coding = (case.headers or {}).get("Content-Encoding", "gzip")
        return not (case.media_type in BATCHES and response.status_code == 202
                    or not coding.strip(" \t,"))
    if isinstance(failure, RejectedPositiveData) and case.path == "/login":
        # Other members may make it longer than it may be, which no schema says.
        return not (response.status_code == 413 and len(response.request.body) > 1024)
    if isinstance(failure, RejectedPositiveData):
        return not (response.status_code == 400 and (
            case.media_type == JSON and not message_validator.is_valid(case.body)
            or case.media_type in BATCHES and "errors" in response.json()))
    return True


def is_method_probe(case):
    return coverage_scenario(case) == CoverageScenario.UNSPECIFIED_HTTP_METHOD


@schemathesis.check
def response_is_documented(context, response, case):
    """The exact status must be documented, not only `default`; and each header."""
    if is_method_probe(case):
        return
    responses, status = case.operation.responses, response.status_code
    assert str(status) in responses.status_codes, f"{status} is not documented"
    headers = responses.find_by_status_code(status).headers
    unknown = (set(response.headers) - {name.lower() for name, _ in headers.items()}
               - TRANSPORT_HEADERS)
    assert not unknown, f"{status} has undocumented {sorted(unknown)}"


@schemathesis.check
def request_id_is_returned(context, response, case):
    """If it was sent and is valid; else a problem has one that was made."""
    sent = response.request.headers.get("X-Request-Id") or ""
    sent = (sent.encode("latin-1") if isinstance(sent, str) else sent).strip(b" \t")
    [returned] = response.headers.get("x-request-id", [None])
    problem = response.headers.get("content-type") == [PROBLEM]
    if re.fullmatch(rb"[!-~]{1,128}", sent):
        assert returned == sent.decode(), f"{sent} was sent, {returned} returned"
    elif problem:
        assert re.fullmatch("[0-9a-f]{32}", returned or ""), f"made: {returned}"
    else:
        assert returned is None, f"not sent, but returned: {returned}"
    if problem and response.content:
        assert response.json().get("requestId") == returned, "header and member differ"


@schemathesis.check
def batch_counts_lines(context, response, case):
    if (case.media_type not in BATCHES or response.status_code not in (202, 400)
            or is_method_probe(case) or "errors" not in response.json()):
        return
    try:
        sent = sent_lines(response)
    except EOFError:
        return  # a row of run.py: how many lines were complete is not known here
    rejected = [number for number, line in sent if not is_message_text(line)]
    receipt = response.json()
    counts = [receipt[name] for name in ("applied", "duplicate", "stale")]
    lines = [error["line"] for error in receipt["errors"]]
    assert lines == rejected[:100], f"lines {lines} rejected, expected {rejected[:100]}"
    assert receipt["rejected"] == len(rejected)
    assert sum(counts) == len(sent) - len(rejected), f"{counts}, {len(sent)} lines sent"
    refused = len(rejected) > 0 and sum(counts) == 0
    assert response.status_code == (400 if refused else 202)
