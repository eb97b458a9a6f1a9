// SPDX-License-Identifier: Apache-2.0
//
// The rocket whose page is shown, from the moment it was opened.
import { signal } from "@preact/signals";
import type { Gaps, Rocket } from "../api/types.js";

export interface SpeedPoint {
  readonly at: number; // Date.now() when it arrived
  readonly speed: number;
}

// A member of the rocket that has changed.
export interface Change {
  readonly key: number;
  readonly at: number;
  readonly field: "type" | "mission" | "status" | "speed" | "reason";
  readonly from: string | number | null;
  readonly to: string | number | null;
}

export const changesLength = 50;

// "loading", or "unknown" if the service has no rocket with this id.
export const rocket = signal<Rocket | "loading" | "unknown">("loading");
export const speeds = signal<readonly SpeedPoint[]>([]); // the oldest first
export const changes = signal<readonly Change[]>([]); // the newest first
export const gaps = signal<Gaps | null>(null);
