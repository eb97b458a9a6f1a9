// SPDX-License-Identifier: Apache-2.0
//
// Rates of the summary's counters, as pure functions over what was known and a
// summary with the time when it arrived. The service sends a summary only if
// something has changed, and never two within a second: so two of them are at
// least a second apart, however fast they arrive one after the other, and the
// first one after a silence is about the last second of it.
import type { Summary } from "../api/types.js";

export interface Rates {
  readonly messages: number; // processed a second, whatever the result
  // Shares of the messages of the last minute, 0 to 1.
  readonly duplicate: number;
  readonly stale: number;
  readonly rejected: number;
}

// Counts at a time (ms): since the service has started, or since the last ones.
export interface Counts {
  readonly at: number;
  readonly messages: number;
  readonly duplicate: number;
  readonly stale: number;
  readonly rejected: number;
}

export interface RateState {
  // The last counters; null: the next ones have nothing to be compared with.
  readonly base: Counts | null;
  // When the last summary came, or the stream was opened; null: there is none.
  readonly since: number | null;
  // What was counted from one summary to the next, of the last minute.
  readonly steps: readonly Counts[];
  readonly rates: Rates | null;
}

export const noRates: RateState = { base: null, since: null, steps: [], rates: null };

const period = 1000; // of summaries
const silence = 3000; // from then on nothing has changed
const shareSpan = 60_000;

// A summary a second; more come only if the clock jumps.
const mostSteps = 2 * shareSpan / period;

export function countsOf(summary: Summary, at: number): Counts {
  const { applied, duplicate, stale, rejected, noMemory, notWritten } = summary.messages;
  return {
    at, duplicate, stale, rejected,
    messages: applied + duplicate + stale + rejected + noMemory + notWritten,
  };
}

// What was counted between the two; null if the service has started in between.
function difference(old: Counts, next: Counts): Counts | null {
  const step = {
    at: next.at,
    messages: next.messages - old.messages,
    duplicate: next.duplicate - old.duplicate,
    stale: next.stale - old.stale,
    rejected: next.rejected - old.rejected,
  };
  const others = step.messages - step.duplicate - step.stale - step.rejected;
  return Math.min(step.duplicate, step.stale, step.rejected, others) < 0 ? null : step;
}

// Those of the last minute. The clock may have been set back.
function lastMinute(steps: readonly Counts[], at: number): readonly Counts[] {
  return steps.filter((step) => step.at > at - shareSpan && step.at <= at).slice(-mostSteps);
}

function ratesOf(messages: number, steps: readonly Counts[]): Rates {
  const share = (name: "duplicate" | "stale" | "rejected") => {
    const all = steps.reduce((sum, step) => sum + step.messages, 0);
    return all === 0 ? 0 : steps.reduce((sum, step) => sum + step[name], 0) / all;
  };
  return {
    messages, duplicate: share("duplicate"), stale: share("stale"), rejected: share("rejected"),
  };
}

// A summary has come.
export function takeCounts(state: RateState, next: Counts): RateState {
  const { base } = state;
  const step = base === null ? null : difference(base, next);
  if (base === null || step === null) {
    return { ...state, base: next, since: next.at };
  }
  const passed = next.at - base.at;
  const seconds = (passed >= silence ? period : Math.max(period, passed)) / 1000;
  const steps = lastMinute([...state.steps, step], next.at);
  return { base: next, since: next.at, steps, rates: ratesOf(step.messages / seconds, steps) };
}

// A stream is open since `at`; null: none is. Its first summary may be a second old,
// or be the one that was received before, so it is nothing but a base.
export function takeStream(state: RateState, at: number | null): RateState {
  return { ...state, base: null, since: at };
}

// Time has passed. Without a summary nothing has changed. Null: nothing follows.
export function takeTime(state: RateState, at: number): RateState | null {
  if (state.since === null || at - state.since < silence) {
    return null;
  }
  const steps = lastMinute(state.steps, at);
  return { ...state, steps, rates: ratesOf(0, steps) };
}
