// SPDX-License-Identifier: Apache-2.0
//
// The path of a sparkline and its label.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sparklineLabel, sparklinePaths } from "../../web/src/charts/sparkline_path.js";

const box = { width: 120, height: 40 };

// One sample a second, the last one now.
function samplesOf(...values: (number | null)[]) {
  return values.map((messages, i) => ({ at: 1e6 + i * 1000, messages }));
}

test("nothing_known_is_an_empty_path", () => {
  assert.deepEqual(sparklinePaths([], 120, box), { line: "", area: "" });
  assert.deepEqual(sparklinePaths(samplesOf(null, null), 120, box), { line: "", area: "" });
});

test("the_last_sample_is_at_the_right_and_the_highest_at_the_top", () => {
  const { line, area } = sparklinePaths(samplesOf(0, 100, 50), 120, box);
  assert.equal(line, "M118 40L119 0L120 20");
  assert.equal(area, "M118 40L118 40L119 0L120 20L120 40Z");
});

test("a_sample_that_is_not_known_is_a_gap", () => {
  const { line, area } = sparklinePaths(samplesOf(10, 10, null, 10, 10), 120, box);
  assert.equal(line, "M116 0L117 0M119 0L120 0");
  assert.equal(area.split("Z").length, 3);
});

test("a_single_sample_is_a_dot", () => {
  assert.equal(sparklinePaths(samplesOf(10, null, 20, null), 120, box).line,
    "M117 20h0M119 0h0");
});

test("all_zero_is_a_line_at_the_bottom", () => {
  assert.equal(sparklinePaths(samplesOf(0, 0), 120, box).line, "M119 40L120 40");
});

test("samples_before_the_window_are_left_out_also_of_the_scale", () => {
  const old = { at: 1e6 - 200_000, messages: 1000 };
  assert.equal(sparklinePaths([old, ...samplesOf(10, 10)], 120, box).line, "M119 0L120 0");
});

test("the_label_has_the_range_and_the_last_value", () => {
  assert.equal(sparklineLabel(samplesOf(5, null, 98412, 97000), 120),
    "Messages a second in the last 2 minutes: 5 to 98,412, now 97,000");
  assert.equal(sparklineLabel(samplesOf(5, null), 120),
    "Messages a second in the last 2 minutes: 5 to 5, now not known");
  assert.equal(sparklineLabel([], 120),
    "Messages a second in the last 2 minutes: not known yet");
});
