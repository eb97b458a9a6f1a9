// SPDX-License-Identifier: Apache-2.0
//
// The bars of the histogram of speeds, and what it says in words. The service
// sends only the steps that have rockets; the steps between are empty bars, so
// that all bars have the same width and each place means the same speed.
import type { SpeedBin } from "../api/types.js";
import { formatCompact, formatNumber } from "../text/numbers.js";

const perDecade = 10;
const firstDecade = 2; // the index of the step that begins at 100
const topDecade = 72; // and of that at 10^9; from there on a decade is a step
const fewestBars = 10;

// Where steps begin: below 0, at 0, in the steps of ISO 3 R10, and three more.
const starts: readonly (number | null)[] = [
  null, 0,
  ...[1, 10, 100, 1e3, 1e4, 1e5, 1e6].flatMap((power) =>
    [100, 125, 160, 200, 250, 315, 400, 500, 630, 800].map((step) => step * power)),
  1e9, 1e10, 1e11,
];

const indexOf = new Map(starts.map((start, index) => [start, index]));

function decadeFloor(index: number): number {
  if (index < firstDecade || index >= topDecade) {
    return index;
  }
  return index - (index - firstDecade) % perDecade;
}

function decadeCeiling(index: number): number {
  if (index < firstDecade || index >= topDecade) {
    return index;
  }
  return decadeFloor(index) + perDecade - 1;
}

// All steps of the decades in which there are rockets, and between them. Whole
// decades give the axis round ends, which rarely move.
export function barsOf(speeds: readonly SpeedBin[]): readonly SpeedBin[] {
  const indexes = speeds.map((bin) => indexOf.get(bin.from));
  const lowest = indexes[0];
  const highest = indexes.at(-1);
  // Steps of a later version are shown as they are.
  if (lowest === undefined || highest === undefined || indexes.includes(undefined)) {
    return speeds;
  }
  let first = decadeFloor(lowest);
  const last = decadeCeiling(Math.max(highest, first + fewestBars - 1));
  const end = Math.min(last, starts.length - 1);
  if (end - first + 1 < fewestBars) {
    first = decadeFloor(end - fewestBars + 1);
  }
  const rockets = new Map(speeds.map((bin) => [bin.from, bin.rockets]));
  return starts.slice(first, end + 1).map((from, i) => ({
    from, to: starts[first + i + 1] ?? null, rockets: rockets.get(from) ?? 0,
  }));
}

export function rangeText({ from, to }: Pick<SpeedBin, "from" | "to">): string {
  if (from === null) {
    return to === null ? "any speed" : `below ${formatNumber(to)}`;
  }
  return to === null ? `${formatNumber(from)} or more`
    : `${formatNumber(from)} to ${formatNumber(to)}`;
}

function rocketsText(count: number): string {
  return `${formatNumber(count)} ${count === 1 ? "rocket" : "rockets"}`;
}

// "12,500 to 16,000: 16 rockets".
export function barText(bar: SpeedBin): string {
  return `${rangeText(bar)}: ${rocketsText(bar.rockets)}`;
}

// "Most frequent: 12,500 to 16,000".
export function modeText(bars: readonly SpeedBin[]): string {
  let mode: SpeedBin | undefined;
  for (const bar of bars) {
    if (bar.rockets > (mode?.rockets ?? 0)) {
      mode = bar;
    }
  }
  return mode === undefined ? "No rockets yet" : `Most frequent: ${rangeText(mode)}`;
}

// "20 rockets: 12,500 to 500,000. Most frequent: 125,000 to 160,000".
export function gistOf(bars: readonly SpeedBin[]): string {
  const full = bars.filter((bar) => bar.rockets > 0);
  const lowest = full[0];
  const highest = full.at(-1);
  if (lowest === undefined || highest === undefined) {
    return modeText(bars);
  }
  const total = full.reduce((sum, bar) => sum + bar.rockets, 0);
  return `${rocketsText(total)}: ${rangeText({ from: lowest.from, to: highest.to })}. `
    + modeText(bars);
}

// A text below the left edge of the bar at `edge`; `edge` may be the number of
// bars, which is the right end.
export interface AxisLabel {
  readonly edge: number;
  readonly text: string;
}

function isRound(speed: number): boolean {
  return speed === 0 || Number.isInteger(Math.log10(speed));
}

function speedLabel(speed: number): string {
  return speed < 1e6 ? formatNumber(speed) : formatCompact(speed);
}

// Labels at 0 and the powers of ten.
export function axisLabels(bars: readonly SpeedBin[]): readonly AxisLabel[] {
  const labels: AxisLabel[] = [];
  bars.forEach(({ from }, edge) => {
    if (from !== null && isRound(from)) {
      labels.push({ edge, text: speedLabel(from) });
    }
  });
  const end = bars.at(-1)?.to;
  if (typeof end === "number" && isRound(end)) {
    labels.push({ edge: bars.length, text: speedLabel(end) });
  }
  return labels;
}

export interface PlacedLabel {
  readonly x: number; // of its left end
  readonly text: string;
}

// Labels below their edges, moved inwards at the ends; of those that would touch,
// the ends stay.
export function placeLabels(
  labels: readonly AxisLabel[], bars: number, width: number, widthOf: (text: string) => number,
): readonly PlacedLabel[] {
  const space = 12;
  const spans = labels.map(({ edge, text }) => {
    const own = widthOf(text);
    const x = Math.max(0, Math.min(width - own, edge / bars * width - own / 2));
    return { x, end: x + own, text };
  });
  const last = spans.at(-1);
  const placed: PlacedLabel[] = [];
  let free = 0;
  for (const span of spans) {
    const fits = span === last || last === undefined || span.end + space <= last.x;
    if (span.x < free || !fits) {
      continue;
    }
    placed.push({ x: span.x, text: span.text });
    free = span.end + space;
  }
  return placed;
}

// The lowest of 1, 2 and 5 times a power of ten that is not below `value`: the
// top of the scale, so that it rarely changes.
export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return power * ([1, 2, 5].find((step) => step * power >= value) ?? 10);
}
