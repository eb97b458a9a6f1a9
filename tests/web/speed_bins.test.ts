// SPDX-License-Identifier: Apache-2.0
//
// The bars of the histogram of speeds, its labels, and what it says in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SpeedBin } from "../../web/src/api/types.js";
import {
  axisLabels, barsOf, barText, gistOf, modeText, placeLabels, rangeText, roundUp,
} from "../../web/src/charts/speed_bins.js";

function bin(from: number | null, to: number | null, rockets = 1): SpeedBin {
  return { from, to, rockets };
}

function assertContiguous(bars: readonly SpeedBin[]): void {
  bars.slice(1).forEach((bar, i) => assert.equal(bar.from, bars[i]?.to));
}

test("no_rockets_have_no_bars", () => {
  assert.deepEqual(barsOf([]), []);
});

test("steps_without_rockets_are_empty_bars_between_the_others", () => {
  const bars = barsOf([bin(800, 1000, 4), bin(12500, 16000, 16)]);
  assertContiguous(bars);
  assert.equal(bars[0]?.from, 100);
  assert.equal(bars.at(-1)?.to, 100000);
  assert.equal(bars.length, 30);
  assert.deepEqual(bars.filter(({ rockets }) => rockets > 0),
    [bin(800, 1000, 4), bin(12500, 16000, 16)]);
});

test("all_bars_from_below_zero_to_the_open_end_are_contiguous", () => {
  const bars = barsOf([bin(null, 0, 2), bin(1e11, null, 3)]);
  assertContiguous(bars);
  assert.equal(bars.length, 75);
  assert.deepEqual(bars[0], bin(null, 0, 2));
  assert.deepEqual(bars[1], bin(0, 100, 0));
  assert.deepEqual(bars.at(-2), bin(1e10, 1e11, 0));
  assert.deepEqual(bars.at(-1), bin(1e11, null, 3));
});

test("there_are_at_least_ten_bars_wherever_the_only_rocket_is", () => {
  for (const only of [bin(null, 0), bin(0, 100), bin(500, 630), bin(1e9, 1e10), bin(1e11, null)]) {
    const bars = barsOf([only]);
    assertContiguous(bars);
    assert.ok(bars.length >= 10, `${bars.length} bars`);
    assert.ok(bars.some(({ from, rockets }) => from === only.from && rockets === 1));
  }
});

test("the_axis_does_not_move_within_a_decade", () => {
  assert.deepEqual(
    barsOf([bin(1250, 1600), bin(50000, 63000)]).map(({ from }) => from),
    barsOf([bin(8000, 10000), bin(10000, 12500)]).map(({ from }) => from));
});

test("unknown_steps_are_shown_as_they_are", () => {
  for (const steps of [[bin(0, 10), bin(20, 30)], [bin(0, 100), bin(110, 120), bin(125, 160)]]) {
    assert.equal(barsOf(steps), steps);
  }
});

test("ranges_without_an_end_say_so", () => {
  assert.equal(rangeText({ from: null, to: 0 }), "below 0");
  assert.equal(rangeText({ from: 1e11, to: null }), "100,000,000,000 or more");
  assert.equal(rangeText({ from: 12500, to: 16000 }), "12,500 to 16,000");
});

test("the_gist_has_the_count_the_range_and_the_mode", () => {
  assert.equal(gistOf(barsOf([bin(800, 1000, 4), bin(12500, 16000, 16)])),
    "20 rockets: 800 to 16,000. Most frequent: 12,500 to 16,000");
  assert.equal(gistOf([]), "No rockets yet");
  assert.equal(gistOf([bin(null, 0, 0)]), "No rockets yet");
});

test("of_equal_bars_the_lower_one_is_the_mode", () => {
  assert.equal(modeText([bin(100, 125, 2), bin(125, 160, 2)]), "Most frequent: 100 to 125");
});

test("a_bar_is_read_as_its_range_and_count", () => {
  assert.equal(barText(bin(12500, 16000, 1)), "12,500 to 16,000: 1 rocket");
  assert.equal(barText(bin(null, 0, 0)), "below 0: 0 rockets");
});

test("labels_stand_at_zero_and_powers_of_ten", () => {
  const labels = axisLabels(barsOf([bin(null, 0), bin(20000, 25000)]));
  assert.deepEqual(labels, [
    { edge: 1, text: "0" }, { edge: 2, text: "100" }, { edge: 12, text: "1,000" },
    { edge: 22, text: "10,000" }, { edge: 32, text: "100,000" },
  ]);
});

test("an_open_end_has_no_label", () => {
  assert.deepEqual(axisLabels(barsOf([bin(1e11, null)])).at(-1), { edge: 12, text: "100B" });
});

function placed(width: number) {
  const labels = axisLabels(barsOf([bin(100, 125), bin(8e8, 1e9)]));
  return placeLabels(labels, 70, width, (text) => text.length * 7);
}

test("labels_stay_inside_and_do_not_touch", () => {
  for (const width of [60, 100, 200, 400, 1000]) {
    const labels = placed(width);
    labels.forEach(({ x, text }, i) => {
      assert.ok(x >= 0 && x + text.length * 7 <= width, `${text} at ${x} of ${width}`);
      const next = labels[i + 1];
      assert.ok(next === undefined || x + text.length * 7 + 12 <= next.x, `${text} and next`);
    });
  }
});

test("the_last_label_stays_where_there_is_no_place_for_all", () => {
  assert.deepEqual(placed(60).map(({ text }) => text), ["100", "1B"]);
  assert.equal(placed(1000).length, 8);
});

test("the_top_of_the_scale_is_1_2_or_5_times_a_power_of_ten", () => {
  const tops = [[0, 1], [1, 1], [2, 2], [3, 5], [6, 10], [10, 10], [11, 20], [999, 1000],
    [1000, 1000], [1001, 2000], [501234, 1e6]] as const;
  for (const [value, top] of tops) {
    assert.equal(roundUp(value), top, `${value}`);
  }
});
