// SPDX-License-Identifier: Apache-2.0
//
// What the speed curve draws and says.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  changesOnly, columnsOf, curveLabel, indexAt, thinned, timeRange,
} from "../../web/src/charts/curve_data.js";
import type { SpeedPoint } from "../../web/src/state/speed_points.js";
import { formatTime } from "../../web/src/text/times.js";

const noon = Date.UTC(2026, 10, 27, 12);

function pointsOf(...speeds: number[]): SpeedPoint[] {
  return speeds.map((speed, i) => ({ at: noon + i * 1000, speed }));
}

test("the_last_speed_holds_until_now", () => {
  assert.deepEqual(columnsOf(pointsOf(5, 7), noon + 9000),
    [[noon, noon + 1000, noon + 9000], [5, 7, 7]]);
  assert.deepEqual(columnsOf(pointsOf(5, 7), noon + 1000), [[noon, noon + 1000], [5, 7]]);
  assert.deepEqual(columnsOf([], noon), [[], []]);
});

test("a_short_time_does_not_fill_the_width", () => {
  assert.deepEqual(timeRange(noon, noon + 1000), [noon, noon + 30_000]);
  assert.deepEqual(timeRange(noon, noon + 90_000), [noon, noon + 90_000]);
});

test("the_speed_at_a_time_is_that_of_the_last_point_before", () => {
  const times = [10, 20, 30];
  for (const [time, index] of [[5, 0], [10, 0], [19, 0], [20, 1], [30, 2], [99, 2]] as const) {
    assert.equal(indexAt(times, time), index, `time ${time}`);
  }
});

test("thinned_points_keep_the_first_and_the_last", () => {
  const all = Array.from({ length: 3000 }, (_, i) => i);
  const few = thinned(all, 50);
  assert.equal(few.length, 50);
  assert.equal(few[0], 0);
  assert.equal(few[49], 2999);
  assert.deepEqual(thinned(all.slice(0, 50), 50), all.slice(0, 50));
});

test("the_table_has_no_speed_twice_in_a_row", () => {
  assert.deepEqual(changesOnly(pointsOf(5, 5, 7, 7, 5)).map(({ speed }) => speed), [5, 7, 5]);
});

test("the_label_has_the_gist", () => {
  const [from, to] = [formatTime(noon, true).text, formatTime(noon + 3000, true).text];
  assert.equal(curveLabel(pointsOf(500, 90, 44_000, 1000), true),
    `Speed from ${from} to ${to}: from 500 to 1,000, lowest 90, highest 44,000.`);
  assert.equal(curveLabel([], true), "Speed: not known yet.");
});
