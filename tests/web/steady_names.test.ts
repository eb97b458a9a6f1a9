// SPDX-License-Identifier: Apache-2.0
//
// The order of the bars by type and mission, from one count to the next.
import assert from "node:assert/strict";
import { test } from "node:test";
import { steadyNames } from "../../web/src/state/steady_names.js";

const counts = (top: Record<string, number>) => ({
  top: Object.entries(top).map(([name, rockets]) => ({ name, rockets })),
  otherNames: 0,
  otherRockets: 0,
  unknown: 0,
});

const order = (before: Record<string, number> | null, now: Record<string, number>) =>
  steadyNames(before && counts(before), counts(now)).top.map(({ name }) => name).join(" ");

test("without an order of before it is that of the service", () => {
  assert.equal(order(null, { c: 9, a: 5, b: 5 }), "c a b");
});

test("a name that is a few rockets ahead does not pass", () => {
  assert.equal(order({ a: 100, b: 99 }, { b: 104, a: 101 }), "a b");
  assert.equal(order({ a: 100, b: 100, c: 99 }, { c: 109, b: 105, a: 100 }), "a b c");
});

test("a name with more than a tenth more passes, as far up as it has", () => {
  assert.equal(order({ a: 100, b: 99 }, { b: 112, a: 101 }), "b a");
  assert.equal(order({ a: 300, b: 100, c: 99, d: 9 }, { a: 300, d: 200, b: 100, c: 99 }),
    "a d b c");
});

test("new names are placed by their rockets, and old ones may go", () => {
  assert.equal(order({ a: 100, b: 50 }, { new: 400, a: 100, few: 1 }), "new a few");
});

test("the counts and the rest are those of now", () => {
  const now = { ...counts({ b: 3, a: 2 }), otherNames: 7, otherRockets: 8, unknown: 9 };
  const { top, ...rest } = steadyNames(counts({ a: 2, b: 2 }), now);
  assert.deepEqual(rest, { otherNames: 7, otherRockets: 8, unknown: 9 });
  assert.deepEqual(new Map(top.map(({ name, rockets }) => [name, rockets])),
    new Map([["a", 2], ["b", 3]]));
});
