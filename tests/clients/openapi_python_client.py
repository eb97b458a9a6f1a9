# SPDX-License-Identifier: Apache-2.0
"""Use the service at URL with the client of openapi-python-client.

usage: openapi_python_client.py URL
"""

import sys

from lunar_client import AuthenticatedClient
from lunar_client.api.messages import post_message
from lunar_client.api.rockets import get_fleet, get_gaps, get_rocket, list_rockets
from lunar_client.models import (
    BatchReceipt, Fleet, Launch, ListRocketsOrder, ListRocketsSort, PostMessageProblem,
    Problem, Receipt, ReceiptResult, Rocket, RocketExploded, RocketGaps, RocketLaunched,
    RocketLaunchedMetadata, RocketMissionChanged, RocketSpeedDecreased,
    RocketSpeedIncreased, Status)
from messages import BATCH, ID, IN_FLIGHT, MICROSECONDS, NANOSECONDS, NDJSON, OTHERS

Message = (RocketLaunched | RocketSpeedIncreased | RocketSpeedDecreased | RocketExploded
           | RocketMissionChanged)
TYPES = {each.__name__: each for each in (
    RocketSpeedIncreased, RocketSpeedDecreased, RocketExploded, RocketMissionChanged)}


def launched(number: int) -> RocketLaunched:
    return RocketLaunched(
        metadata=RocketLaunchedMetadata(
            channel=ID, message_number=number, message_time=MICROSECONDS,
            message_type="RocketLaunched"),
        message=Launch(type_="Falcon-9", launch_speed=500, mission="ARTEMIS"))


def post(client: AuthenticatedClient, message: Message) -> ReceiptResult:
    """The result of one message."""
    receipt = post_message.sync(client=client, body=message)
    assert isinstance(receipt, Receipt)
    assert receipt.processed == (receipt.result is ReceiptResult.APPLIED)
    return receipt.result


def main() -> None:
    # A service without -tokens ignores the token.
    client = AuthenticatedClient(base_url=sys.argv[1], token="none")
    assert post(client, launched(1)) is ReceiptResult.APPLIED
    assert post(client, launched(1)) is ReceiptResult.DUPLICATE
    for each in OTHERS:
        message = TYPES[each["metadata"]["messageType"]].from_dict(each)
        assert post(client, message) is ReceiptResult.APPLIED

    # post_message sends only JSON; its HTTP client sends anything.
    response = client.get_httpx_client().post("/messages", content=BATCH, headers=NDJSON)
    receipt = BatchReceipt.from_dict(response.json())
    assert (receipt.applied, receipt.duplicate, receipt.rejected) == (1, 1, 1)
    assert receipt.errors[0].line == 3

    page = list_rockets.sync_detailed(
        client=client, sort=ListRocketsSort.SPEED, order=ListRocketsOrder.DESC, limit=1,
        id_prefix=ID)
    assert page.headers["X-Total-Count"] == "2"
    assert isinstance(page.parsed, list)
    [fastest] = page.parsed
    assert fastest.id == IN_FLIGHT
    assert (fastest.type_, fastest.created_at, fastest.reason) == (None, None, None)
    assert NANOSECONDS.encode() in page.content and fastest.updated_at == MICROSECONDS

    rocket = get_rocket.sync(ID, client=client)
    assert rocket == Rocket(
        id=ID, type_="Falcon-9", speed=1000, mission="SHUTTLE_MIR", status=Status.EXPLODED,
        reason="PRESSURE_VESSEL_FAILURE", created_at=MICROSECONDS, updated_at=MICROSECONDS,
        last_message_number=7, missing_messages=1, revision=6)

    missing = get_gaps.sync(ID, client=client)
    assert isinstance(missing, RocketGaps)
    assert [(gap.from_, gap.to) for gap in missing.gaps] == [(6, 6)]
    fleet = get_fleet.sync(client=client)
    assert isinstance(fleet, Fleet)
    assert (fleet.rockets.total, fleet.rockets.incomplete) == (2, 2)
    assert [(each.name, each.rockets) for each in fleet.types.top] == [("Falcon-9", 1)]
    changed = list_rockets.sync(client=client, since=f"{fleet.start}-6", wait=1)
    assert isinstance(changed, list)
    assert [each.id for each in changed] == [IN_FLIGHT]

    problem = get_rocket.sync("nobody", client=client)
    assert isinstance(problem, Problem)
    assert (problem.status, problem.title) == (404, "Not Found")
    refused = post_message.sync(client=client, body=launched(0))
    assert isinstance(refused, PostMessageProblem)
    assert refused.detail.startswith("metadata.messageNumber must be")


main()
