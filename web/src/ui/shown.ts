// SPDX-License-Identifier: Apache-2.0
//
// What of the page is open, where that is not in its URL.
import { signal } from "@preact/signals";

export const helpIsOpen = signal(false);

// The part of the fleet's page that a phone shows.
export const tab = signal<"feed" | "rockets" | "charts">("rockets");
