// SPDX-License-Identifier: Apache-2.0
//
// What both TypeScript clients post, without the types of either, and what they
// then expect. No type is asserted: the compiler checks that it is a message of
// the client.

export const ID = "typescript";
const time = "2022-02-02T19:39:05.123456789+01:00";

const metadata = (messageNumber: number) => (
  { channel: ID, messageNumber, messageTime: time });

export const launched = {
  metadata: { ...metadata(1), messageType: "RocketLaunched" as const },
  message: { type: "Falcon-9", launchSpeed: 500, mission: "ARTEMIS" },
};

// One of each other type, in order. The last is applied, but changes no more
// than the numbers and the time of the exploded rocket.
export const others = [
  {
    metadata: { ...metadata(2), messageType: "RocketSpeedIncreased" as const },
    message: { by: 3000 },
  },
  {
    metadata: { ...metadata(3), messageType: "RocketSpeedDecreased" as const },
    message: { by: 2500 },
  },
  {
    metadata: { ...metadata(4), messageType: "RocketMissionChanged" as const },
    message: { newMission: "SHUTTLE_MIR" },
  },
  {
    metadata: { ...metadata(5), messageType: "RocketExploded" as const },
    message: { reason: "PRESSURE_VESSEL_FAILURE" },
  },
  {
    metadata: {
      ...metadata(7), messageTime: "2022-02-02T19:40:00Z",
      messageType: "RocketSpeedIncreased" as const,
    },
    message: { by: 1 },
  },
];

export const rocket = {
  id: ID,
  type: "Falcon-9",
  speed: 1000,
  mission: "SHUTTLE_MIR",
  status: "exploded",
  reason: "PRESSURE_VESSEL_FAILURE",
  createdAt: time,
  updatedAt: "2022-02-02T19:40:00Z",
  lastMessageNumber: 7,
  missingMessages: 1,
  revision: 6,
};

// Both rockets, of which number 6 of one and 499 of the other are missing.
export const counted = { total: 2, active: 1, exploded: 1, unlaunched: 1, incomplete: 2 };
export const gaps = [{ from: 6, to: 6 }];

// The launch of the rocket again, a message of a rocket whose launch is unknown,
// and a line that is no message.
export const inFlight = {
  metadata: {
    ...metadata(500), channel: `${ID} in flight`,
    messageType: "RocketSpeedIncreased" as const,
  },
  message: { by: 9000 },
};
export const batch = [launched, inFlight, {}]
  .map((message) => JSON.stringify(message) + "\n").join("");
export const counts = { applied: 1, duplicate: 1, stale: 0, rejected: 1 };
