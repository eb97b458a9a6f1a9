# SPDX-License-Identifier: Apache-2.0
"""Data and checks for schemathesis beyond what openapi.yaml can express.

Hooks define how batches are written and provide cursors. Checks test what the
document says in prose: the responses to HEAD, OPTIONS and other methods, the
counts of a batch, that a receipt matches the message sent, and that responses
have only documented statuses and headers.
"""

import copy
import json

import jsonschema_rs
import requests
import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.generation.meta import CoverageScenario, coverage_scenario
from schemathesis.openapi.checks import RejectedPositiveData

NDJSON = "application/x-ndjson"
MAX_LINE = 65536
TIMEOUT = 20

# Headers of HTTP itself, in every response, so not in the document.
TRANSPORT_HEADERS = {
    "connection",
    "content-length",
    "content-type",
    "date",
    "transfer-encoding",
}

# These limits count bytes, which JSON Schema cannot express.
MAX_CHANNEL = 128
MAX_NAME = 256

session = requests.Session()
message_validator = None
payload_names = {}  # for each message type, the members that are a Name


def names_in_payloads(schemas):
    """Return, for each message type, the members that are a Name."""
    names = {}
    for kind in schemas["Metadata"]["properties"]["messageType"]["enum"]:
        payload = schemas[kind]["properties"]["message"]
        if "$ref" in payload:
            payload = schemas[payload["$ref"].rpartition("/")[2]]
        names[kind] = [
            name
            for name, value in payload["properties"].items()
            if value.get("$ref") == "#/components/schemas/Name"
        ]
    return names


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Keep the document's schema of a message, and make batches arrays.

    In the document a batch is a string, for human readers. Here it is an
    array, so that valid and invalid lines are generated; write_batch() writes
    one value a line.
    """
    global message_validator, payload_names
    document = copy.deepcopy(raw_schema)
    payload_names = names_in_payloads(document["components"]["schemas"])
    message_validator = jsonschema_rs.Draft202012Validator(
        {
            "$ref": "#/components/schemas/Message",
            "components": document["components"],
        },
        validate_formats=True,
    )
    raw_schema["components"]["schemas"]["Batch"] = {
        "type": "array",
        "items": {
            "anyOf": [{"$ref": "#/components/schemas/Message"}, {}],
        },
    }


@schemathesis.serializer(NDJSON)
def write_batch(context, value):
    """Write a batch. Examples are text already. Line ends and escaping vary."""
    if isinstance(value, str):
        return value.encode()
    values = value if isinstance(value, list) else [value]
    end = "\r\n" if len(values) % 2 == 0 else "\n"
    lines = [json.dumps(each, ensure_ascii=len(values) > 2) for each in values]
    return (end.join(lines) + end * (len(values) % 3)).encode()


def fits(text, limit):
    return len(text.encode()) <= limit


def is_message(value):
    """Return whether it is a message by the document."""
    if not message_validator.is_valid(value):
        return False
    metadata, payload = value["metadata"], value["message"]
    return fits(metadata["channel"], MAX_CHANNEL) and all(
        fits(payload[name], MAX_NAME)
        for name in payload_names[metadata["messageType"]]
    )


def is_message_text(line):
    if len(line) > MAX_LINE:
        return False
    try:
        return is_message(json.loads(line))
    except ValueError:
        return False


def is_negated(case, parameter):
    data = case.meta.phase.data if case.meta is not None else None
    return data is not None and (
        data.parameter == parameter
        or any(each.parameter == parameter for each in data.mutations)
    )


def next_cursor(base_url, query):
    """Return the cursor after the first rocket of such a list, or None."""
    response = session.get(
        f"{base_url.rstrip('/')}/rockets",
        params={**query, "limit": 1},
        timeout=TIMEOUT,
    )
    target = response.links.get("next", {}).get("url", "")
    return target.partition("cursor=")[2] or None


@schemathesis.hook
def before_call(context, case, kwargs):
    """Replace a generated cursor by a valid one for the same list.

    Only the service makes valid cursors, which no schema can express. A cursor
    that is invalid on purpose is kept. If another parameter is invalid on
    purpose, the request must not be refused because of its cursor.
    """
    query = case.query
    if (
        case.operation.label != "GET /rockets"
        or not isinstance(query, dict)
        or "cursor" not in query
        or is_negated(case, "cursor")
    ):
        return
    rest = {name: value for name, value in query.items() if name != "cursor"}
    base_url = kwargs.get("base_url") or case.operation.schema.get_base_url()
    cursor = next_cursor(base_url, rest)
    if cursor is None:
        del query["cursor"]
    else:
        query["cursor"] = cursor


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drop failures of two assumptions that contradict the document.

    A batch is not refused for its content: bad lines are counted, which
    batch_counts_lines checks. A name within its limit in characters but not in
    bytes must be refused.
    """
    if isinstance(failure, AcceptedNegativeData):
        return not (case.media_type == NDJSON and response.status_code == 202)
    if isinstance(failure, RejectedPositiveData):
        return not (
            case.media_type == "application/json"
            and response.status_code == 400
            and message_validator.is_valid(case.body)
            and not is_message(case.body)
        )
    return True


def is_method_probe(case):
    return coverage_scenario(case) == CoverageScenario.UNSPECIFIED_HTTP_METHOD


def methods_of(case):
    methods = {each.upper() for each in case.operation.schema[case.operation.path]}
    if "GET" in methods:
        methods.add("HEAD")
    return methods | {"OPTIONS"}


def allowed_by(response):
    (value,) = response.headers.get("allow", [""])
    return set(value.split(", "))


@schemathesis.check
def status_is_listed(context, response, case):
    """The exact status must be documented; `default` is not enough."""
    if not is_method_probe(case):
        status = str(response.status_code)
        documented = case.operation.responses.status_codes
        assert status in documented, f"{status} is not documented"


@schemathesis.check
def headers_are_documented(context, response, case):
    if response.request.method == "OPTIONS":
        documented = {"allow"}
    else:
        definition = case.operation.responses.find_by_status_code(response.status_code)
        if definition is None:  # status_is_listed fails
            return
        documented = {name.lower() for name, _ in definition.headers.items()}
    unknown = set(response.headers) - documented - TRANSPORT_HEADERS
    assert not unknown, f"{response.status_code} has undocumented {sorted(unknown)}"


@schemathesis.check
def options_gets_allow(context, response, case):
    if response.request.method == "OPTIONS":
        assert response.status_code == 204, f"OPTIONS got {response.status_code}"
        assert response.content == b""
        assert allowed_by(response) == methods_of(case), response.headers["allow"]


@schemathesis.check
def other_methods_get_405(context, response, case):
    """Check all of a 405; schemathesis checks its status and for any Allow."""
    if not is_method_probe(case) or response.request.method == "OPTIONS":
        return
    assert response.status_code == 405, f"got {response.status_code}"
    assert allowed_by(response) == methods_of(case), response.headers["allow"]
    assert response.headers["content-type"] == ["application/problem+json"]
    case.operation.validate_response(response)


def stable_headers(headers):
    """Return the headers that do not depend on connection or time."""
    return {
        name.lower(): value
        for name, value in headers.items()
        if name.lower() not in {"connection", "date", "transfer-encoding"}
    }


@schemathesis.check
def head_is_get_without_content(context, response, case):
    if response.request.method != "GET" or is_method_probe(case):
        return
    request = response.request.copy()
    request.method = "HEAD"
    head = session.send(request, allow_redirects=False, timeout=TIMEOUT)
    headers = stable_headers(response.headers)
    got = {name: values[0] for name, values in headers.items()}
    assert head.status_code == response.status_code, f"HEAD got {head.status_code}"
    sent = stable_headers(head.headers)
    assert sent == got, f"HEAD has {sent}, GET has {got}"
    assert head.content == b""


def rejected_lines(body):
    """Return the numbers of invalid lines, and how many are messages."""
    rejected, taken = [], 0
    for number, line in enumerate(body.split(b"\n"), start=1):
        line = line.removesuffix(b"\r")
        if line.strip(b" \t\r") == b"":
            continue
        if is_message_text(line):
            taken += 1
        else:
            rejected.append(number)
    return rejected, taken


def sent_body(response):
    body = response.request.body or b""
    return body.encode() if isinstance(body, str) else body


@schemathesis.check
def batch_counts_lines(context, response, case):
    if case.media_type != NDJSON or response.status_code != 202 or is_method_probe(case):
        return
    rejected, taken = rejected_lines(sent_body(response))
    receipt = response.json()
    counts = [receipt[name] for name in ("applied", "duplicate", "stale")]
    lines = [error["line"] for error in receipt["errors"]]
    assert lines == rejected[:100], f"lines {lines} rejected, expected {rejected[:100]}"
    assert receipt["rejected"] == len(rejected)
    assert sum(counts) == taken, f"{counts} counted, {taken} messages sent"


@schemathesis.check
def receipt_is_of_the_message(context, response, case):
    if (
        case.media_type != "application/json"
        or response.status_code != 202
        or is_method_probe(case)
    ):
        return
    receipt, body = response.json(), sent_body(response)
    assert is_message_text(body), "202 for an invalid message"
    metadata = json.loads(body)["metadata"]
    for name in ("channel", "messageNumber"):
        assert receipt[name] == metadata[name], f"{name} differs from the message"
