// SPDX-License-Identifier: Apache-2.0
//
// The fleet as a whole: totals, rates, names, and what has happened since the
// page was opened. session.ts feeds it; the rest reads the signals.
import { signal } from "@preact/signals";
import type { Fleet, NameCounts, Summary } from "../api/types.js";
import { ratesBetween, sampleOf, type Rates, type Sample } from "./rates.js";

export type { Rates };

export const summary = signal<Summary | null>(null);

// Counted every few seconds, as they are not a part of the summary.
export const types = signal<NameCounts | null>(null);
export const missions = signal<NameCounts | null>(null);

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

let last: Sample | null = null;

// A summary of the stream has arrived.
export function applySummary(next: Summary, at = Date.now()): void {
  summary.value = next;
  const sample = sampleOf(next, at);
  if (last !== null && at - last.at >= 500) {
    const now = ratesBetween(last, sample);
    rates.value = now;
    rateHistory.value = [...rateHistory.value, { at, messages: now.messages }]
      .filter((one) => at - one.at <= rateHistorySeconds * 1000);
    last = sample;
  }
  last ??= sample;
}

// GET /fleet was read: totals and names.
export function applyFleet(fleet: Fleet): void {
  if (summary.value === null || summary.value.start !== fleet.start
    || summary.value.revision < fleet.revision) {
    summary.value = fleet;
  }
  types.value = fleet.types;
  missions.value = fleet.missions;
}

// The stream has ended or was closed, for whatever reason: until it has sent two
// summaries again nothing is known about rates.
export function interruptRates(at = Date.now()): void {
  last = null;
  rateHistory.value = [...rateHistory.value, { at, messages: null }];
}

// To be called once a second while the stream is open: without a summary for
// three seconds the rate is 0.
export function tickRates(_at = Date.now()): void {}
