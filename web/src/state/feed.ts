// SPDX-License-Identifier: Apache-2.0
//
// Launches and explosions, as they have arrived.
import { signal } from "@preact/signals";
import type { Happening, Rocket } from "../api/types.js";

export type FeedEntry = { readonly key: number; readonly at: number } & (
  | { readonly kind: "launched" | "exploded"; readonly rocket: Rocket }
  // `count` more, which the service leaves out.
  | { readonly kind: "moreLaunched" | "moreExploded"; readonly count: number }
  // What has happened to the page itself: "service started again".
  | { readonly kind: "notice"; readonly text: string }
);

export const feedLength = 100;
export const feed = signal<readonly FeedEntry[]>([]); // the newest first

let nextKey = 1;

function prepend(entries: readonly FeedEntry[]): void {
  feed.value = [...entries, ...feed.value].slice(0, feedLength);
}

// The event `launched` or `exploded` has arrived: these rockets, and after them
// `more` that the service leaves out.
export function feedTakes(
  kind: "launched" | "exploded", { rockets, more }: Happening, at: number,
): void {
  const entries: FeedEntry[] = rockets.map((rocket) => ({ key: nextKey++, at, kind, rocket }));
  if (more > 0) {
    entries.push({
      key: nextKey++, at, count: more,
      kind: kind === "launched" ? "moreLaunched" : "moreExploded",
    });
  }
  prepend(entries.reverse());
}

// Something has happened to the page itself.
export function feedNotes(text: string, at: number): void {
  prepend([{ key: nextKey++, at, kind: "notice", text }]);
}
