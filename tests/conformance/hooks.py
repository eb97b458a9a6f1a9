# SPDX-License-Identifier: Apache-2.0
"""What schemathesis is to know and to check beyond what openapi.yaml can say.

It has to be told how a batch is written and where cursors come from. The
checks hold the service to what the document says in words: what HEAD, OPTIONS
and other methods get, that a batch counts as it should, that a receipt is of
the message that was sent, and that nothing comes that is not documented.
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

# In every response by HTTP itself, and so not in the document.
TRANSPORT_HEADERS = {
    "connection",
    "content-length",
    "content-type",
    "date",
    "transfer-encoding",
}

# Limits of length count bytes, which JSON Schema cannot say.
MAX_CHANNEL = 128
MAX_NAME = 256

session = requests.Session()
message_validator = None
payload_names = {}  # for each message type, the members that are a Name


def names_in_payloads(schemas):
    """For each message type of the document, the members that are a Name."""
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
    """Keep the document's schema of a message, and give batches lines.

    In the document a batch is a string, for a reader. To have lines generated
    that are messages and lines that are not, it is an array here, which
    write_batch() writes a value a line.
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
    """Examples are text already. Ends of lines and escapes take turns."""
    if isinstance(value, str):
        return value.encode()
    values = value if isinstance(value, list) else [value]
    end = "\r\n" if len(values) % 2 == 0 else "\n"
    lines = [json.dumps(each, ensure_ascii=len(values) > 2) for each in values]
    return (end.join(lines) + end * (len(values) % 3)).encode()


def fits(text, limit):
    return len(text.encode()) <= limit


def is_message(value):
    """Whether the document calls it a message."""
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
    """The cursor behind the first rocket of such a list, or None."""
    response = session.get(
        f"{base_url.rstrip('/')}/rockets",
        params={**query, "limit": 1},
        timeout=TIMEOUT,
    )
    target = response.links.get("next", {}).get("url", "")
    return target.partition("cursor=")[2] or None


@schemathesis.hook
def before_call(context, case, kwargs):
    """A cursor is the service's own, of the very list that is asked for.

    No schema can say so, and one made up is refused. That is left as it is
    where the cursor is what is wrong on purpose; where another parameter is,
    the cursor must not be what the request is refused for.
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
    """Two things that checks assume, and the document says otherwise.

    A batch is never refused for what it holds: its bad lines are counted, and
    batch_counts_lines says whether rightly. And a name within its length in
    characters but not in bytes is to be refused.
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
    """`default`, where there is one, is not enough for what comes."""
    if not is_method_probe(case):
        status = str(response.status_code)
        assert status in case.operation.responses.status_codes, f"{status} is not"


@schemathesis.check
def headers_are_documented(context, response, case):
    if response.request.method == "OPTIONS":
        documented = {"allow"}
    else:
        definition = case.operation.responses.find_by_status_code(response.status_code)
        if definition is None:  # which status_is_listed tells of
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
    """Whole, where schemathesis looks for the status and for any Allow."""
    if not is_method_probe(case) or response.request.method == "OPTIONS":
        return
    assert response.status_code == 405, f"got {response.status_code}"
    assert allowed_by(response) == methods_of(case), response.headers["allow"]
    assert response.headers["content-type"] == ["application/problem+json"]
    case.operation.validate_response(response)


def lasting(headers):
    """Those that do not tell of the connection or the time."""
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
    got = {name: values[0] for name, values in lasting(response.headers).items()}
    assert head.status_code == response.status_code, f"HEAD got {head.status_code}"
    assert lasting(head.headers) == got, f"{lasting(head.headers)} is not {got}"
    assert head.content == b""


def rejected_lines(body):
    """The lines that are no messages, and how many are, by the document."""
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
    assert lines == rejected[:100], f"lines {lines} rejected, not {rejected[:100]}"
    assert receipt["rejected"] == len(rejected)
    assert sum(counts) == taken, f"{counts} of {taken} messages"


@schemathesis.check
def receipt_is_of_the_message(context, response, case):
    if (
        case.media_type != "application/json"
        or response.status_code != 202
        or is_method_probe(case)
    ):
        return
    receipt, body = response.json(), sent_body(response)
    assert is_message_text(body), "202 for what the document calls no message"
    metadata = json.loads(body)["metadata"]
    for name in ("channel", "messageNumber"):
        assert receipt[name] == metadata[name], f"{name} is another one"
