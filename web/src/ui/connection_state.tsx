// SPDX-License-Identifier: Apache-2.0
//
// Whether what is shown is live. The header has a word for it in a place that
// does not change its width, and is the page's only live region. If the page is
// not connected, a bar at the bottom says why, when it tries again, and has a
// button. The seconds in it are not part of the live region: they would be read
// out one by one.
import "./connection_state.css";
import { computed, effect, signal, useComputed } from "@preact/signals";
import { connection, type Connection } from "../state/connection.js";
import { resumeHere, retryNow } from "../state/session.js";
import { focusHeading, useFocusLeft } from "./focus.js";
import { Alert, Dot, Lock, Pause, Ring } from "./icons.js";
import { notice } from "./replica.js";
import { connectionWord } from "./title.js";

// The icon differs in shape, not only in colour.
function iconOf(now: Connection) {
  switch (now.state) {
    case "live":
      return <Dot />;
    case "connecting":
    case "reconnecting":
      return <Ring />;
    case "refused":
      return <Alert />;
    case "yielded":
    case "paused":
    case "hidden":
      return <Pause />;
    case "loggedOut":
      return <Lock />;
  }
}

function reasonOf(now: Connection): string | null {
  switch (now.state) {
    case "reconnecting":
      return now.reason.charAt(0).toUpperCase() + now.reason.slice(1);
    case "refused":
      return `The service answers ${now.status}: ${now.reason}`;
    case "yielded":
      return "Other tabs of this browser show this fleet; it has few connections for a service.";
    case "paused":
      return "What is shown stays as it is.";
    default:
      return null;
  }
}

// The attribute `data-lost`: "" if what is shown may be old, else undefined.
export const isLost = computed(() => reasonOf(connection.value) === null ? undefined : "");

// The reason as it was when the state was entered: a service that is recovering
// sends another one with each try.
let entered = "";
const announced = signal<string | null>(null);

effect(() => {
  const now = connection.value;
  const key = now.state === "refused" ? `refused ${now.status}` : now.state;
  if (key !== entered) {
    entered = key;
    announced.value = reasonOf(now);
  }
});

export function ConnectionState() {
  const now = connection.value;
  return (
    <p class="connection" role="status" data-state={now.state}>
      {iconOf(now)}
      <span>{connectionWord(now)}</span>
      {announced.value !== null && <span class="visually-hidden">. {announced}</span>}
      {notice.value !== null && <span class="visually-hidden">. {notice}</span>}
    </p>
  );
}

const clock = signal(0);

const retryAt = computed(() => {
  const now = connection.value;
  return now.state === "reconnecting" || now.state === "refused" ? now.retryAt : null;
});

// The clock runs only while there is something to count down.
effect(() => {
  if (retryAt.value === null) {
    return;
  }
  clock.value = Date.now();
  const timer = setInterval(() => { clock.value = Date.now(); }, 1000);
  return () => clearInterval(timer);
});

function Countdown() {
  const text = useComputed(() => {
    const at = retryAt.value;
    if (at === null) {
      return "Trying now";
    }
    return `Trying again in ${Math.max(1, Math.ceil((at - clock.value) / 1000))} s`;
  });
  return <span class="connection-countdown tabular">{text}</span>;
}

function Bar({ now, reason }: { readonly now: Connection; readonly reason: string }) {
  const bar = useFocusLeft<HTMLElement>(focusHeading);
  const isPaused = now.state === "yielded" || now.state === "paused";
  return (
    <section ref={bar} class="connection-bar" aria-label="Connection">
      {iconOf(now)}
      <p class="connection-reason breakable">{isPaused && "Paused. "}{reason}</p>
      {!isPaused && <Countdown />}
      <button type="button" class="button" onClick={isPaused ? resumeHere : retryNow}>
        {isPaused ? "Resume here" : "Retry now"}
      </button>
    </section>
  );
}

export function ConnectionBar() {
  const now = connection.value;
  const reason = reasonOf(now);
  return reason === null ? null : <Bar now={now} reason={reason} />;
}
