// SPDX-License-Identifier: Apache-2.0
//
// Ties what the page shows to the service: reads the list or the rocket, then
// follows it by the one stream of the page, and hands what comes to the state.
// There is a stream only while the page is visible and tabs.ts allows it.
import { batch, effect, untracked } from "@preact/signals";
import { Backoff } from "../api/backoff.js";
import { networkError, readRocket, RequestError } from "../api/client.js";
import { earlierId, eventsReference, startOf } from "../api/event_ids.js";
import type { ServerSentEvent } from "../api/event_parser.js";
import { EventStream } from "../api/event_stream.js";
import type { Happening, Position, Rocket, Summary } from "../api/types.js";
import { view } from "./address.js";
import { connection, type Connection } from "./connection.js";
import { feedNotes, feedTakes } from "./feed.js";
import { fleetConnects, fleetPauses, fleetTakes, refreshFleet, summary } from "./fleet.js";
import {
  forgetRevisions, pageEtag, pageTakes, pageWanted, readPage, refreshPage, rows,
} from "./page.js";
import { refreshAtOnce, startRefreshes, stopRefreshes } from "./refreshes.js";
import { forgetRevision, readRocketPage, rocketTakes } from "./rocket.js";
import { browserTabs, Tabs } from "./tabs.js";

const fleetInterval = 400; // ms between events
const rocketInterval = 200;

// Two services that take turns behind one address must not be read all the time.
const restartPause = 1000;

// Above, rows of which changes were missed are not read one by one.
const mostSingleReads = 10;

let running = false; // visible, and allowed to have a stream
let stream: EventStream | null = null;
let reference = ""; // of `stream`
let start: string | null = null; // of the service

// The id up to which what is shown has all changes: that of the last event, but
// not above the ETag of the rows. A page of the list may have been read before an
// event came by a stream that did not have its rows.
let position: string | null = null;
let followedRows: unknown = null; // the rows that `position` is about
let rowsPosition: string | null = null; // theirs, while a rocket is shown instead

// What has been read: a value of wantedNow(), null for nothing.
let fleetRead = false;
let shownPage: string | null = null;
let shownRocket: string | null = null;
let reading: { readonly wanted: string; readonly abort: AbortController } | null = null;
let stale = false; // changes of what is shown were missed
let wake: (() => void) | null = null; // ends the pause before the next try to read
let restartedAt = 0;
let firstPause = 0; // before what is wanted is read

const tabs = new Tabs((allowed) => allowed ? resume() : suspend("yielded"), browserTabs);

function setConnection(next: Connection): void {
  const wasLive = connection.peek().state === "live";
  connection.value = next;
  if (next.state === "live") {
    startRefreshes(() => reading === null);
  } else {
    stopRefreshes();
    if (wasLive) {
      fleetPauses(Date.now());
    }
  }
}

// Which read the page needs before it can be followed.
function wantedNow(): string {
  const { rocket } = view.value;
  return rocket === null ? `page ${pageWanted.value}` : `rocket ${rocket}`;
}

function referenceNow(): string {
  const { rocket } = view.value;
  return rocket === null
    ? eventsReference(rows.value.map(({ id }) => id).sort(), fleetInterval)
    : eventsReference([rocket], rocketInterval);
}

function closeStream(): void {
  if (stream !== null) {
    position = stream.lastEventId;
    stream.close();
    stream = null;
  }
}

function openStream(): void {
  closeStream();
  if (view.peek().rocket !== null) {
    rowsPosition ??= position;
  } else {
    // The stream of a rocket did not have the rows.
    position = rowsPosition ?? position;
    rowsPosition = null;
    shownRocket = null;
    if (followedRows !== rows.peek()) {
      position = earlierId(position, pageEtag());
      followedRows = rows.peek();
    }
  }
  start ??= position === null ? null : startOf(position);
  reference = referenceNow();
  stream = new EventStream(reference, position, {
    takeEvents,
    takeState: (state) => {
      // Another stream for other rows is not worth a word.
      if (state.state !== "connecting" || connection.peek().state !== "live") {
        setConnection(state);
      }
    },
  });
}

function takeEvents(events: readonly ServerSentEvent[]): void {
  const at = Date.now();
  const missed = batch(() => takeAll(events, at));
  if (missed?.start === start) {
    reread(missed);
  } else if (missed !== null) {
    restart(missed.start, at);
  } else if (rows.peek().length === 0 && (summary.peek()?.rockets.total ?? 0) > 0) {
    refreshAtOnce();
  }
}

// Returns the last position from which on the stream has all changes, while some
// before it were missed; null: none were.
function takeAll(events: readonly ServerSentEvent[], at: number): Position | null {
  let missed: Position | null = null;
  for (const { type, data } of events) {
    missed = takeEvent(type, data, at) ?? missed;
    if (missed !== null && missed.start !== start) {
      break; // revisions of another start
    }
  }
  return missed;
}

function takeEvent(type: string, data: string, at: number): Position | null {
  switch (type) {
    case "hello": {
      const hello = JSON.parse(data) as Position;
      start ??= hello.start;
      fleetConnects(at);
      return hello.start === start ? null : hello;
    }
    case "reset":
      return JSON.parse(data) as Position;
    case "rockets": {
      const rockets = JSON.parse(data) as readonly Rocket[];
      pageTakes(rockets);
      for (const rocket of rockets) {
        rocketTakes(rocket, at);
      }
      return null;
    }
    case "summary":
      fleetTakes(JSON.parse(data) as Summary, at);
      return null;
    case "launched":
    case "exploded":
      feedTakes(type, JSON.parse(data) as Happening, at);
      return null;
    default:
      return null; // of a later version
  }
}

// Changes before `missed` were missed. The stream goes on: if it was closed and
// opened again with what is read now, a fleet in which thousands of rockets change
// until the stream is there would have missed some again, and so on.
function reread({ start: of, revision }: Position): void {
  stopReading();
  if (stream !== null) {
    stream.lastEventId ??= `${of}-${revision}`;
  }
  rowsPosition = null;
  fleetRead = false;
  stale = true;
  if (view.peek().rocket !== null) {
    shownPage = null;
  }
  update();
}

// The service has another state than the one that is shown, and other revisions.
function restart(newStart: string, at: number): void {
  stopReading();
  closeStream();
  position = null;
  rowsPosition = null;
  followedRows = null;
  fleetRead = false;
  shownPage = null;
  shownRocket = null;
  firstPause = at - restartedAt < restartPause * 5 ? restartPause : 0;
  restartedAt = at;
  start = newStart;
  forgetRevisions();
  forgetRevision();
  feedNotes("The service was started again", at);
  update();
}

// What is shown, or what is to be shown, may have changed.
function update(): void {
  if (!running) {
    return;
  }
  const wanted = wantedNow();
  if (stale || wanted !== (view.value.rocket === null ? shownPage : shownRocket)) {
    if (reading?.wanted !== wanted) {
      void read(wanted);
    }
    return;
  }
  stopReading();
  if (stream === null || reference !== referenceNow()) {
    openStream();
  }
}

function stopReading(): void {
  reading?.abort.abort();
  reading = null;
}

// Read what is wanted, again and again until it succeeds or something else is
// wanted. A stream that is open goes on meanwhile.
async function read(wanted: string): Promise<void> {
  stopReading();
  const mine = reading = { wanted, abort: new AbortController() };
  const { signal } = mine.abort;
  const backoff = new Backoff();
  if (firstPause > 0) {
    await pause(firstPause, signal);
    firstPause = 0;
  }
  while (!signal.aborted) {
    try {
      await readOnce(wanted, signal);
      break;
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (!(error instanceof RequestError)) {
        reportError(error);
      }
      const failure = networkError(error);
      if (failure.status >= 400 && failure.status < 500 && failure.status !== 429) {
        break; // which does not change by itself; the rest goes on without it
      }
      await pauseAfter(failure, backoff.failed(failure), signal);
    }
  }
  if (!signal.aborted) {
    reading = null;
    stale = false;
    if (view.peek().rocket === null) {
      shownPage = wanted;
    } else {
      shownRocket = wanted;
    }
    update();
  }
}

async function readOnce(wanted: string, signal: AbortSignal): Promise<void> {
  const fleet = fleetRead ? null : refreshFleet(signal).then(() => {
    fleetRead = true;
  });
  if (view.peek().rocket === null) {
    await Promise.all([fleet, shownPage === wanted ? rereadRows(signal) : readPage(signal)]);
    return;
  }
  await fleet;
  // Whatever is read from now on is newer.
  if (position === null && stream === null) {
    const known = summary.peek();
    position = known === null ? null : `${known.start}-${known.revision}`;
  }
  await readRocketPage(signal);
}

// The rows stay, if this can be had with few reads.
async function rereadRows(signal: AbortSignal): Promise<void> {
  const unread = await refreshPage(signal);
  if (unread.length > mostSingleReads) {
    await readPage(signal);
    return;
  }
  const answers = await Promise.all(unread.map((id) => readRocket(id, signal)));
  pageTakes(answers.map(({ data }) => data));
}

// Wait for the next try; retryNow() and the signal end it.
async function pauseAfter(
  { status, message: reason }: RequestError, delay: number, signal: AbortSignal,
): Promise<void> {
  const show = (retryAt: number | null) => {
    if (stream === null && !signal.aborted) { // else the stream knows better
      setConnection(status === 0
        ? { state: "reconnecting", reason, retryAt }
        : { state: "refused", status, reason, retryAt });
    }
  };
  show(Date.now() + delay);
  await pause(delay, signal);
  show(null);
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      wake = null;
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
    wake = end;
  });
}

function resume(): void {
  if (!running) {
    running = true;
    setConnection({ state: "connecting" });
    update();
  }
}

function suspend(state: "hidden" | "yielded"): void {
  running = false;
  stopReading();
  closeStream();
  setConnection({ state });
}

// Do not wait any longer for the next try.
export function retryNow(): void {
  stream?.retryNow();
  wake?.();
}

// Have the stream for this page, whatever other tabs show.
export function resumeHere(): void {
  tabs.use();
}

function show(): void {
  if (document.visibilityState === "visible") {
    tabs.use();
  }
}

function hide(): void {
  tabs.leave();
  suspend("hidden");
}

// To be called once.
export function startSession(): void {
  effect(() => {
    wantedNow();
    referenceNow();
    untracked(update);
  });
  document.addEventListener("visibilitychange", () => document.hidden ? hide() : show());
  // The back/forward cache keeps a page as it is, but not with an open connection.
  addEventListener("pagehide", hide);
  addEventListener("pageshow", show);
  addEventListener("focus", show);
  addEventListener("online", retryNow);
  if (document.hidden) {
    suspend("hidden");
  } else {
    show();
  }
}
