// SPDX-License-Identifier: Apache-2.0
//
// Ids of events, "START-REVISION", and the reference of a stream.

// What a request may have besides ids, and the ids, must fit into a head of 8 KiB.
export const queryLimit = 6144;

const kinds = ["summary", "launched", "exploded"];

export function startOf(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf("-")));
}

export function revisionOf(id: string): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}

// The lower one: a stream from there on has all that came after either. Ids of two
// starts cannot be compared: `first` leads to a reset.
export function earlierId(first: string | null, second: string | null): string | null {
  if (first === null || second === null) {
    return first ?? second;
  }
  return startOf(first) === startOf(second) && revisionOf(second) < revisionOf(first)
    ? second
    : first;
}

// A stream of the whole fleet's summary and feed, and of these rockets, as far as
// they fit into a URL.
export function eventsReference(ids: readonly string[], interval: number): string {
  const head = `events?interval=${interval}`;
  let query = "";
  for (const id of ids) {
    const parameter = `&id=${encodeURIComponent(id)}`;
    if (head.length + query.length + parameter.length > queryLimit) {
      break;
    }
    query += parameter;
  }
  const events = query === "" ? kinds : ["rockets", ...kinds];
  return `${head}&events=${events.join(",")}${query}`;
}
