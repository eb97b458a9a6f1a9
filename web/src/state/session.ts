// SPDX-License-Identifier: Apache-2.0
//
// Ties what the page shows to the service: reads the list or the rocket, then
// follows it by the one stream of the page, and hands what comes to the state.
// There is a stream only while the page is visible and tabs.ts allows it.
import { batch, effect, untracked } from "@preact/signals";
import { Backoff } from "../api/backoff.js";
import { networkError, RequestError } from "../api/client.js";
import { earlierId, eventsReference, startOf } from "../api/event_ids.js";
import type { ServerSentEvent } from "../api/event_parser.js";
import { EventStream } from "../api/event_stream.js";
import type { Happening, Position, Rocket, Summary } from "../api/types.js";
import { view } from "./address.js";
import { connection, type Connection } from "./connection.js";
import { feedNotes, feedTakes } from "./feed.js";
import { fleetConnects, fleetPauses, fleetTakes, refreshFleet, summary } from "./fleet.js";
import { forgetRevisions, pageEtag, pageTakes, pageWanted, readPage, rows } from "./page.js";
import { refreshAtOnce, startRefreshes, stopRefreshes } from "./refreshes.js";
import { forgetRevision, readRocketPage, rocketTakes } from "./rocket.js";
import { browserTabs, Tabs } from "./tabs.js";

const fleetInterval = 400; // ms between events
const rocketInterval = 200;
const reloadPause = 1000; // ms between two resets

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
let wake: (() => void) | null = null; // ends the pause before the next try to read
let reloadAt = 0; // not before

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
  const missed = batch(() => {
    for (const { type, data } of events) {
      const position = takeEvent(type, data, at);
      if (position !== null) {
        return position;
      }
    }
    return null;
  });
  if (missed !== null) {
    reload(missed.start, at);
  } else if (rows.peek().length === 0 && (summary.peek()?.rockets.total ?? 0) > 0) {
    refreshAtOnce();
  }
}

// Returns where the service is if changes were missed, so that all must be read.
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

// Changes were missed: nothing that is shown may be trusted.
function reload(newStart: string, at: number): void {
  closeStream();
  position = null;
  rowsPosition = null;
  followedRows = null;
  fleetRead = false;
  shownPage = null;
  shownRocket = null;
  if (newStart !== start) {
    start = newStart;
    forgetRevisions();
    forgetRevision();
    feedNotes("The service was started again", at);
  }
  update();
}

// What is shown, or what is to be shown, may have changed.
function update(): void {
  if (!running) {
    return;
  }
  const wanted = wantedNow();
  if (wanted !== (view.value.rocket === null ? shownPage : shownRocket)) {
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

async function read(wanted: string): Promise<void> {
  stopReading();
  const mine = reading = { wanted, abort: new AbortController() };
  const { signal } = mine.abort;
  const backoff = new Backoff();
  if (fleetRead || start === null || Date.now() >= reloadAt || await pause(reloadAt, signal)) {
    reloadAt = Date.now() + reloadPause;
  }
}
