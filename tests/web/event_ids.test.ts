// SPDX-License-Identifier: Apache-2.0
//
// Where a stream begins, and which rockets it is asked for.
import assert from "node:assert/strict";
import test from "node:test";
import { earlierId, eventsReference, queryLimit, startOf } from "../../web/src/api/event_ids.js";

test("of two ids of one start the lower is the earlier one, by number", () => {
  assert.equal(earlierId("s-9", "s-10"), "s-9");
  assert.equal(earlierId("s-10", "s-9"), "s-9");
  assert.equal(earlierId("s-9", "s-9"), "s-9");
});

test("the only id that there is is the earlier one", () => {
  assert.equal(earlierId(null, "s-9"), "s-9");
  assert.equal(earlierId("s-9", null), "s-9");
  assert.equal(earlierId(null, null), null);
});

test("with ids of two starts it is the first, with which the stream gets a reset", () => {
  assert.equal(earlierId("s-9", "t-1"), "s-9");
});

test("the start of an id is what is before its revision", () => {
  assert.equal(startOf("0e70730da83d19f3-12"), "0e70730da83d19f3");
  assert.equal(startOf("x"), "");
});

test("without rockets there is no event of them, and no id", () => {
  assert.equal(eventsReference([], 400), "events?interval=400&events=summary,launched,exploded");
});

test("ids are encoded, whatever they have", () => {
  const ids = ["a&b=c", "é 🚀", "%", "+", "#?/"];
  const url = new URL(eventsReference(ids, 200), "http://localhost/");
  assert.deepEqual(url.searchParams.getAll("id"), ids);
  assert.equal(url.searchParams.get("events"), "rockets,summary,launched,exploded");
});

test("ids of which all fit are all asked for, and of longer ones as many as fit", () => {
  const uuids = Array.from({ length: 50 }, (_, at) => `${at}`.padStart(36, "0"));
  const all = new URL(eventsReference(uuids, 400), "http://localhost/");
  assert.equal(all.searchParams.getAll("id").length, 50);
  const long = uuids.map((id) => "🚀".repeat(23) + id);
  const reference = eventsReference(long, 400);
  const some = new URL(reference, "http://localhost/").searchParams.getAll("id");
  assert.ok(reference.length <= queryLimit + 50, `${reference.length}`);
  assert.ok(some.length > 15 && some.length < 50);
  assert.deepEqual(some, long.slice(0, some.length));
});
