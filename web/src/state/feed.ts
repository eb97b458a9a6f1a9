// SPDX-License-Identifier: Apache-2.0
//
// Launches and explosions, as they have arrived.
import { signal } from "@preact/signals";
import type { Rocket } from "../api/types.js";

export type FeedEntry = { readonly key: number; readonly at: number } & (
  | { readonly kind: "launched" | "exploded"; readonly rocket: Rocket }
  // `count` more, which the service leaves out.
  | { readonly kind: "moreLaunched" | "moreExploded"; readonly count: number }
  // What has happened to the page itself: "service started again".
  | { readonly kind: "notice"; readonly text: string }
);

export const feedLength = 100;
export const feed = signal<readonly FeedEntry[]>([]); // the newest first
