// SPDX-License-Identifier: Apache-2.0
//
// Rates of the summary's counters: pure functions over summaries and the times
// when they arrived. fleet.ts has the signals.
import type { Summary } from "../api/types.js";

export interface Rates {
  readonly messages: number; // processed a second, whatever the result
  // Shares of the messages of the last minute, 0 to 1.
  readonly duplicate: number;
  readonly stale: number;
  readonly rejected: number;
}

// Counters at a time (ms).
export interface Sample {
  readonly at: number;
  readonly messages: number;
  readonly duplicate: number;
  readonly stale: number;
  readonly rejected: number;
}

export function sampleOf(summary: Summary, at: number): Sample {
  const { applied, duplicate, stale, rejected, noMemory, notWritten } = summary.messages;
  return {
    at, duplicate, stale, rejected,
    messages: applied + duplicate + stale + rejected + noMemory + notWritten,
  };
}

export function ratesBetween(old: Sample, now: Sample): Rates {
  const messages = Math.max(0, now.messages - old.messages);
  const share = (count: number) => (messages === 0 ? 0 : Math.max(0, count) / messages);
  return {
    messages: messages * 1000 / Math.max(1, now.at - old.at),
    duplicate: share(now.duplicate - old.duplicate),
    stale: share(now.stale - old.stale),
    rejected: share(now.rejected - old.rejected),
  };
}
