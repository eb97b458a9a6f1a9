// SPDX-License-Identifier: Apache-2.0
//
// Follows what the page shows by the one stream of the page, and hands what comes
// to the state. Another page of the table is read while the stream goes on; then
// it is closed, and another one begins where nothing is missed.
import { batch, untracked } from "@preact/signals";
import { earlierId, eventsReference, revisionOf, startOf } from "../api/event_ids.js";
import type { ServerSentEvent } from "../api/event_parser.js";
import { EventStream } from "../api/event_stream.js";
import type { Happening, Position, Rocket, Summary } from "../api/types.js";
import { checkAccess, mayNeedLogin } from "./access.js";
import { view } from "./address.js";
import { connection, type Connection } from "./connection.js";
import { feedNotes, feedTakes } from "./feed.js";
import { fleetConnects, fleetLists, fleetTakes, summary } from "./fleet.js";
import { forgetRevisions, pageEtag, pageTakes, rows } from "./page.js";
import {
  forgetAll, forgetRocket, markStale, mustRead, retryReading, startReading, stopReading,
  type Reader,
} from "./reading.js";
import { refreshForLaunch } from "./refreshes.js";
import { forgetRevision, rocketTakes } from "./rocket.js";

// Milliseconds between events. All rows of a page that change at once take some 35 ms
// of CPU time to draw by software: twice a second, that is below a tenth of a core.
const fleetInterval = 500;
const rocketInterval = 200;

// Two services that take turns behind one address must not be read all the time.
const restartPause = 1000;

let running = false; // the page may have a stream
let stream: EventStream | null = null;
let reference = ""; // of `stream`
let start: string | null = null; // of the service
let restartedAt = 0;

// The id up to which what is shown has all changes: that of the last event, but
// not above the ETag of the rows. A page of the list may have been read before an
// event came by a stream that did not have its rows.
let position: string | null = null;
let followedRows: unknown = null; // the rows that `position` is about
let rowsPosition: string | null = null; // theirs, while a rocket is shown instead

function referenceNow(): string {
  const { rocket } = view.value;
  return rocket === null
    ? eventsReference(rows.value.map(({ id }) => id).sort(), fleetInterval)
    : eventsReference([rocket], rocketInterval);
}

// A refusal is not shown before the service has said that no login would end it.
let withheld: Connection | null = null;

function tell(next: Connection): void {
  withheld = null;
  if (next.state !== "refused" || !mayNeedLogin(next.status)) {
    connection.value = next;
    return;
  }
  withheld = next;
  void checkAccess().then((isNeeded) => {
    if (withheld === next && !isNeeded) {
      connection.value = next;
    }
  });
}

const reader: Reader = {
  readDone: () => {
    if (view.peek().rocket === null) {
      rowsPosition = null;
      followedRows = null;
    }
    updateFollowing();
  },
  readFailed: ({ status, message: reason }, retryAt) => {
    if (stream === null) { // which would know better
      tell(status === 0
        ? { state: "reconnecting", reason, retryAt }
        : { state: "refused", status, reason, retryAt });
    }
  },
  position: () => {
    const id = stream?.lastEventId ?? null;
    return id === null ? null : revisionOf(id);
  },
};

// What is to be shown or followed may have changed. It subscribes to the signals
// that decide it.
export function updateFollowing(): void {
  const isUnread = mustRead();
  const wanted = referenceNow();
  if (running) {
    untracked(() => isUnread ? startReading(reader) : follow(wanted));
  }
}

function follow(wanted: string): void {
  stopReading();
  if (stream === null || reference !== wanted) {
    openStream(wanted);
  } else if (view.peek().rocket === null) {
    followedRows = rows.peek();
  }
}

export function startFollowing(): void {
  running = true;
  updateFollowing();
}

export function stopFollowing(): void {
  running = false;
  withheld = null;
  stopReading();
  closeStream();
}

// Do not wait any longer for the next try to connect or to read.
export function retryFollowing(): void {
  stream?.retryNow();
  retryReading();
}

function closeStream(): void {
  if (stream !== null) {
    position = stream.lastEventId;
    stream.close();
    stream = null;
  }
}

function openStream(wanted: string): void {
  closeStream();
  position = positionOfShown();
  start ??= position === null ? null : startOf(position);
  reference = wanted;
  stream = new EventStream(reference, position, {
    takeEvents,
    takeState: (state) => {
      // That another stream is opened for other rows is not shown.
      if (state.state !== "connecting" || connection.peek().state !== "live") {
        tell(state);
      }
    },
  });
}

function positionOfShown(): string | null {
  if (view.peek().rocket !== null) {
    rowsPosition ??= position;
    const fleet = summary.peek(); // was read before the rocket
    return position ?? (fleet === null ? null : `${fleet.start}-${fleet.revision}`);
  }
  forgetRocket();
  // The stream of a rocket did not have the rows.
  const known = rowsPosition ?? position;
  rowsPosition = null;
  if (followedRows === rows.peek()) {
    return known;
  }
  followedRows = rows.peek();
  return earlierId(known, pageEtag());
}

function takeEvents(events: readonly ServerSentEvent[]): void {
  const at = Date.now();
  const missed = batch(() => takeAll(events, at));
  if (missed !== null && missed.start !== start) {
    restart(missed.start, at);
  } else if (missed !== null) {
    readAgain(missed);
  } else if (events.some(({ type }) => type === "launched")) {
    refreshForLaunch();
  }
}

// Returns the last position before which changes were missed; null: none were.
function takeAll(events: readonly ServerSentEvent[], at: number): Position | null {
  let missed: Position | null = null;
  for (const { type, data } of events) {
    missed = takeEvent(type, data, at) ?? missed;
    if (missed !== null && missed.start !== start) {
      break; // what follows has revisions of another start
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
    case "exploded": {
      const happening = JSON.parse(data) as Happening;
      feedTakes(type, happening, at);
      fleetLists(type, happening.rockets.length + happening.more);
      return null;
    }
    default:
      return null; // of a later version
  }
}

// Changes before `missed` were missed. The stream goes on: if another one began
// with what is read now, a fleet of which thousands of rockets change until it is
// there would have missed some again, and so on.
function readAgain({ start: of, revision }: Position): void {
  if (stream !== null) {
    stream.lastEventId ??= `${of}-${revision}`;
  }
  rowsPosition = null;
  markStale();
  updateFollowing();
}

// The service has another state than the one that is shown, and other revisions.
function restart(newStart: string, at: number): void {
  closeStream();
  position = null;
  rowsPosition = null;
  followedRows = null;
  forgetAll(at - restartedAt < 5 * restartPause ? restartPause : 0);
  restartedAt = at;
  start = newStart;
  forgetRevisions();
  forgetRevision();
  feedNotes("The service was started again", at);
  updateFollowing();
}
