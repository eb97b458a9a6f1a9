// SPDX-License-Identifier: Apache-2.0
//
// What the feed and the totals show.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Summary } from "../../web/src/api/types.js";
import { followedLength, shortId, shownOf } from "../../web/src/ui/feed_view.js";
import { refusedText } from "../../web/src/ui/totals.js";

// Entries with these keys, the newest first.
function entriesOf(from: number, to: number) {
  return Array.from({ length: from - to + 1 }, (_, i) =>
    ({ key: from - i, at: 0, kind: "notice", text: "" } as const));
}

test("a_feed_that_is_followed_shows_its_newest_entries", () => {
  const feed = entriesOf(100, 1);
  const { entries, newer } = shownOf(feed, null);
  assert.equal(entries.length, followedLength);
  assert.equal(entries[0]?.key, 100);
  assert.equal(newer, 0);
});

test("a_feed_that_is_held_stays_and_counts_what_is_new", () => {
  const held = entriesOf(100, 1);
  assert.deepEqual(shownOf(held, held), { entries: held, newer: 0 });
  assert.deepEqual(shownOf(entriesOf(105, 6), held), { entries: held, newer: 5 });
});

test("a_feed_that_was_held_while_empty_counts_all", () => {
  assert.equal(shownOf(entriesOf(3, 1), []).newer, 3);
});

test("short_ids_are_not_cut", () => {
  assert.equal(shortId("rocket-1"), "rocket-1");
  assert.equal(shortId("12345678901234"), "12345678901234");
});

test("long_ids_keep_their_beginning_and_end", () => {
  assert.equal(shortId("193270a9-c9cf-404a-8f83-838e71d9ae67"), "193270a9-…ae67");
});

test("characters_of_two_units_are_not_cut_apart", () => {
  assert.doesNotMatch(shortId("🚀".repeat(40)), /\p{Surrogate}/u);
});

function summaryWith(noMemory: number, notWritten: number): Summary {
  return {
    start: "", revision: 0,
    rockets: { total: 0, active: 0, exploded: 0, unlaunched: 0, incomplete: 0 },
    messages: {
      missing: 0, givenUp: 0, applied: 0, duplicate: 0, stale: 0, rejected: 0,
      noMemory, notWritten,
    },
    memory: { used: 0, limit: 0 },
    speeds: [],
  };
}

test("nothing_refused_says_nothing", () => {
  assert.equal(refusedText(summaryWith(0, 0), false), "");
});

test("refused_messages_are_said_with_their_cause", () => {
  assert.match(refusedText(summaryWith(1200, 0), true), /: 1,200 for lack of memory$/);
  assert.match(refusedText(summaryWith(0, 3), false), /: 3 for a failure of the disk$/);
  assert.match(refusedText(summaryWith(1, 2), false), /memory, 2 for/);
  assert.match(refusedText(summaryWith(0, 3), true), /: 3 as brokers did not acknowledge them$/);
});
