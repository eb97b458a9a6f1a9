// SPDX-License-Identifier: Apache-2.0
//
// The title of the document: in a row of tabs it is all that can be seen.
import { effect } from "@preact/signals";
import { view } from "../state/address.js";
import { connection, type Connection } from "../state/connection.js";
import { summary } from "../state/fleet.js";
import { formatNumber } from "../text/numbers.js";

// What the connection is called; also shown in the header.
export function connectionWord(now: Connection): string {
  switch (now.state) {
    case "live":
      return "Live";
    case "connecting":
      return "Connecting";
    case "reconnecting":
      return "Reconnecting";
    case "refused":
      return now.status >= 500 ? "Unavailable" : "Refused";
    case "yielded":
    case "paused":
    case "hidden":
      return "Paused";
    case "loggedOut":
      return "Login needed";
  }
}

interface Counts {
  readonly total: number;
  readonly exploded: number;
}

function countsText({ total, exploded }: Counts): string {
  const all = `${formatNumber(total)} ${total === 1 ? "rocket" : "rockets"}`;
  return exploded === 0 ? all : `${all}, ${formatNumber(exploded)} exploded`;
}

// `rocket`: the id whose page is shown. A page that is hidden keeps its counts,
// as they are all that can be seen of it.
export function titleOf(
  now: Connection, rocket: string | null, counts: Counts | undefined,
): string {
  const isLost = now.state === "reconnecting" || now.state === "refused"
    || now.state === "yielded" || now.state === "paused" || now.state === "loggedOut";
  const subject = isLost ? connectionWord(now) : rocket ?? (counts && countsText(counts));
  return subject === undefined ? "lunar" : `${subject} – lunar`;
}

export function followTitle(): void {
  effect(() => {
    document.title = titleOf(connection.value, view.value.rocket, summary.value?.rockets);
  });
}
