// SPDX-License-Identifier: Apache-2.0
//
// The fleet as a whole: totals, rates, names, and what has happened since the
// page was opened. following.ts feeds it, refreshes.ts reads it every few seconds.
import { batch, signal } from "@preact/signals";
import { readFleet } from "../api/client.js";
import type { NameCounts, Summary } from "../api/types.js";
import { Absence } from "./absence.js";
import { feedNotes } from "./feed.js";
import { countsOf, noRates, takeCounts, takeStream, takeTime, type Rates } from "./rates.js";
import { steadyNames } from "./steady_names.js";

export type { Rates };

export const summary = signal<Summary | null>(null);

// Counted every few seconds, as they are not a part of the summary.
export const types = signal<NameCounts | null>(null);
export const missions = signal<NameCounts | null>(null);

// Null until two summaries have come, or none for some seconds.
export const rates = signal<Rates | null>(null);

// Messages a second at a time (Date.now()); null: not known, as the page was
// hidden or not connected.
export interface RateSample {
  readonly at: number;
  readonly messages: number | null;
}

export const rateHistorySeconds = 120;
export const rateHistory = signal<readonly RateSample[]>([]); // the oldest first

// A stream that is only opened anew, for other rows, leaves no gap.
const shortPause = 3000;

// Two samples a second at most; more come only if the clock jumps.
const historyLength = 2 * rateHistorySeconds;

const absence = new Absence();
let state = noRates;
let pausedAt: number | null = null;

function record(...samples: RateSample[]): void {
  const now = samples.at(-1)?.at ?? 0;
  rateHistory.value = [...rateHistory.peek(), ...samples]
    .filter(({ at }) => at <= now && at > now - rateHistorySeconds * 1000)
    .slice(-historyLength);
}

// Of two summaries of one start, the one with the higher revision is newer. Equal
// ones may differ in what changes no rocket, such as duplicates.
function isOutdated(next: Summary): boolean {
  const old = summary.peek();
  return old !== null && old.start === next.start && old.revision > next.revision;
}

// A summary of the stream has arrived.
export function fleetTakes(next: Summary, at: number): void {
  batch(() => {
    if (!isOutdated(next)) {
      summary.value = next;
    }
    const old = state;
    state = takeCounts(state, countsOf(next, at));
    if (state.rates !== old.rates && state.rates !== null) {
      rates.value = state.rates;
      record({ at, messages: state.rates.messages });
    }
  });
}

// The feed has got `count` launches or explosions.
export function fleetLists(kind: "launched" | "exploded", count: number): void {
  absence.list(kind, count);
}

// A stream has begun.
export function fleetConnects(at: number): void {
  state = takeStream(state, at);
  absence.end(at);
  if (pausedAt !== null && at - pausedAt > shortPause) {
    batch(() => {
      record({ at, messages: null });
      rates.value = null;
    });
  }
  pausedAt = null;
}

// The stream has ended, or is closed.
export function fleetPauses(at: number): void {
  state = takeStream(state, null);
  absence.begin(at, summary.peek());
  pausedAt ??= at;
}

// To be called each second while the stream is open: without a summary for some
// seconds there were no messages.
export function fleetTicks(at: number): void {
  const missed = absence.tell(at, summary.peek());
  if (missed !== null) {
    feedNotes(missed, at);
  }
  const next = takeTime(state, at);
  if (next === null) {
    return;
  }
  state = next;
  batch(() => {
    rates.value = next.rates;
    const last = rateHistory.peek().at(-1);
    const begin = last === undefined || last.messages === 0
      ? []
      : [{ at: Math.min(last.at + 1000, at), messages: 0 }];
    record(...begin, { at, messages: 0 });
  });
}

// Read the names, and all totals. Rejects with a RequestError.
export async function refreshFleet(signal: AbortSignal): Promise<void> {
  const { data } = await readFleet(signal);
  batch(() => {
    if (!isOutdated(data)) {
      summary.value = data;
    }
    types.value = steadyNames(types.peek(), data.types);
    missions.value = steadyNames(missions.peek(), data.missions);
  });
}
