// SPDX-License-Identifier: Apache-2.0
//
// What has changed of a rocket, in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change } from "../../web/src/state/rocket.js";
import { changeLines } from "../../web/src/ui/change_text.js";

let key = 0;

function change(
  field: Change["field"], from: Change["from"], to: Change["to"], at = 1,
): Change {
  return { key: key++, at, field, from, to };
}

function texts(...changes: Change[]): string[] {
  return changeLines(changes).map(({ text }) => text);
}

test("a_speed_says_by_how_much", () => {
  assert.deepEqual(texts(change("speed", 1000, 1200), change("speed", 1200, -1000)),
    ["speed 1,000 → 1,200 (+200)", "speed 1,200 → -1,000 (−2,200)"]);
});

test("a_speed_that_has_come_back_has_not_changed", () => {
  assert.deepEqual(texts(change("speed", 1000, 1000)), []);
});

test("a_mission_says_from_what_to_what", () => {
  assert.deepEqual(texts(change("mission", "ARTEMIS", "SHUTTLE_MIR"), change("type", null, "X")),
    ["mission ARTEMIS → SHUTTLE_MIR", "type unknown → X"]);
});

test("an_explosion_and_its_reason_are_one_line", () => {
  const lines = changeLines([
    change("reason", null, "PRESSURE_VESSEL_FAILURE"), change("status", "active", "exploded"),
    change("speed", 1, 2, 0),
  ]);
  assert.deepEqual(lines.map(({ kind, text }) => [kind, text]), [
    ["exploded", "exploded: PRESSURE_VESSEL_FAILURE"], ["changed", "speed 1 → 2 (+1)"],
  ]);
});

test("a_new_launch_takes_the_reason_away", () => {
  assert.deepEqual(
    texts(change("reason", "FIRE", null), change("status", "exploded", "active")),
    ["launched again"]);
});

test("a_reason_that_changes_by_itself_is_shown", () => {
  assert.deepEqual(texts(change("reason", "FIRE", "ICE")), ["reason FIRE → ICE"]);
});
