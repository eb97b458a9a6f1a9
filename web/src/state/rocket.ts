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
export const gapsFailure = signal<string | null>(null); // why they could not be read

// Rejects with an Error whose message is for people.
export type ReadGaps = (id: string, abort: AbortSignal) => Promise<Gaps>;

let readGaps: ReadGaps = () => Promise.reject(new Error("not connected"));
let shown: string | null = null;

// To be called once, at the start.
export function setGapsReader(reader: ReadGaps): void {
  readGaps = reader;
}

// The page of the rocket `id` is opened; null: it is left.
export function openRocket(id: string | null): void {
  if (id !== shown) {
    shown = id;
    rocket.value = "loading";
    speeds.value = [];
    changes.value = [];
    gaps.value = null;
    gapsFailure.value = null;
  }
}

// A state of the rocket, read or of the stream. Those of other rockets, and older
// ones, mean nothing.
export function applyRocket(next: Rocket, at = Date.now()): void {
  if (next.id !== shown) {
    return;
  }
  const old = rocket.value;
  if (typeof old === "object" && next.revision <= old.revision) {
    return;
  }
  rocket.value = next;
  speeds.value = [...speeds.value.slice(-2999), { at, speed: next.speed }];
  void readGaps(next.id, new AbortController().signal).then((read) => { gaps.value = read; })
    .catch((error: unknown) => { gapsFailure.value = String(error); });
}

// The service has no rocket `id`, now.
export function rocketUnknown(id: string): void {
  if (id === shown) {
    rocket.value = "unknown";
  }
}

// The service has another start: its revisions begin anew, so the next state is
// newer, whatever its revision.
export function forgetRevision(): void {}
