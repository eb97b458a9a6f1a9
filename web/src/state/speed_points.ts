// SPDX-License-Identifier: Apache-2.0
//
// The speeds of a rocket over hours, with a bounded number of points: the older
// they are, the fewer, but the lowest and the highest ones stay.

export interface SpeedPoint {
  readonly at: number; // Date.now() when it arrived
  readonly speed: number;
}

export const speedPointsLength = 3000;

// Of each four points the lowest and the highest, in their order.
function thin(points: readonly SpeedPoint[]): readonly SpeedPoint[] {
  const kept: SpeedPoint[] = [];
  for (let begin = 0; begin < points.length; begin += 4) {
    const four = points.slice(begin, begin + 4);
    const low = four.reduce((a, b) => (b.speed < a.speed ? b : a));
    const high = four.reduce((a, b) => (b.speed > a.speed ? b : a));
    kept.push(...four.filter((point) => point === low || point === high));
  }
  return kept;
}

// `points` and the new one. While the speed stays as it is, only the last of the
// points moves.
export function addSpeed(
  points: readonly SpeedPoint[], point: SpeedPoint,
): readonly SpeedPoint[] {
  const stays = points.at(-1)?.speed === point.speed && points.at(-2)?.speed === point.speed;
  const next = [...(stays ? points.slice(0, -1) : points), point];
  if (next.length <= speedPointsLength) {
    return next;
  }
  // The first point stays: the curve begins when the page was opened.
  const middle = next.length >> 1;
  return [...next.slice(0, 1), ...thin(next.slice(1, middle)), ...next.slice(middle)];
}
