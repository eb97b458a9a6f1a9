// SPDX-License-Identifier: Apache-2.0
//
// The gap map in words. Pure.
import type { Gap } from "../api/types.js";
import { formatNumber } from "../text/numbers.js";
import type { GapData, Reading } from "./gap_scale.js";

export function messages(count: number): string {
  return count === 1 ? "1 message" : `${formatNumber(count)} messages`;
}

function range(from: number, to: number): string {
  return from === to ? formatNumber(from) : `${formatNumber(from)}–${formatNumber(to)}`;
}

function counted(what: string, { from, to, numbers }: Reading): string {
  return from === to
    ? `Message ${formatNumber(from)} ${what}` : `${range(from, to)} ${what}, ${messages(numbers)}`;
}

export function readingText(reading: Reading): string {
  const { from, to, numbers, ranges } = reading;
  switch (reading.kind) {
    case "missing":
      return ranges > 1
        ? `${range(from, to)}: ${formatNumber(numbers)} missing in ${formatNumber(ranges)} ranges`
        : counted("missing", reading);
    case "received":
      return counted("received", reading);
    case "givenUp":
      return `${range(from, to)}: ${messages(numbers)} given up`;
    case "unknown":
      return `${range(from, to)}: not known`;
  }
}

function missingCount(data: GapData): number {
  return Math.max(0, data.missing - data.givenUp.count);
}

const namedRanges = 3; // more are in the picture and its table

// ": 4, 7–9 and 12", or "" if there are too many or not all are known.
function named({ gaps, known, last }: GapData): string {
  if (gaps.length === 0 || gaps.length > namedRanges || known < last) {
    return "";
  }
  const ranges = gaps.map(({ from, to }) => range(from, to));
  const end = ranges.pop() ?? "";
  return `: ${ranges.length === 0 ? end : `${ranges.join(", ")} and ${end}`}`;
}

// What is missing, as one sentence or two.
export function gapSentence(data: GapData): string {
  const { upTo, count } = data.givenUp;
  const waited = missingCount(data);
  const first = data.last === 0
    ? ""
    : waited > 0
      ? `${formatNumber(waited)} of ${messages(data.last)} ${waited === 1 ? "is" : "are"} missing`
        + `${named(data)}.`
      : count > 0
        ? `No other message of ${formatNumber(data.last)} is missing.`
        : data.last === 1
          ? "The only message has arrived."
          : `All ${messages(data.last)} have arrived.`;
  if (count === 0) {
    return first;
  }
  return `${range(1, upTo)}: ${messages(count)} ${count === 1 ? "was" : "were"} given up. `
    + "There were too many gaps to remember them all, so messages that still arrive from "
    + `there change nothing. ${first}`;
}

function largest(gaps: readonly Gap[]): Gap | null {
  let found: Gap | null = null;
  for (const gap of gaps) {
    if (found === null || gap.to - gap.from > found.to - found.from) {
      found = gap;
    }
  }
  return found;
}

// What the picture shows, for those who do not see it.
export function gapLabel(data: GapData): string {
  const widest = largest(data.gaps);
  const parts = [`Map of messages 1 to ${formatNumber(data.last)}`];
  if (widest === null) {
    parts.push(missingCount(data) > 0
      ? "which of them are missing is not known" : "none is missing");
  } else {
    const ranges = data.gaps.length === 1
      ? "1 range" : `${formatNumber(data.gaps.length)} ranges`;
    parts.push(`${formatNumber(missingCount(data))} missing in ${ranges}`);
    parts.push(`the longest is ${range(widest.from, widest.to)}`);
  }
  const { upTo, count } = data.givenUp;
  if (count > 0) {
    parts.push(`${formatNumber(count)} up to ${formatNumber(upTo)} given up`);
  }
  return `${parts.join("; ")}.`;
}
