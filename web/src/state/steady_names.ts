// SPDX-License-Identifier: Apache-2.0
//
// The order of names by their rockets, which does not change with every rocket: a
// name that is about to be pressed must not go away under the pointer.
import type { NameCounts } from "../api/types.js";

// So many times the rockets of the name above it a name must have to pass it.
const passes = 1.1;

// `now` in the order of `before` (null: there was none), but for names that have
// passed others. New names begin at the end.
export function steadyNames(before: NameCounts | null, now: NameCounts): NameCounts {
  if (before === null) {
    return now;
  }
  const places = new Map(before.top.map(({ name }, index) => [name, index]));
  const place = (name: string) => places.get(name) ?? places.size;
  const known = [...now.top].sort((a, b) => place(a.name) - place(b.name));
  const top: (typeof known)[number][] = [];
  for (const one of known) {
    let index = top.length;
    while (index > 0 && one.rockets > passes * (top[index - 1]?.rockets ?? 0)) {
      index--;
    }
    top.splice(index, 0, one);
  }
  return { ...now, top };
}
