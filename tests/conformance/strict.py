# SPDX-License-Identifier: Apache-2.0
"""The rules of openapi.yaml that its schemas leave to its descriptions.

Generators of clients make unusable types of some schemas: alternatives that are
not types of their own, closed objects, rules for other members, a pattern for
times. The document says these rules in words. Here they are schemas again, so
that generated requests break them and responses are checked against them.
"""

PROBLEM = "application/problem+json"
TITLES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed",
    410: "Gone", 413: "Content Too Large", 414: "URI Too Long", 415: "Unsupported Media Type",
    417: "Expectation Failed", 421: "Misdirected Request", 501: "Not Implemented",
    503: "Service Unavailable"}

TIME_PATTERN = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]"
    r":([0-5][0-9]|60)(\.[0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$")

# The objects of responses: they have the documented members and no others. The
# other objects are those of messages.
CLOSED = ("Receipt", "BatchReceipt", "RejectedLine", "PostMessageProblem", "Rocket",
          "RocketGaps", "Gap", "GivenUp", "Fleet", "FleetRockets", "FleetMessages",
          "FleetMemory", "SpeedStep", "NameCounts", "NameCount", "Health", "StoreState",
          "ReplicaState", "SkippedRecords", "SkippedRecord", "SnapshotState", "Readiness", "Problem",
          "LoggedIn", "Session")
KEPT = ("position", "bytes", "snapshot")
COUNTS = ("applied", "duplicate", "stale", "rejected", "errors")


def _ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


def _name(reference):
    """What a reference refers to, or "" if it is none."""
    return reference.get("$ref", "").rpartition("/")[2]


def _alternatives(*choices):
    """Schemas of objects, each with the schemas of some members."""
    return [{"properties": choice} for choice in choices]


NULL, STRING = {"type": "null"}, {"type": "string"}


def tighten(document):
    """Add the rules to the schemas of `document`."""
    schemas = document["components"]["schemas"]
    _limit_values(schemas)
    _open_messages(schemas)
    _merge_messages(schemas)
    for name in CLOSED:
        schemas[name]["additionalProperties"] = False
    schemas["Receipt"]["oneOf"] = _alternatives(
        {"processed": {"const": True}, "result": {"const": "applied"}},
        {"processed": {"const": False}, "result": {"enum": ["duplicate", "stale"]}})
    schemas["Rocket"]["oneOf"] = _alternatives(
        {"status": {"const": "active"}, "reason": NULL},
        {"status": {"const": "exploded"}, "reason": STRING})
    schemas["Rocket"]["anyOf"] = _alternatives(
        {"type": NULL, "createdAt": NULL},
        {"type": STRING, "createdAt": STRING, "mission": STRING})
    schemas["GivenUp"]["oneOf"] = _alternatives(
        {"upTo": {"const": 0}, "count": {"const": 0}},
        {"upTo": {"minimum": 1}, "count": {"minimum": 1}})
    schemas["StoreState"]["oneOf"] = [
        {"properties": {"kept": {"const": True}}, "required": list(KEPT)},
        {"properties": {"kept": {"const": False}, **dict.fromkeys(KEPT, False)}}]
    schemas["Health"]["oneOf"] = [
        {"properties": {"replica": False}},
        {"properties": {"store": {"properties": {"kept": {"const": True}}}},
         "required": ["replica"]}]
    every = ["ingest", "read", "metrics", "admin"]
    schemas["Session"]["oneOf"] = [
        *_alternatives({"tokens": {"const": False}, "name": NULL, "expires": NULL,
                        "scopes": {"const": every}}),
        *_alternatives({"tokens": {"const": True}, "name": NULL, "expires": NULL}),
        *_alternatives({"tokens": {"const": True}, "name": STRING})]
    schemas["PostMessageProblem"]["oneOf"] = [
        {"required": list(COUNTS)}, {"properties": dict.fromkeys(COUNTS, False)}]
    for response, status in _problems(document):
        response["schema"] = {
            "allOf": [response["schema"]],
            "properties": {"type": {"const": "about:blank"},
                           "title": {"const": TITLES[status]}, "status": {"const": status}}}


def _limit_values(schemas):
    """The form of times, and the limits of strings in responses."""
    schemas["Time"].update(pattern=TIME_PATTERN, maxLength=35)
    schemas["Receipt"]["properties"]["channel"] = _ref("RocketId")
    members = schemas["Rocket"]["properties"]
    for name in ("type", "mission", "reason"):
        members[name] = {"anyOf": [_ref("Name"), NULL]}
    members["createdAt"] = {"anyOf": [_ref("Time"), NULL]}
    for name in ("SpeedStep", "NameCount"):
        schemas[name]["properties"]["rockets"] = {"type": "integer", "minimum": 1}
    schemas["Health"]["properties"]["problems"]["items"]["minLength"] = 1
    schemas["ReplicaState"]["properties"]["halted"] = {
        "anyOf": [{"type": "string", "minLength": 1}, NULL]}


def _open_messages(schemas):
    """Other members of messages, at all depths, have no U+0000."""
    schemas["MemberName"] = {"type": "string", "pattern": "^[^\\u0000]*$"}
    others = {"additionalProperties": _ref("Ignored"), "propertyNames": _ref("MemberName")}
    schemas["Ignored"] = {"pattern": "^[^\\u0000]*$", "items": _ref("Ignored"), **others}
    for name, schema in schemas.items():
        if schema.get("type") == "object" and name not in CLOSED:
            schema.update(others)


def _merge_messages(schemas):
    """The same messages, in the form of which schemathesis makes the most: it
    mixes all types with all payloads, and discards fewer requests."""
    types = [_name(each) for each in schemas["Message"]["oneOf"]]
    schemas["Metadata"]["properties"]["messageType"] = {"type": "string", "enum": types}
    schemas["Metadata"]["required"].append("messageType")
    for each in types:
        members = schemas[each]["properties"]
        members["metadata"] = {"allOf": [
            _ref("Metadata"), {"properties": {"messageType": {"const": each}}}]}
        members["message"] = schemas[_name(members["message"])]


def _problems(document):
    """Yield the content of each response that is a problem, with its status.
    Responses of `components` are for one status each."""
    found = {}
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                shared = document["components"]["responses"].get(_name(response))
                content = (shared or response).get("content", {})
                if status != "default" and PROBLEM in content:
                    found[id(content)] = content[PROBLEM], int(status)
    return found.values()
