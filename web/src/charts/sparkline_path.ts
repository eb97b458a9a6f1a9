// SPDX-License-Identifier: Apache-2.0
//
// The path of a sparkline and its label.
import type { RateSample } from "../state/fleet.js";
import { formatNumber } from "../text/numbers.js";

export interface Box {
  readonly width: number;
  readonly height: number;
}

export interface SparklinePaths {
  readonly line: string;
  readonly area: string; // between the line and 0
}

interface Point {
  readonly x: number;
  readonly y: number;
}

// What is known, in pieces: between them are samples that are not known.
function pieces(samples: readonly RateSample[], point: (sample: RateSample) => Point): Point[][] {
  const all: Point[][] = [[]];
  for (const sample of samples) {
    if (sample.messages === null) {
      all.push([]);
    } else {
      all.at(-1)?.push(point(sample));
    }
  }
  return all.filter((piece) => piece.length > 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

// The last `seconds` before the last sample, from 0 to the highest value. A
// piece of one sample is a dot.
export function sparklinePaths(
  samples: readonly RateSample[], seconds: number, { width, height }: Box,
): SparklinePaths {
  const end = samples.at(-1)?.at ?? 0;
  const shown = samples.filter(({ at }) => end - at <= seconds * 1000);
  const top = Math.max(1, ...shown.map(({ messages }) => messages ?? 0));
  const point = ({ at, messages }: RateSample): Point => ({
    x: round(width - (end - at) / (seconds * 1000) * width),
    y: round(height - (messages ?? 0) / top * height),
  });
  let line = "", area = "";
  for (const piece of pieces(shown, point)) {
    const first = piece[0], last = piece.at(-1);
    if (first === undefined || last === undefined) {
      continue;
    }
    const corners = piece.map(({ x, y }) => `${x} ${y}`).join("L");
    line += `M${corners}${piece.length === 1 ? "h0" : ""}`;
    area += `M${first.x} ${height}L${corners}L${last.x} ${height}Z`;
  }
  return { line, area };
}

// "Messages a second in the last 2 minutes: 0 to 98,412, now 97,000".
export function sparklineLabel(samples: readonly RateSample[], seconds: number): string {
  const known = samples.flatMap(({ messages }) => (messages === null ? [] : [messages]));
  const name = `Messages a second in the last ${formatNumber(seconds / 60)} minutes`;
  if (known.length === 0) {
    return `${name}: not known yet`;
  }
  const now = samples.at(-1)?.messages ?? null;
  return `${name}: ${formatNumber(Math.min(...known))} to ${formatNumber(Math.max(...known))}, `
    + (now === null ? "now not known" : `now ${formatNumber(now)}`);
}
