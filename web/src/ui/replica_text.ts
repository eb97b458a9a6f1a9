// SPDX-License-Identifier: Apache-2.0
//
// Sentences about an instance and its topic. The end is asked for once a second,
// so an instance that has all there is may be said to be a second behind.
import type { Replica } from "../api/types.js";
import { formatNumber } from "../text/numbers.js";

const calmLag = 2; // seconds
const readyLag = 5; // as in /health/ready

function seconds(lag: number): string {
  return `${formatNumber(Math.round(lag))} s`;
}

// A line that does not move without need.
export function replicaText({ topic, position, end, lagSeconds, caughtUp }: Replica): string {
  const place = `Topic ${topic}, record ${formatNumber(position)}`;
  if (!caughtUp) {
    return `${place} of ${formatNumber(Math.max(position, end))}`;
  }
  return `${place}, ${lagSeconds < calmLag ? "up to date" : `${seconds(lagSeconds)} behind`}`;
}

// Null: all is well. It is read out, so it has no seconds that change.
export function replicaNotice({ caughtUp, halted, lagSeconds }: Replica): string | null {
  if (halted !== null) {
    return `This instance has stopped following the topic, so what is shown gets old: ${halted}`;
  }
  if (!caughtUp) {
    return "This instance is still reading the topic: what is shown is old";
  }
  return lagSeconds > readyLag
    ? `This instance is more than ${readyLag} s behind the topic: what is shown is old`
    : null;
}
