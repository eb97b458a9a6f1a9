// SPDX-License-Identifier: Apache-2.0
//
// The page of the table: at most `pageSize` rockets, in an order that stays as
// it is until the reader asks for it, while the rockets themselves change.
// reading.ts and refreshes.ts read it, and following.ts feeds it.
import { batch, computed, effect, signal, type Signal } from "@preact/signals";
import { getJson, linkOf, RequestError, type Answer } from "../api/client.js";
import type { Rocket } from "../api/types.js";
import {
  firstPlace, listParameters, navigateToPlace, place, placeAfter, placeBefore, view,
} from "./address.js";
import { countMoved } from "./moved.js";

export const pageSize = 50;

export interface Row {
  readonly id: string;
  readonly rocket: Signal<Rocket>;
}

export const rows = signal<readonly Row[]>([]);
export const total = signal<number | null>(null); // that match; null: not known
export const first = signal(0); // the position of the first row in the list
export const hasNext = signal(false);
export const loading = signal(false);
export const failure = signal<string | null>(null); // why it could not be read

// How many rows would change their place, come or go if it was sorted now.
export const moved = signal(0);

// While it is true rows keep what they show, as text of them is selected.
export const held = signal(false);

const sorted = signal(0); // how often the reader has asked for the order

// Whenever it changes the page is to be read by readPage().
export const pageWanted = computed(() => `${parametersOfPage()} ${sorted.value}`);

let nextCursor: string | null = null;
let etag: string | null = null;
let readings = 0;
let revisions = new Map<string, number>(); // of what the rows show, or wait to show
const waiting = new Map<string, Rocket>(); // while the rows are held

function parametersOfPage(): URLSearchParams {
  const parameters = listParameters(view.value.query);
  parameters.set("limit", String(pageSize));
  const cursor = place.value.cursors.at(-1);
  if (cursor !== undefined) {
    parameters.set("cursor", cursor);
  }
  return parameters;
}

function getPage(signal: AbortSignal): Promise<Answer<readonly Rocket[]>> {
  return getJson<readonly Rocket[]>(`rockets?${parametersOfPage()}`, signal);
}

// What a response says about the list as a whole.
function takeHeaders(headers: Headers): void {
  const count = headers.get("X-Total-Count");
  total.value = count === null ? null : Number(count);
  const link = linkOf(headers, "next");
  nextCursor = link === null
    ? null : new URLSearchParams(link.slice(link.indexOf("?"))).get("cursor");
  hasNext.value = nextCursor !== null;
}

// Older states, and those of rockets that are not shown, mean nothing.
function takeState(row: Row, rocket: Rocket): void {
  if (rocket.revision <= (revisions.get(row.id) ?? -1)) {
    return;
  }
  revisions.set(row.id, rocket.revision);
  if (held.peek()) {
    waiting.set(row.id, rocket);
  } else {
    row.rocket.value = rocket;
  }
}

function takeStates(rockets: readonly Rocket[]): void {
  const byId = new Map(rows.peek().map((row) => [row.id, row]));
  batch(() => {
    for (const rocket of rockets) {
      const row = byId.get(rocket.id);
      if (row !== undefined) {
        takeState(row, rocket);
      }
    }
  });
}

// Show these rockets in this order. A row that stays is the same object with the
// same signal, and so is the list if all of them stay in their places.
function arrange(rockets: readonly Rocket[]): void {
  const old = new Map(rows.peek().map((row) => [row.id, row]));
  const next = rockets.map((rocket) => {
    const known = old.get(rocket.id);
    if (known === undefined) {
      revisions.set(rocket.id, rocket.revision);
      return { id: rocket.id, rocket: signal(rocket) };
    }
    takeState(known, rocket);
    return known;
  });
  if (next.length !== old.size || next.some((row, index) => row !== rows.peek()[index])) {
    rows.value = next;
    const shown = new Set(next.map((row) => row.id));
    revisions = new Map([...revisions].filter(([id]) => shown.has(id)));
  }
}

// The page is empty, but the list is not, or its cursor is not valid: it has
// become shorter, or the service has started anew with other rockets.
function leavePlace(): boolean {
  if (place.peek() === firstPlace) {
    return false;
  }
  navigateToPlace(firstPlace, true);
  return true;
}

// Read the page that the address says and show it, in its order. Rejects with a
// RequestError, of which `failure` has the text, or if `signal` is aborted. Of
// several calls, and if another page is wanted by then, only the last counts.
export async function readPage(signal: AbortSignal): Promise<void> {
  const wanted = pageWanted.peek();
  const reading = ++readings;
  const isLast = () => reading === readings && wanted === pageWanted.peek();
  loading.value = true;
  try {
    const { data, headers, etag: newEtag } = await getPage(signal);
    if (isLast() && !(data.length === 0 && leavePlace())) {
      batch(() => {
        arrange(data);
        takeHeaders(headers);
        first.value = place.peek().index * pageSize;
        moved.value = 0;
        failure.value = null;
        etag = newEtag;
      });
    }
  } catch (error) {
    if (isLast() && error instanceof RequestError) {
      if (error.status === 400 && leavePlace()) {
        return;
      }
      failure.value = error.message;
    }
    throw error;
  } finally {
    if (reading === readings) {
      loading.value = false;
    }
  }
}

// Read the same page in the background. Rows take their new states but keep their
// order; only if there is room at the end of the list, new ones are appended.
// Returns the ids of the rows of which it has not read the state, as they are not
// on this page of the list any more. Rejects with a RequestError, or if `signal` is
// aborted.
export async function refreshPage(signal: AbortSignal): Promise<readonly string[]> {
  const wanted = pageWanted.peek();
  const reading = readings;
  const { data, headers, etag: newEtag } = await getPage(signal);
  if (reading !== readings || wanted !== pageWanted.peek()) {
    return [];
  }
  if (failure.peek() !== null) {
    sortAgain(); // The rows may be those of another list.
    return [];
  }
  return batch(() => {
    if (pageHasRoom() && !held.peek()) {
      append(data);
    } else {
      takeStates(data);
    }
    takeHeaders(headers);
    const ids = data.map((rocket) => rocket.id);
    const shown = rows.peek().map((row) => row.id);
    moved.value = countMoved(shown, ids);
    // It says nothing about rows that this page of the list does not have any more.
    const unread = shown.filter((id) => !ids.includes(id));
    if (unread.length === 0) {
      etag = newEtag;
    }
    return unread;
  });
}

function append(rockets: readonly Rocket[]): void {
  const fresh = new Map(rockets.map((rocket) => [rocket.id, rocket]));
  const stay = rows.peek().map(({ id, rocket }) => fresh.get(id) ?? rocket.peek());
  const known = new Set(stay.map((rocket) => rocket.id));
  arrange([...stay, ...rockets.filter((rocket) => !known.has(rocket.id))].slice(0, pageSize));
}

// Whether rockets that are new may be shown at once, by refreshPage().
export function pageHasRoom(): boolean {
  return rows.peek().length < pageSize && !hasNext.peek();
}

// The id of an event up to which the rows have all changes; null: none was read.
export function pageEtag(): string | null {
  return etag;
}

// The event `rockets` has arrived.
export function pageTakes(rockets: readonly Rocket[]): void {
  takeStates(rockets);
}

// The service has another start: its revisions begin anew, so whatever comes next
// is newer. What is being read is not.
export function forgetRevisions(): void {
  revisions.clear();
  etag = null;
  readings++;
  loading.value = false;
}

effect(() => {
  if (!held.value) {
    batch(() => {
      for (const row of rows.peek()) {
        row.rocket.value = waiting.get(row.id) ?? row.rocket.peek();
      }
      waiting.clear();
    });
  }
});

export function showNext(): void {
  if (nextCursor !== null && !loading.peek()) {
    navigateToPlace(placeAfter(place.peek(), nextCursor));
  }
}

export function showPrevious(): void {
  if (place.peek() !== firstPlace) {
    navigateToPlace(placeBefore(place.peek()));
  }
}

export function sortAgain(): void {
  sorted.value++;
}
