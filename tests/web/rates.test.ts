// SPDX-License-Identifier: Apache-2.0
//
// Rates of counters that are sampled by a stream which may stutter, be silent and
// begin anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  countsOf, noRates, takeCounts, takeStream, takeTime, type Counts, type RateState,
} from "../../web/src/state/rates.js";
import { summaryOf } from "./fleets.js";
import { forAll, type Random } from "./random.js";

function counts(at: number, messages: number, more: Partial<Counts> = {}): Counts {
  return { at, messages, duplicate: 0, stale: 0, rejected: 0, ...more };
}

function after(...all: readonly Counts[]): RateState {
  return all.reduce(takeCounts, noRates);
}

function near(actual: number | undefined, expected: number) {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= 1e-9 * Math.abs(expected) + 1e-9,
    `${String(actual)} is not ${String(expected)}`);
}

test("all results are messages", () => {
  assert.deepEqual(
    countsOf(summaryOf({
      missing: 1000, givenUp: 1000, applied: 1, duplicate: 2, stale: 4, rejected: 8, noMemory: 16,
      notWritten: 32,
    }), 5),
    { at: 5, messages: 63, duplicate: 2, stale: 4, rejected: 8 },
  );
});

test("one summary gives no rates", () => {
  assert.equal(after(counts(0, 1000)).rates, null);
});

test("two summaries give the messages a second between them", () => {
  near(after(counts(0, 1000), counts(2000, 1500)).rates?.messages, 250);
});

test("a summary that was late is followed by one that seems too early", () => {
  // Both were made a second after the one before.
  const state = after(counts(0, 0), counts(1700, 100), counts(2000, 200));
  near(state.rates?.messages, 100);
});

test("a burst of summaries has the rate of the seconds that they are about", () => {
  const state = after(counts(0, 0), counts(3200, 100), counts(3201, 200), counts(3202, 300));
  near(state.rates?.messages, 100);
});

test("after a silence the first messages count as of the last second", () => {
  near(after(counts(0, 0), counts(600_000, 500)).rates?.messages, 500);
});

test("counters that go back give a new base and keep the rates", () => {
  for (const name of ["messages", "duplicate", "stale", "rejected"] as const) {
    const old = counts(1000, 200, { duplicate: 50, stale: 50, rejected: 50 });
    const state = after(counts(0, 0), old);
    const restarted = takeCounts(state, { ...old, at: 2000, [name]: 40 });
    assert.equal(restarted.rates, state.rates);
    assert.equal(restarted.base?.[name], 40);
  }
});

test("no summary for three seconds is a rate of 0, and the shares stay", () => {
  const state = after(counts(0, 0), counts(1000, 100, { duplicate: 25 }));
  assert.equal(takeTime(state, 3999), null);
  const silent = takeTime(state, 4000);
  assert.deepEqual(silent?.rates, { messages: 0, duplicate: 0.25, stale: 0, rejected: 0 });
  assert.equal(takeTime(state, 61_001)?.rates?.duplicate, 0);
});

test("time says nothing without a stream, and 0 with one that is silent", () => {
  assert.equal(takeTime(noRates, 1e9), null);
  const open = takeStream(noRates, 1000);
  assert.equal(takeTime(open, 3999), null);
  assert.deepEqual(takeTime(open, 4000)?.rates,
    { messages: 0, duplicate: 0, stale: 0, rejected: 0 });
  assert.equal(takeTime(takeStream(open, null), 1e9), null);
});

test("shares are of the last minute", () => {
  const all = [counts(0, 0), counts(1000, 100, { rejected: 100 })];
  for (let second = 2; second <= 61; second++) {
    all.push(counts(second * 1000, second * 100, { rejected: 100 }));
  }
  near(after(...all.slice(0, 3)).rates?.rejected, 0.5);
  near(after(...all.slice(0, -1)).rates?.rejected, 1 / 60);
  assert.equal(after(...all).rates?.rejected, 0);
});

test("a clock that is set back loses no more than the last minute", () => {
  const state = after(counts(1e9, 0), counts(1e9 + 1000, 100), counts(5000, 200),
    counts(6000, 300));
  near(state.rates?.messages, 100);
  assert.equal(state.steps.length, 2);
});

// A stream of summaries of a service with steady rates a second: they are made each
// second, and arrive in order with a delay of less than three seconds.
function arrivals(random: Random, rate: number, length: number): Counts[] {
  let arrival = 0;
  return Array.from({ length }, (_, second) => {
    arrival = Math.max(arrival, second * 1000 + random.integer(0, random.chance(0.1) ? 1900 : 50));
    return counts(arrival, second * rate * 4, {
      duplicate: second * rate, stale: second * rate, rejected: second * rate,
    });
  });
}

test("a steady rate is never shown as more than twice itself, and shares are exact", () => {
  forAll(200, (random) => {
    const rate = random.integer(1, 1e5);
    let state = noRates;
    for (const one of arrivals(random, rate, 90)) {
      state = takeCounts(state, one);
      if (state.rates !== null) {
        assert.ok(state.rates.messages <= rate * 8, String(state.rates.messages));
        near(state.rates.duplicate + state.rates.stale + state.rates.rejected, 0.75);
      }
    }
  });
});

test("whatever comes, rates are finite, at least 0, and the steps are bounded", () => {
  forAll(200, (random) => {
    let state = noRates;
    let at = random.integer(0, 1e12);
    let now = counts(at, 0);
    for (let index = 0; index < 300; index++) {
      at += random.pick([0, 1, 400, 1000, 1000, 1000, 5000, 100_000, -50_000]);
      if (random.chance(0.05)) {
        now = counts(at, 0);
      }
      const [duplicate, stale, rejected] = [0, 0, 0].map(() => random.integer(0, 1000));
      now = {
        at,
        messages: now.messages + (duplicate ?? 0) + (stale ?? 0) + (rejected ?? 0),
        duplicate: now.duplicate + (duplicate ?? 0),
        stale: now.stale + (stale ?? 0),
        rejected: now.rejected + (rejected ?? 0),
      };
      state = random.chance(0.2) ? takeTime(state, at) ?? state : takeCounts(state, now);
      const { messages, ...shares } = state.rates ?? { messages: 0 };
      assert.ok(Number.isFinite(messages) && messages >= 0);
      for (const share of Object.values(shares)) {
        assert.ok(share >= 0 && share <= 1);
      }
    }
  });
});

test("summaries that come faster than the clock do not pile up", () => {
  const state = after(...Array.from({ length: 1000 }, (_, index) => counts(0, index)));
  assert.ok(state.steps.length <= 120, String(state.steps.length));
});
