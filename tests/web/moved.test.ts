// SPDX-License-Identifier: Apache-2.0
//
// How many rows a frozen order is away from the one of now.
import assert from "node:assert/strict";
import { test } from "node:test";
import { countMoved, longestRise } from "../../web/src/state/moved.js";
import { forAll } from "./random.js";

test("equal orders have moved nothing, and one row that jumps is one", () => {
  assert.equal(countMoved([], []), 0);
  assert.equal(countMoved(["a", "b", "c"], ["a", "b", "c"]), 0);
  assert.equal(countMoved(["a", "b", "c", "d"], ["d", "a", "b", "c"]), 1);
  assert.equal(countMoved(["a", "b", "c", "d"], ["b", "c", "d", "a"]), 1);
  assert.equal(countMoved(["a", "b", "c", "d"], ["d", "c", "b", "a"]), 3);
});

test("rows that come and go count", () => {
  assert.equal(countMoved(["a", "b"], ["a", "b", "c"]), 1);
  assert.equal(countMoved(["a", "b", "c"], ["a", "c"]), 1);
  assert.equal(countMoved(["a", "b"], ["c", "a"]), 1); // b goes, and c comes for it
  assert.equal(countMoved(["a", "b"], ["c", "d"]), 2);
  assert.equal(countMoved(["a", "b"], []), 2);
});

// The same by trying all subsequences.
function longestRiseByForce(values: readonly number[]): number {
  const from = (index: number, above: number): number => {
    const value = values[index];
    if (value === undefined) {
      return 0;
    }
    const without = from(index + 1, above);
    return value > above ? Math.max(without, 1 + from(index + 1, value)) : without;
  };
  return from(0, -Infinity);
}

test("the longest rise is that of all subsequences", () => {
  forAll(500, (random) => {
    const values = random.shuffled(Array.from({ length: random.integer(0, 10) }, (_, i) => i));
    assert.equal(longestRise(values), longestRiseByForce(values));
  });
});

test("after some moves, arrivals and departures at most as many are counted", () => {
  forAll(500, (random) => {
    const shown = Array.from({ length: random.integer(0, 50) }, (_, i) => `r${String(i)}`);
    const now = [...shown];
    const steps = random.integer(0, 8);
    for (let step = 0; step < steps; step++) {
      const [taken] = now.splice(random.integer(0, Math.max(0, now.length - 1)), 1);
      const put = random.chance(0.3) ? `new${String(step)}` : taken;
      if (put !== undefined && random.chance(0.8)) {
        now.splice(random.integer(0, now.length), 0, put);
      }
    }
    assert.ok(countMoved(shown, now) <= Math.min(steps, Math.max(shown.length, now.length)));
    assert.equal(countMoved(now, now), 0);
    assert.equal(countMoved(shown, now), countMoved(now, shown));
  });
});
