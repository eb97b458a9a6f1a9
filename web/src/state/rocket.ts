// SPDX-License-Identifier: Apache-2.0
//
// The rocket whose page is shown, from the moment it was opened. reading.ts reads
// it, and following.ts feeds it.
import { batch, effect, signal } from "@preact/signals";
import { readGaps, readRocket, RequestError } from "../api/client.js";
import type { Gaps, Rocket } from "../api/types.js";
import { checkFailure } from "./access.js";
import { view } from "./address.js";
import { Throttle } from "./throttle.js";
import { addSpeed, type SpeedPoint } from "./speed_points.js";

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

const noGaps: Gaps = { missingMessages: 0, gaps: [], givenUp: { upTo: 0, count: 0 } };

// Gaps are read at most so often (ms).
const gapsPeriod = 1000;

// Changes of the speed within this time (ms) are one, or they push out all others.
const speedChangePeriod = 1000;

let revision = -1;
let starts = 0; // how often the service has had another one
let nextKey = 1;
let speedChangeBegan = 0;

// The rocket whose page is shown, and the reading of its gaps.
let shown: {
  readonly id: string;
  readonly abort: AbortController;
  readonly gaps: Throttle;
} | null = null;

function open(id: string | null): void {
  if (id === (shown?.id ?? null)) {
    return;
  }
  shown?.abort.abort();
  shown = null;
  if (id !== null) {
    const abort = new AbortController();
    const update = () => updateGaps(id, abort.signal);
    shown = { id, abort, gaps: new Throttle(update, gapsPeriod, abort.signal) };
  }
  revision = -1;
  batch(() => {
    rocket.value = "loading";
    speeds.value = [];
    changes.value = [];
    gaps.value = null;
    gapsFailure.value = null;
  });
}

effect(() => open(view.value.rocket));

// Read the rocket whose page is shown, and its gaps. Returns the id of an event
// up to which it has all changes; null: there is none. It is not older than the
// revision `after`. Rejects with a RequestError, or if `signal` is aborted.
export async function readRocketPage(
  signal: AbortSignal,
  after: number | null = null,
): Promise<string | null> {
  const id = view.peek().rocket;
  if (id === null) {
    return null;
  }
  const began = starts;
  try {
    const { data, etag } = await readRocket(id, signal, after);
    if (began !== starts) {
      return null;
    }
    rocketTakes(data, Date.now());
    return etag;
  } catch (error) {
    if (!(error instanceof RequestError) || error.status !== 404) {
      throw error;
    }
    if (shown?.id === id && revision < 0) {
      rocket.value = "unknown";
    }
    return null;
  }
}

// A state of the rocket, read or of the stream. Those of other rockets, and older
// ones, mean nothing.
export function rocketTakes(next: Rocket, at: number): void {
  if (next.id !== shown?.id || next.revision <= revision) {
    return;
  }
  revision = next.revision;
  const old = rocket.peek();
  batch(() => {
    rocket.value = next;
    speeds.value = addSpeed(speeds.peek(), { at, speed: next.speed });
    if (typeof old === "object") {
      recordChanges(old, next, at);
    }
  });
  if (next.missingMessages === 0) {
    shown.gaps.cancel();
    showGaps(noGaps);
  } else if (typeof old !== "object" || next.missingMessages !== old.missingMessages
    || next.lastMessageNumber !== old.lastMessageNumber) {
    shown.gaps.ask();
  }
}

function recordChanges(old: Rocket, next: Rocket, at: number): void {
  const fields = ["speed", "type", "mission", "status", "reason"] as const;
  const found = fields.filter((field) => old[field] !== next[field])
    .map((field) => ({ key: nextKey++, at, field, from: old[field], to: next[field] }));
  const before = changes.peek();
  const [change] = found;
  const [last] = before;
  if (change?.field === "speed" && last?.field === "speed"
    && at - speedChangeBegan < speedChangePeriod) {
    const both = { ...change, key: last.key, from: last.from };
    found.splice(0, 1, ...(both.from === both.to ? [] : [both]));
    changes.value = [...found.reverse(), ...before.slice(1)].slice(0, changesLength);
    return;
  }
  if (change?.field === "speed") {
    speedChangeBegan = at;
  }
  if (found.length > 0) {
    changes.value = [...found.reverse(), ...before].slice(0, changesLength);
  }
}

function showGaps(next: Gaps): void {
  batch(() => {
    gaps.value = next;
    gapsFailure.value = null;
  });
}

async function updateGaps(id: string, signal: AbortSignal): Promise<void> {
  try {
    const { data } = await readGaps(id, signal);
    const now = rocket.peek();
    // They may have been filled while they were read.
    if (typeof now === "object" && now.missingMessages > 0) {
      showGaps(data);
    }
  } catch (error) {
    if (!signal.aborted) {
      checkFailure(error);
      gapsFailure.value = error instanceof Error ? error.message : String(error);
    }
  }
}

// The service has another start: its revisions begin anew, so the next state is
// newer, whatever its revision. What is being read is not.
export function forgetRevision(): void {
  revision = -1;
  starts++;
}
