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
    case "hidden":
      return "Paused";
  }
}

function counts(): string | null {
  const rockets = summary.value?.rockets;
  if (rockets === undefined) {
    return null;
  }
  const all = `${formatNumber(rockets.total)} ${rockets.total === 1 ? "rocket" : "rockets"}`;
  return rockets.exploded === 0 ? all : `${all}, ${formatNumber(rockets.exploded)} exploded`;
}

function subject(): string | null {
  const now = connection.value;
  if (now.state === "reconnecting" || now.state === "refused" || now.state === "yielded") {
    return connectionWord(now);
  }
  return view.value.rocket ?? counts();
}

export function followTitle(): void {
  effect(() => {
    const text = subject();
    document.title = text === null ? "lunar" : `${text} – lunar`;
  });
}
