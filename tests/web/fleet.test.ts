// SPDX-License-Identifier: Apache-2.0
//
// What the tiles, the chart of rates and the feed show.
import "./browser.js";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { feed, feedLength, feedNotes, feedTakes } from "../../web/src/state/feed.js";
import {
  fleetConnects, fleetPauses, fleetTakes, fleetTicks, missions, rateHistory, rates,
  refreshFleet, summary, types,
} from "../../web/src/state/fleet.js";
import { json, service } from "./browser.js";
import { rocketOf, summaryOf } from "./fleets.js";

// Each test has a time of its own, long after those before.
let start = 1e12;

beforeEach(() => {
  start += 1e9;
  fleetPauses(start - 1e6);
  fleetConnects(start - 1e5);
  rateHistory.value = [];
  summary.value = null;
  feed.value = [];
});

const rate = () => rates.value?.messages ?? null;
const history = () => rateHistory.value.map(({ at, messages }) => [at - start, messages]);

test("each summary after the first one is a sample", () => {
  fleetTakes(summaryOf({ applied: 100 }), start);
  assert.equal(rate(), null);
  fleetTakes(summaryOf({ applied: 200 }), start + 1000);
  fleetTakes(summaryOf({ applied: 400 }), start + 2000);
  assert.equal(rate(), 200);
  assert.deepEqual(history(), [[1000, 100], [2000, 200]]);
});

test("silence is drawn as 0 from the second after the last messages on", () => {
  fleetTakes(summaryOf({ applied: 0 }), start);
  fleetTakes(summaryOf({ applied: 9 }), start + 1000);
  for (let second = 2; second <= 5; second++) {
    fleetTicks(start + second * 1000);
  }
  assert.equal(rate(), 0);
  assert.deepEqual(history(), [[1000, 9], [2000, 0], [4000, 0], [5000, 0]]);
});

test("a stream that is opened anew leaves no gap, but its first summary is only a base", () => {
  fleetTakes(summaryOf({ applied: 0 }), start);
  fleetTakes(summaryOf({ applied: 50 }), start + 1000);
  fleetPauses(start + 1100);
  fleetConnects(start + 1200);
  fleetTakes(summaryOf({ applied: 50 }), start + 1300);
  assert.equal(rate(), 50);
  fleetTakes(summaryOf({ applied: 100 }), start + 2000);
  assert.deepEqual(history(), [[1000, 50], [2000, 50]]);
});

test("a long pause leaves a gap and no rates", () => {
  fleetTakes(summaryOf({ applied: 0 }), start);
  fleetTakes(summaryOf({ applied: 50 }), start + 1000);
  fleetPauses(start + 1100);
  fleetPauses(start + 9000);
  fleetConnects(start + 9100);
  assert.equal(rate(), null);
  assert.deepEqual(history(), [[1000, 50], [9100, null]]);
});

test("an hour has the samples of two minutes", () => {
  for (let second = 0; second <= 3600; second++) {
    fleetTakes(summaryOf({ applied: second }), start + second * 1000);
  }
  assert.equal(rateHistory.value.length, 120);
  assert.equal(rateHistory.value.at(-1)?.at, start + 3_600_000);
});

test("a clock that is set back leaves no samples of later times", () => {
  const now = start + 3_500_000;
  fleetTakes(summaryOf({ applied: 4000 }), now);
  assert.ok(rateHistory.value.every(({ at }) => at <= now));
});

test("of two summaries of a start the one with the higher revision is shown", async () => {
  const names = { top: [], otherNames: 0, otherRockets: 0, unknown: 0 };
  fleetTakes(summaryOf({}, { revision: 7 }), start);
  service.answer = ({ url }) => {
    assert.equal(url.pathname, "/prefix/fleet");
    return json({ ...summaryOf({}, { revision: 6 }), types: names, missions: names });
  };
  await refreshFleet(new AbortController().signal);
  assert.equal(summary.value?.revision, 7);
  assert.deepEqual(types.value, names);
  assert.deepEqual(missions.value, names);
  fleetTakes(summaryOf({ duplicate: 1 }, { revision: 7 }), start);
  assert.equal(summary.value.messages.duplicate, 1);
  fleetTakes(summaryOf({}, { start: "another", revision: 1 }), start);
  assert.equal(summary.value.revision, 1);
});

test("the newest entries of the feed come first, with those left out in front", () => {
  feedTakes("launched", { rockets: [rocketOf("a", 1), rocketOf("b", 2)], more: 3 }, start);
  feedNotes("The service has started again", start + 1);
  feedTakes("exploded", { rockets: [rocketOf("a", 3)], more: 0 }, start + 2);
  assert.deepEqual(
    feed.value.map((entry) => "rocket" in entry ? `${entry.kind} ${entry.rocket.id}` : entry.kind),
    ["exploded a", "notice", "moreLaunched", "launched b", "launched a"],
  );
  assert.equal(new Set(feed.value.map(({ key }) => key)).size, 5);
});

test("the feed keeps its last entries", () => {
  for (let revision = 1; revision <= 3 * feedLength; revision++) {
    feedTakes("launched", { rockets: [rocketOf(String(revision), revision)], more: 0 }, start);
  }
  assert.equal(feed.value.length, feedLength);
  const newest = feed.value[0];
  assert.equal(newest !== undefined && "rocket" in newest && newest.rocket.id, "300");
});
