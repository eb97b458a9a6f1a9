// SPDX-License-Identifier: Apache-2.0
//
// What the feed says of the time when the page was not connected.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Summary } from "../../web/src/api/types.js";
import { Absence } from "../../web/src/state/absence.js";

function totals(total: number, exploded: number, start = "s"): Summary {
  return { start, rockets: { total, exploded } } as Summary;
}

function told(after: Summary, listed = 0): string | null {
  const absence = new Absence();
  absence.begin(10_000, totals(20, 3));
  absence.begin(20_000, totals(99, 99)); // another try
  absence.end(610_000);
  absence.list("exploded", listed);
  assert.equal(absence.tell(611_000, totals(20, 3)), null); // may be old
  const text = absence.tell(612_000, after);
  assert.equal(absence.tell(613_000, totals(1000, 1000)), null); // only once
  return text;
}

test("what_the_stream_does_not_tell_is_counted", () => {
  assert.equal(told(totals(1032, 7)),
    "Not connected for 10 min: 1,012 more rockets, 4 more exploded");
  assert.equal(told(totals(21, 3)), "Not connected for 10 min: 1 more rocket");
});

test("what_the_feed_has_is_not_counted_again", () => {
  assert.equal(told(totals(20, 7), 3), "Not connected for 10 min: 1 more exploded");
  assert.equal(told(totals(20, 7), 4), null);
});

test("nothing_is_said_if_nothing_has_happened", () => {
  assert.equal(told(totals(20, 3)), null);
});

test("a_service_without_its_rockets_is_another_matter", () => {
  assert.equal(told(totals(500, 3, "t")), null);
});

test("the_start_of_the_page_is_no_absence", () => {
  const absence = new Absence();
  absence.begin(0, null);
  absence.end(100);
  assert.equal(absence.tell(5000, totals(20, 3)), null);
});
