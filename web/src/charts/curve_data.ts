// SPDX-License-Identifier: Apache-2.0
//
// What the speed curve draws and says, of the speeds that have arrived. Pure.
import type { SpeedPoint } from "../state/speed_points.js";
import { formatNumber } from "../text/numbers.js";
import { formatTime } from "../text/times.js";

const leastSpan = 30_000; // milliseconds; a curve of a second would tell nothing

// Times and speeds, in columns as uPlot wants them. A speed holds until the next
// one, so the last one goes on until `now`.
export function columnsOf(points: readonly SpeedPoint[], now: number): [number[], number[]] {
  const times = points.map((point) => point.at);
  const speeds = points.map((point) => point.speed);
  const last = points.at(-1);
  if (last !== undefined && now > last.at) {
    times.push(now);
    speeds.push(last.speed);
  }
  return [times, speeds];
}

export function timeRange(first: number, last: number): [number, number] {
  return [first, Math.max(last, first + leastSpan)];
}

// The index of the last time that is not behind `time`; the first one if all are.
export function indexAt(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((times[middle] ?? Infinity) <= time) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

// At most `most` points at even distances, the first and the last among them.
export function thinned<T>(points: readonly T[], most: number): readonly T[] {
  if (points.length <= most) {
    return points;
  }
  const step = (points.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => points[Math.round(i * step)])
    .filter((point) => point !== undefined);
}

// Without points whose speed is that of the one before.
export function changesOnly(points: readonly SpeedPoint[]): readonly SpeedPoint[] {
  return points.filter((point, i) => point.speed !== points[i - 1]?.speed);
}

// What the curve shows, for those who do not see it.
export function curveLabel(points: readonly SpeedPoint[], utc: boolean): string {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) {
    return "Speed: not known yet.";
  }
  let low = first.speed;
  let high = first.speed;
  for (const { speed } of points) {
    low = Math.min(low, speed);
    high = Math.max(high, speed);
  }
  return `Speed from ${formatTime(first.at, utc).text} to ${formatTime(last.at, utc).text}: `
    + `from ${formatNumber(first.speed)} to ${formatNumber(last.speed)}, `
    + `lowest ${formatNumber(low)}, highest ${formatNumber(high)}.`;
}
