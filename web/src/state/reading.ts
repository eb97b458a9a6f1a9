// SPDX-License-Identifier: Apache-2.0
//
// What the page must have read before it can be followed: the fleet once, and the
// page of the list or the rocket that is shown. It is read again and again until
// it succeeds or something else is wanted.
import { Backoff } from "../api/backoff.js";
import { networkError, readRocket, RequestError } from "../api/client.js";
import { view } from "./address.js";
import { refreshFleet } from "./fleet.js";
import { failure, pageTakes, pageWanted, readPage, refreshPage } from "./page.js";
import { readRocketPage } from "./rocket.js";

// Above, rows of which changes were missed are not read one by one.
const mostSingleReads = 10;

// What is stale is read at most so often (ms), as a service that makes a page miss
// changes again and again has no time for reads.
const rereadPeriod = 1000;

// What has been read, in the words of wantedNow(); null: nothing.
let fleetRead = false;
let shownPage: string | null = null;
let shownRocket: string | null = null;
let stale = false; // what is shown has missed changes
let missed = 0; // how often it has
let rereadAt = -Infinity; // performance.now() when what was stale was last read

let reading: { readonly wanted: string; readonly abort: AbortController } | null = null;
let wake: (() => void) | null = null; // ends the pause before the next try
let firstPause = 0; // milliseconds

export interface Reader {
  readDone(): void;
  // Not yet: the next try is at `retryAt`, null while it runs.
  readFailed(error: RequestError, retryAt: number | null): void;
  // The revision from which on a stream goes on: what is read must not be older.
  // Null: there is none.
  position(): number | null;
}

function wantedNow(): string {
  const { rocket } = view.value;
  return rocket === null ? `page ${pageWanted.value}` : `rocket ${rocket}`;
}

export function isReading(): boolean {
  return reading !== null;
}

// Whether what is shown must be read. Signals that decide it are subscribed to.
export function mustRead(): boolean {
  return stale || wantedNow() !== (view.value.rocket === null ? shownPage : shownRocket);
}

// Read what is wanted now, unless this is being done.
export function startReading(reader: Reader): void {
  const wanted = wantedNow();
  if (reading?.wanted !== wanted) {
    stopReading();
    reading = { wanted, abort: new AbortController() };
    void read(wanted, reading.abort.signal, reader);
  }
}

export function stopReading(): void {
  reading?.abort.abort();
  reading = null;
}

// Do not wait any longer for the next try.
export function retryReading(): void {
  wake?.();
}

// What is shown has missed changes, and so has what is being read.
export function markStale(): void {
  fleetRead = false;
  stale = true;
  missed++;
  if (view.peek().rocket !== null) {
    shownPage = null;
  }
}

// What is shown is of another service. Wait so long before it is read.
export function forgetAll(pauseTime: number): void {
  stopReading();
  fleetRead = false;
  shownPage = null;
  shownRocket = null;
  firstPause = pauseTime;
}

// The rocket is not followed any longer.
export function forgetRocket(): void {
  shownRocket = null;
}

async function read(wanted: string, signal: AbortSignal, reader: Reader): Promise<void> {
  const backoff = new Backoff();
  const again = stale ? rereadAt + rereadPeriod - performance.now() : 0;
  const before = Math.max(firstPause, again);
  if (before > 0) {
    if (!await pause(before, signal)) {
      return;
    }
    firstPause = 0;
  }
  let known = missed;
  for (;;) {
    known = missed;
    const cause = await readOnce(wanted, signal, reader)
      .then(() => null, (error: unknown) => error);
    if (signal.aborted) {
      return;
    }
    if (cause !== null && !(cause instanceof RequestError)) {
      reportError(cause); // of the page itself
    }
    const error = cause === null ? null : networkError(cause);
    // A request that is wrong stays so: go on without it. All else may pass, such
    // as the 404 of a proxy that does not know the service yet.
    if (error === null || error.status === 400) {
      break;
    }
    const delay = backoff.failed(error);
    reader.readFailed(error, Date.now() + delay);
    if (!await pause(delay, signal)) {
      return; // another read counts now, and must stay the last
    }
    reader.readFailed(error, null);
  }
  reading = null;
  if (stale) {
    rereadAt = performance.now();
  }
  stale = known !== missed;
  fleetRead &&= !stale;
  if (view.peek().rocket === null) {
    shownPage = wanted;
  } else {
    shownRocket = wanted;
  }
  reader.readDone();
}

async function readOnce(wanted: string, signal: AbortSignal, reader: Reader): Promise<void> {
  const fleet = fleetRead ? null : refreshFleet(signal).then(() => {
    fleetRead = true;
  });
  if (view.peek().rocket === null) {
    const hasRows = shownPage === wanted && failure.peek() === null;
    await Promise.all([fleet, hasRows ? rereadRows(signal) : readPage(signal)]);
  } else {
    // The stream begins where the fleet was, or the one before has ended, so the
    // rocket must not be older.
    await fleet;
    await readRocketPage(signal, reader.position());
  }
}

// The rows stay if that takes but few reads.
async function rereadRows(signal: AbortSignal): Promise<void> {
  const unread = await refreshPage(signal);
  if (unread.length > mostSingleReads) {
    await readPage(signal);
    return;
  }
  try {
    const answers = await Promise.all(unread.map((id) => readRocket(id, signal)));
    pageTakes(answers.map(({ data }) => data));
  } catch (error) {
    if (!(error instanceof RequestError) || error.status !== 404) {
      throw error;
    }
    await readPage(signal); // A rocket that was shown is gone.
  }
}

// Returns whether to go on: false if `signal` was aborted meanwhile.
function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      wake = null;
      resolve(!signal.aborted);
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
    wake = end;
  });
}
