# SPDX-License-Identifier: Apache-2.0
"""Use the service at URL with the models of datamodel-code-generator and httpx.

usage: pydantic_models.py URL
"""

import sys

import httpx
from pydantic import TypeAdapter

from messages import BATCH, ID, IN_FLIGHT, MICROSECONDS, NANOSECONDS, NDJSON, OTHERS
from models import (BatchReceipt, Fleet, Launch, Message, PostMessageProblem, Problem,
                    Receipt, Result, Rocket, RocketGaps, RocketLaunched,
                    RocketLaunchedMetadata, Status)

LAUNCHED = RocketLaunched(
    metadata=RocketLaunchedMetadata(
        channel=ID, messageNumber=1, messageTime=MICROSECONDS,
        messageType="RocketLaunched"),
    message=Launch(type="Falcon-9", launchSpeed=500, mission="ARTEMIS"))


def post(client: httpx.Client, message: Message) -> Result:
    """The result of one message."""
    response = client.post("/messages", content=message.model_dump_json())
    receipt = Receipt.model_validate_json(response.raise_for_status().content)
    assert receipt.processed == (receipt.result is Result.applied)
    return receipt.result


def main() -> None:
    client = httpx.Client(base_url=sys.argv[1])
    assert post(client, Message(LAUNCHED)) is Result.applied
    assert post(client, Message(LAUNCHED)) is Result.duplicate
    for each in OTHERS:
        message = Message.model_validate(each)
        assert type(message.root).__name__ == each["metadata"]["messageType"]
        assert post(client, message) is Result.applied

    response = client.post("/messages", content=BATCH, headers=NDJSON)
    receipt = BatchReceipt.model_validate_json(response.content)
    assert (receipt.applied, receipt.duplicate, receipt.rejected) == (1, 1, 1)
    assert receipt.errors[0].line == 3

    response = client.get("/rockets", params={
        "sort": "speed", "order": "desc", "limit": 1, "idPrefix": ID})
    assert response.headers["X-Total-Count"] == "2"
    [fastest] = TypeAdapter(list[Rocket]).validate_json(response.content)
    assert fastest.id == IN_FLIGHT
    assert (fastest.type, fastest.createdAt, fastest.reason) == (None, None, None)
    assert NANOSECONDS in response.text and fastest.updatedAt == MICROSECONDS

    response = client.get(f"/rockets/{ID}")
    assert Rocket.model_validate_json(response.content) == Rocket(
        id=ID, type="Falcon-9", speed=1000, mission="SHUTTLE_MIR", status=Status.exploded,
        reason="PRESSURE_VESSEL_FAILURE", createdAt=MICROSECONDS, updatedAt=MICROSECONDS,
        lastMessageNumber=7, missingMessages=1, revision=6)

    missing = RocketGaps.model_validate_json(client.get(f"/rockets/{ID}/gaps").content)
    assert [(gap.from_, gap.to) for gap in missing.gaps] == [(6, 6)]
    fleet = Fleet.model_validate_json(client.get("/fleet").content)
    assert (fleet.rockets.total, fleet.rockets.incomplete) == (2, 2)
    assert [(each.name, each.rockets) for each in fleet.types.top] == [("Falcon-9", 1)]
    response = client.get("/rockets", params={"since": f"{fleet.start}-6", "wait": 1})
    [changed] = TypeAdapter(list[Rocket]).validate_json(response.content)
    assert changed.id == IN_FLIGHT

    response = client.get("/rockets/nobody")
    problem = Problem.model_validate_json(response.content)
    assert (problem.status, problem.title) == (response.status_code, "Not Found")
    response = client.post("/messages", content="{}")
    refused = PostMessageProblem.model_validate_json(response.content)
    assert refused.detail.startswith("metadata is missing")
    assert refused.errors is None


main()
