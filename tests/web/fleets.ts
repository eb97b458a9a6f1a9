// SPDX-License-Identifier: Apache-2.0
//
// Summaries and rockets as the service sends them, for tests.
import type { NameCounts, Rocket, Summary } from "../../web/src/api/types.js";

export const names: NameCounts = { top: [], otherNames: 0, otherRockets: 0, unknown: 0 };

export function rocketOf(id: string, revision: number, more: Partial<Rocket> = {}): Rocket {
  return {
    id, revision, type: "Falcon-9", speed: 500, mission: "ARTEMIS", status: "active",
    reason: null, createdAt: "2022-02-02T19:39:05Z", updatedAt: "2022-02-02T19:39:05Z",
    lastMessageNumber: 1, missingMessages: 0, ...more,
  };
}

export function summaryOf(
  messages: Partial<Summary["messages"]>, more: Partial<Summary> = {},
): Summary {
  return {
    start: "8f14e45fceea167a",
    revision: 1,
    rockets: { total: 0, active: 0, exploded: 0, unlaunched: 0, incomplete: 0 },
    messages: {
      missing: 0, givenUp: 0, applied: 0, duplicate: 0, stale: 0, rejected: 0, noMemory: 0,
      notWritten: 0, ...messages,
    },
    memory: { used: 0, limit: 0 },
    speeds: [],
    ...more,
  };
}
