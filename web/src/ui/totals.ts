// SPDX-License-Identifier: Apache-2.0
//
// Sentences about the totals.
import type { Summary } from "../api/types.js";
import { formatNumber } from "../text/numbers.js";

// What the service could not take, or "" if it took all.
export function refusedText({ messages }: Summary): string {
  const { noMemory, notWritten } = messages;
  const parts: string[] = [];
  if (noMemory > 0) {
    parts.push(`${formatNumber(noMemory)} for lack of memory`);
  }
  if (notWritten > 0) {
    parts.push(`${formatNumber(notWritten)} for a failure of the disk`);
  }
  if (parts.length === 0) {
    return "";
  }
  return `Messages refused since the service was started: ${parts.join(", ")}`;
}
