// SPDX-License-Identifier: Apache-2.0
//
// The gap map shows each gap, where it is, and reads what it shows.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  eachRow, gapData, maxRows, readingAt, rowsFor, spanOf, spansOf, stepAt, stepCount, stepFrom,
  type GapData, type GapScale, type Span,
} from "../../web/src/charts/gap_scale.js";
import type { Gap } from "../../web/src/api/types.js";
import { forAll, type Random } from "./random.js";

const none = { upTo: 0, count: 0 };

function dataOf(last: number, gaps: readonly Gap[], givenUp = none): GapData {
  const missing = gaps.reduce((sum, gap) => sum + gap.to - gap.from + 1, givenUp.count);
  return { last, missing, gaps, known: last, givenUp };
}

// Sorted gaps that do not touch each other.
function someGaps(random: Random, count: number, last: number): Gap[] {
  const gaps: Gap[] = [];
  let at = 1;
  const room = Math.floor(last / count);
  for (let i = 0; i < count && at < last - 2; i++) {
    const from = at + 1 + random.integer(0, room >> 1);
    const to = Math.min(last - 1, from + random.integer(0, room >> 2));
    if (from > to) {
      break;
    }
    gaps.push({ from, to });
    at = to + 1;
  }
  return gaps;
}

test("a_gap_has_at_least_one_pixel_however_many_numbers_there_are", () => {
  const scale: GapScale = { last: 9_007_199_254_740_991, width: 300, rows: 1 };
  assert.deepEqual(spanOf(scale, 2, 2), { start: 0, end: 1 });
  assert.deepEqual(spanOf(scale, scale.last, scale.last), { start: 299, end: 300 });
});

test("all_numbers_fill_all_pixels", () => {
  for (const [last, width, rows] of [[1, 300, 1], [7, 300, 4], [1_000_000, 1177, 16]] as const) {
    assert.deepEqual(spanOf({ last, width, rows }, 1, last), { start: 0, end: width * rows });
  }
});

test("neighbours_share_no_pixel_while_there_are_more_pixels_than_numbers", () => {
  const scale: GapScale = { last: 100, width: 333, rows: 1 };
  for (let number = 1; number < 100; number++) {
    assert.equal(spanOf(scale, number, number).end, spanOf(scale, number + 1, number + 1).start);
  }
});

function someScale(random: Random, last: number): GapScale {
  return { last, width: random.integer(1, 400), rows: random.integer(1, 8) };
}

test("spans_are_in_order_apart_within_the_map_and_hold_all_gaps", () => {
  forAll(200, (random) => {
    const last = random.integer(3, 100_000);
    const gaps = someGaps(random, random.integer(1, 500), last);
    const scale = someScale(random, last);
    const lit = new Set<number>();
    let end = -1;
    for (const span of spansOf(scale, gaps)) {
      assert.ok(span.start > end && span.end > span.start);
      assert.ok(span.end <= scale.width * scale.rows);
      end = span.end;
      for (let pixel = span.start; pixel < span.end; pixel++) {
        lit.add(pixel);
      }
    }
    for (const gap of gaps) {
      const span = spanOf(scale, gap.from, gap.to);
      assert.ok(lit.has(span.start) && lit.has(span.end - 1), `gap at ${gap.from}`);
    }
  });
});

test("what_is_lit_reads_as_missing_and_what_is_not_reads_as_received", () => {
  forAll(50, (random) => {
    const last = random.integer(3, 50_000);
    const data = dataOf(last, someGaps(random, random.integer(1, 100), last));
    const scale = someScale(random, last);
    const spans = spansOf(scale, data.gaps);
    for (let pixel = 0; pixel < scale.width * scale.rows; pixel++) {
      const lit = spans.some(({ start, end }) => start <= pixel && pixel < end);
      assert.equal(readingAt(scale, data, pixel, 0)?.kind, lit ? "missing" : "received",
        `pixel ${pixel}`);
    }
  });
});

test("a_pixel_reads_the_range_at_it", () => {
  const data = dataOf(5700, [{ from: 2117, to: 2119 }, { from: 4000, to: 4000 }]);
  const scale = { last: 5700, width: 5700, rows: 1 };
  assert.deepEqual(readingAt(scale, data, 2117, 0),
    { kind: "missing", from: 2117, to: 2119, ranges: 1, numbers: 3 });
  assert.deepEqual(readingAt(scale, data, 3000, 0),
    { kind: "received", from: 2120, to: 3999, ranges: 0, numbers: 1880 });
  assert.deepEqual(readingAt(scale, data, 5699, 0),
    { kind: "received", from: 4001, to: 5700, ranges: 0, numbers: 1700 });
  assert.equal(readingAt(scale, data, 5700, 0), null);
  assert.equal(readingAt(scale, data, -1, 0), null);
});

test("a_pixel_of_several_gaps_reads_them_all", () => {
  const data = dataOf(10_000,
    [{ from: 11, to: 12 }, { from: 14, to: 14 }, { from: 5000, to: 5000 }]);
  assert.deepEqual(readingAt({ last: 10_000, width: 100, rows: 1 }, data, 0, 0),
    { kind: "missing", from: 11, to: 14, ranges: 2, numbers: 3 });
});

test("a_gap_can_be_pointed_at_from_some_pixels_away_in_its_own_row_only", () => {
  const data = dataOf(1000, [{ from: 101, to: 101 }]); // the first pixel of the second row
  const scale = { last: 1000, width: 100, rows: 10 };
  assert.equal(readingAt(scale, data, 102, 3)?.kind, "missing");
  assert.equal(readingAt(scale, data, 104, 3)?.kind, "received");
  assert.equal(readingAt(scale, data, 99, 3)?.kind, "received");
});

test("the_zone_that_was_given_up_reads_as_such_up_to_the_first_gap_behind_it", () => {
  const data = dataOf(1000, [{ from: 600, to: 600 }], { upTo: 500, count: 12 });
  const scale = { last: 1000, width: 1000, rows: 1 };
  assert.deepEqual(readingAt(scale, data, 499, 0),
    { kind: "givenUp", from: 1, to: 500, ranges: 0, numbers: 12 });
  assert.deepEqual(readingAt(scale, data, 500, 0),
    { kind: "received", from: 501, to: 599, ranges: 0, numbers: 99 });
});

test("rows_are_as_many_as_keep_gaps_apart_and_not_too_many", () => {
  assert.equal(rowsFor(0, 800), 1);
  assert.equal(rowsFor(200, 800), 1);
  assert.equal(rowsFor(201, 800), 2);
  assert.equal(rowsFor(16_384, 800), maxRows);
  assert.equal(rowsFor(5, 0), 1);
});

test("a_span_over_several_rows_is_drawn_once_in_each", () => {
  const drawn: Span[] = [];
  const scale = { last: 100, width: 10, rows: 10 };
  eachRow(scale, { start: 8, end: 31 }, (row, x, width) =>
    drawn.push({ start: row * 10 + x, end: row * 10 + x + width }));
  assert.deepEqual(drawn, [
    { start: 8, end: 10 }, { start: 10, end: 20 }, { start: 20, end: 30 }, { start: 30, end: 31 },
  ]);
});

test("keys_step_through_the_zone_that_was_given_up_and_each_gap", () => {
  const gaps = [{ from: 600, to: 602 }, { from: 700, to: 700 }];
  const data = dataOf(1000, gaps, { upTo: 500, count: 12 });
  assert.equal(stepCount(data), 3);
  assert.deepEqual([0, 1, 2, 3].map((step) => stepAt(data, step)?.from),
    [1, 600, 700, undefined]);
  const steps = [[1, 0], [500, 0], [501, 1], [602, 1], [603, 2], [900, 2]] as const;
  for (const [number, step] of steps) {
    assert.equal(stepFrom(data, number), step, `number ${number}`);
  }
  assert.equal(stepAt(dataOf(1000, []), stepFrom(dataOf(1000, []), 5)), null);
});

test("ranges_that_were_not_all_read_leave_the_rest_unknown", () => {
  const read = { missingMessages: 100, gaps: [{ from: 2, to: 3 }], givenUp: none };
  const data = gapData(1000, 100, read);
  assert.equal(data.known, 3);
  assert.equal(readingAt({ last: 1000, width: 1000, rows: 1 }, data, 500, 0)?.kind, "unknown");
  assert.equal(gapData(1000, 2, { ...read, missingMessages: 2 }).known, 1000);
  assert.equal(gapData(1000, 5, null).known, 0);
});

test("a_rocket_that_misses_more_than_when_its_ranges_were_read_says_so", () => {
  const read = { missingMessages: 2, gaps: [{ from: 2, to: 3 }], givenUp: none };
  const data = gapData(1000, 9, read);
  assert.equal(data.missing, 9);
  assert.equal(data.known, 3);
});

test("a_rocket_that_is_complete_now_has_none_of_the_gaps_that_were_read_before", () => {
  const read = { missingMessages: 2, gaps: [{ from: 2, to: 3 }], givenUp: none };
  assert.deepEqual(gapData(1000, 0, read),
    { last: 1000, missing: 0, gaps: [], known: 1000, givenUp: none });
});

test("gaps_that_were_read_later_than_the_rocket_end_within_the_map", () => {
  const read = { missingMessages: 1, gaps: [{ from: 1200, to: 1200 }], givenUp: none };
  assert.equal(gapData(1000, 1, read).last, 1200);
});
