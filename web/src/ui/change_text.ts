// SPDX-License-Identifier: Apache-2.0
//
// What has changed of a rocket, in words. Pure.
import type { Change } from "../state/rocket.js";
import { formatNumber } from "../text/numbers.js";

export interface ChangeLine {
  readonly key: number;
  readonly at: number;
  readonly kind: "changed" | "exploded" | "launched";
  readonly text: string;
}

type Value = string | number | null;

function valueText(value: Value): string {
  return typeof value === "number" ? formatNumber(value) : value ?? "unknown";
}

function difference(from: Value, to: Value): string {
  if (typeof from !== "number" || typeof to !== "number") {
    return "";
  }
  return ` (${to < from ? "−" : "+"}${formatNumber(Math.abs(to - from))})`;
}

function changedText({ field, from, to }: Change): string {
  return `${field} ${valueText(from)} → ${valueText(to)}${difference(from, to)}`;
}

function lineOf(change: Change, reason: string | null): ChangeLine {
  const { key, at, field, to } = change;
  if (field !== "status") {
    return { key, at, kind: "changed", text: changedText(change) };
  }
  return to === "exploded"
    ? { key, at, kind: "exploded", text: `exploded${reason === null ? "" : `: ${reason}`}` }
    : { key, at, kind: "launched", text: "launched again" };
}

// An explosion and its reason, which have changed at once, are one line, and the
// reason that a new launch takes away is none. A speed that has gone and come back
// has not changed.
export function changeLines(changes: readonly Change[]): readonly ChangeLine[] {
  const statuses = new Set(changes
    .filter((change) => change.field === "status").map((change) => change.at));
  const reasons = new Map(changes
    .filter((change) => change.field === "reason").map((change) => [change.at, change.to]));
  return changes
    .filter(({ field, at, from, to }) =>
      from !== to && (field !== "reason" || !statuses.has(at)))
    .map((change) => {
      const reason = reasons.get(change.at);
      return lineOf(change, typeof reason === "string" ? reason : null);
    });
}
