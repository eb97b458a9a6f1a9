// SPDX-License-Identifier: Apache-2.0
//
// How far a frozen order is from the one that it would have now.

// The length of the longest subsequence of `values` that rises (patience sorting).
export function longestRise(values: readonly number[]): number {
  // lowest[n]: the lowest value that a rise of n + 1 values can end with.
  const lowest: number[] = [];
  for (const value of values) {
    let low = 0;
    let high = lowest.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((lowest[middle] ?? Infinity) < value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    lowest[low] = value;
  }
  return lowest.length;
}

// How many places of `shown` would show another id, or one that has moved, if it was
// `now`: all but those of the longest sequence that both have. Both are without
// repetitions.
export function countMoved(shown: readonly string[], now: readonly string[]): number {
  const places = new Map(now.map((id, index) => [id, index]));
  const kept = shown.flatMap((id) => places.get(id) ?? []);
  return Math.max(shown.length, now.length) - longestRise(kept);
}
