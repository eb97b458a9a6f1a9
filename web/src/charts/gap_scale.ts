// SPDX-License-Identifier: Apache-2.0
//
// Where the message numbers of a rocket lie in the gap map. The numbers 1 to
// `last` fill the rows like text fills lines: from left to right, then the next
// row. Positions are device pixels of one long strip, row after row; a gap has
// at least one of them, however many numbers there are. Pure: no canvas here.
import type { Gap, Gaps } from "../api/types.js";

export interface GapScale {
  readonly last: number;
  readonly width: number; // of a row
  readonly rows: number;
}

// Pixels from `start` up to and without `end`.
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface GapData {
  readonly last: number; // the last message number
  readonly missing: number; // with those that were given up
  readonly gaps: readonly Gap[]; // sorted, without overlaps, behind `givenUp.upTo`
  readonly known: number; // up to here `gaps` is complete
  readonly givenUp: { readonly upTo: number; readonly count: number };
}

// What is known of the numbers at a pixel.
export interface Reading {
  readonly kind: "missing" | "received" | "givenUp" | "unknown";
  readonly from: number;
  readonly to: number;
  readonly ranges: number; // of missing numbers, in between
  readonly numbers: number; // how many are missing, given up or received
}

export const maxRows = 64;

// The data of what the service says. The ranges are read after the rocket, and may
// be the first of many, so they need not fit together: `missing` is that of the
// rocket, as everywhere on the page, and behind the last range nothing is known
// while there are too few.
export function gapData(last: number, missing: number, read: Gaps | null): GapData {
  const none = { upTo: 0, count: 0 };
  if (read === null || missing === 0) {
    return { last, missing, gaps: [], known: missing === 0 ? last : 0, givenUp: none };
  }
  const { gaps, givenUp } = read;
  const counted = gaps.reduce((sum, gap) => sum + gap.to - gap.from + 1, givenUp.count);
  const end = gaps.at(-1)?.to ?? givenUp.upTo;
  return {
    last: Math.max(last, end), missing, gaps, givenUp,
    known: counted < missing ? end : Math.max(last, end),
  };
}

// As many rows as leave, on the average, `room` pixels for a gap and what was
// received behind it.
export function rowsFor(gaps: number, width: number, room = 4): number {
  if (width <= 0) {
    return 1;
  }
  return Math.min(maxRows, Math.max(1, Math.ceil((gaps * room) / width)));
}

function pixels(scale: GapScale): number {
  return scale.width * scale.rows;
}

function position(scale: GapScale, numbersBefore: number): number {
  return Math.floor((numbersBefore / scale.last) * pixels(scale));
}

export function spanOf(scale: GapScale, from: number, to: number): Span {
  const start = Math.min(position(scale, from - 1), pixels(scale) - 1);
  return { start, end: Math.max(start + 1, position(scale, to)) };
}

// The spans of all gaps; those that touch each other are one.
export function spansOf(scale: GapScale, gaps: readonly Gap[]): Span[] {
  const spans: Span[] = [];
  let start = -1;
  let end = -1;
  for (const gap of gaps) {
    const span = spanOf(scale, gap.from, gap.to);
    if (start >= 0 && span.start <= end) {
      end = Math.max(end, span.end);
      continue;
    }
    if (start >= 0) {
      spans.push({ start, end });
    }
    ({ start, end } = span);
  }
  if (start >= 0) {
    spans.push({ start, end });
  }
  return spans;
}

// Call `draw` with the parts of a span, each within one row.
export function eachRow(
  scale: GapScale, span: Span,
  draw: (row: number, x: number, width: number) => void,
): void {
  let at = span.start;
  while (at < span.end) {
    const row = Math.floor(at / scale.width);
    const end = Math.min(span.end, (row + 1) * scale.width);
    draw(row, at - row * scale.width, end - at);
    at = end;
  }
}

// The index of the first gap for which `holds`, which must hold for all behind
// it; the number of gaps if there is none.
function firstGap(gaps: readonly Gap[], holds: (gap: Gap) => boolean): number {
  let low = 0;
  let high = gaps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const gap = gaps[middle];
    if (gap !== undefined && holds(gap)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

function missing(found: readonly Gap[]): Reading | null {
  const first = found[0];
  const last = found.at(-1);
  if (first === undefined || last === undefined) {
    return null;
  }
  return {
    kind: "missing", from: first.from, to: last.to, ranges: found.length,
    numbers: found.reduce((sum, gap) => sum + gap.to - gap.from + 1, 0),
  };
}

function givenUp({ upTo, count }: GapData["givenUp"]): Reading {
  return { kind: "givenUp", from: 1, to: upTo, ranges: 0, numbers: count };
}

// The gaps whose spans have a pixel from `low` to `high`, both inclusive.
function gapsWithin(
  scale: GapScale, gaps: readonly Gap[], low: number, high: number,
): readonly Gap[] {
  const begin = firstGap(gaps, (gap) => spanOf(scale, gap.from, gap.to).end > low);
  const end = firstGap(gaps, (gap) => spanOf(scale, gap.from, gap.to).start > high);
  return gaps.slice(begin, end);
}

// What is at a pixel. If no gap is there, but some within `slack` pixels of the
// same row, then these, as it is hard to point at a single pixel.
export function readingAt(
  scale: GapScale, data: GapData, pixel: number, slack: number,
): Reading | null {
  if (data.last < 1 || pixel < 0 || pixel >= pixels(scale)) {
    return null;
  }
  const row = Math.floor(pixel / scale.width) * scale.width;
  const low = Math.max(row, pixel - slack);
  const high = Math.min(row + scale.width - 1, pixel + slack);
  const found = missing(gapsWithin(scale, data.gaps, pixel, pixel))
    ?? missing(gapsWithin(scale, data.gaps, low, high));
  if (found !== null) {
    return found;
  }
  const { upTo } = data.givenUp;
  if (upTo > 0 && pixel < spanOf(scale, 1, upTo).end) {
    return givenUp(data.givenUp);
  }
  const next = firstGap(data.gaps, (gap) => spanOf(scale, gap.from, gap.to).start > pixel);
  const from = (data.gaps[next - 1]?.to ?? upTo) + 1;
  const to = (data.gaps[next]?.from ?? data.last + 1) - 1;
  if (from > data.known) {
    return { kind: "unknown", from, to, ranges: 0, numbers: 0 };
  }
  return { kind: "received", from, to, ranges: 0, numbers: to - from + 1 };
}

// What the arrow keys step through: the zone that was given up, if there is
// one, then gap after gap.
export function stepCount(data: GapData): number {
  return data.gaps.length + (data.givenUp.upTo > 0 ? 1 : 0);
}

export function stepAt(data: GapData, step: number): Reading | null {
  const zones = data.givenUp.upTo > 0 ? 1 : 0;
  if (step >= 0 && step < zones) {
    return givenUp(data.givenUp);
  }
  const gap = data.gaps[step - zones];
  return gap === undefined ? null : missing([gap]);
}

// The step at or behind a number, to go on from where the pointer was.
export function stepFrom(data: GapData, number: number): number {
  const zones = data.givenUp.upTo > 0 ? 1 : 0;
  if (number <= data.givenUp.upTo) {
    return 0;
  }
  return Math.min(
    stepCount(data) - 1, zones + firstGap(data.gaps, (gap) => gap.to >= number),
  );
}
