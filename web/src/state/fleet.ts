// SPDX-License-Identifier: Apache-2.0
//
// The fleet as a whole: totals, rates, names, and what has happened since the
// page was opened. session.ts feeds it; the rest reads the signals.
import { signal } from "@preact/signals";
import type { NameCounts, Summary } from "../api/types.js";

export const summary = signal<Summary | null>(null);

// Counted every few seconds, as they are not a part of the summary.
export const types = signal<NameCounts | null>(null);
export const missions = signal<NameCounts | null>(null);

export interface Rates {
  readonly messages: number; // processed a second, whatever the result
  // Shares of the messages of the last minute, 0 to 1.
  readonly duplicate: number;
  readonly stale: number;
  readonly rejected: number;
}

// Null until two summaries have come.
export const rates = signal<Rates | null>(null);

// Messages a second at a time (Date.now()); null: not known, as the page was
// hidden or not connected.
export interface RateSample {
  readonly at: number;
  readonly messages: number | null;
}

export const rateHistorySeconds = 120;
export const rateHistory = signal<readonly RateSample[]>([]); // the oldest first
