// SPDX-License-Identifier: Apache-2.0
//
// Which entries of the feed are shown: the newest ones, or those that were there
// when the reader began to read, as nothing must move below their eyes or pointer.
import type { FeedEntry } from "../state/feed.js";

// How many are rendered while the newest are followed: a few more than fit, so
// that the list can be scrolled.
export const followedLength = 15;

export interface Shown {
  readonly entries: readonly FeedEntry[];
  readonly newer: number; // that are not shown
}

// `held`: the entries that were shown when the reader began, or null.
export function shownOf(
  feed: readonly FeedEntry[], held: readonly FeedEntry[] | null,
): Shown {
  if (held === null) {
    return { entries: feed.slice(0, followedLength), newer: 0 };
  }
  const newest = held[0]?.key ?? 0;
  return { entries: held, newer: feed.filter(({ key }) => key > newest).length };
}

// An id of at most `length` characters, else its beginning and its end, which
// tell ids apart.
export function shortId(id: string, length = 14): string {
  const characters = Array.from(id);
  if (characters.length <= length) {
    return id;
  }
  const end = Math.floor((length - 1) / 3);
  return `${characters.slice(0, length - 1 - end).join("")}…${characters.slice(-end).join("")}`;
}
