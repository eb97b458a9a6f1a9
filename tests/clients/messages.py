# SPDX-License-Identifier: Apache-2.0
"""What both Python clients post, as JSON, and what they then expect."""

import json
from datetime import datetime
from typing import Any

ID = "python"
IN_FLIGHT = f"{ID} in flight"
NDJSON = {"Content-Type": "application/x-ndjson"}

# Both generators make datetime of times, which drops digits after the sixth.
NANOSECONDS = "2022-02-02T19:39:05.123456789+01:00"
MICROSECONDS = datetime.fromisoformat("2022-02-02T19:39:05.123456+01:00")


def _message(channel: str, number: int, kind: str, **payload: str | int) -> dict[str, Any]:
    return {"metadata": {"channel": channel, "messageNumber": number,
                         "messageTime": NANOSECONDS, "messageType": kind},
            "message": payload}


LAUNCHED = _message(ID, 1, "RocketLaunched", type="Falcon-9", launchSpeed=500,
                    mission="ARTEMIS")
# One of each other type, in order. The last is applied, but changes no more than
# the numbers and the time of the exploded rocket.
OTHERS = [
    _message(ID, 2, "RocketSpeedIncreased", by=3000),
    _message(ID, 3, "RocketSpeedDecreased", by=2500),
    _message(ID, 4, "RocketMissionChanged", newMission="SHUTTLE_MIR"),
    _message(ID, 5, "RocketExploded", reason="PRESSURE_VESSEL_FAILURE"),
    _message(ID, 7, "RocketSpeedIncreased", by=1)]

# The launch again, a message of a rocket whose launch is unknown, and a line that
# is no message.
BATCH = "".join(json.dumps(each) + "\n" for each in (
    LAUNCHED, _message(IN_FLIGHT, 500, "RocketSpeedIncreased", by=9000), {}))
