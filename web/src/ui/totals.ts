// SPDX-License-Identifier: Apache-2.0
//
// Sentences about the totals.
import type { Summary } from "../api/types.js";
import { formatNumber } from "../text/numbers.js";

// What the service could not take, or "" if it took all; `shared` is whether the
// instances of a topic share its state.
export function refusedText({ messages }: Summary, shared: boolean): string {
  const { noMemory, notWritten } = messages;
  const parts: string[] = [];
  if (noMemory > 0) {
    parts.push(`${formatNumber(noMemory)} for lack of memory`);
  }
  if (notWritten > 0) {
    const cause = shared ? "as brokers did not acknowledge them" : "for a failure of the disk";
    parts.push(`${formatNumber(notWritten)} ${cause}`);
  }
  if (parts.length === 0) {
    return "";
  }
  return `Messages refused since the service was started: ${parts.join(", ")}`;
}
