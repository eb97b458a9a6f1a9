// SPDX-License-Identifier: Apache-2.0
//
// The page of the table: at most `pageSize` rockets, in an order that stays as
// it is until the reader asks for it, while the rockets themselves change.
import { signal, type Signal } from "@preact/signals";
import type { Rocket } from "../api/types.js";
import { listParameters, navigateToPlace, place, view } from "./address.js";

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

// One page of GET /rockets. `cursor`: that of the next page; null: it is the last.
// `eventId`: its ETag, as the id of an event.
export interface ListPage {
  readonly rockets: readonly Rocket[];
  readonly total: number;
  readonly cursor: string | null;
  readonly eventId: string | null;
}

// `parameters` have sort, order, filters, limit and cursor. Rejects with an Error
// whose message is for people; of an answer other than 200 with its `status`.
export type ReadList = (parameters: URLSearchParams, abort: AbortSignal) => Promise<ListPage>;

let readList: ReadList = () => Promise.reject(new Error("not connected"));
let reading: AbortController | null = null;
let cursor: string | null = null;

// To be called once, at the start.
export function setListReader(reader: ReadList): void {
  readList = reader;
}

function parametersOfPage(): URLSearchParams {
  const parameters = listParameters(view.value.query);
  parameters.set("limit", String(pageSize));
  const at = place.value.cursors.at(-1);
  if (at !== undefined) {
    parameters.set("cursor", at);
  }
  return parameters;
}

// Read the page that the address says, and show it in its order. Returns it, or
// null if it failed (see `failure`) or was read anew meanwhile.
export async function loadPage(): Promise<ListPage | null> {
  reading?.abort();
  const mine = reading = new AbortController();
  loading.value = true;
  try {
    const page = await readList(parametersOfPage(), mine.signal);
    if (mine.signal.aborted) {
      return null;
    }
    rows.value = page.rockets.map((rocket) => ({ id: rocket.id, rocket: signal(rocket) }));
    total.value = page.total;
    first.value = place.value.index * pageSize;
    cursor = page.cursor;
    hasNext.value = cursor !== null;
    moved.value = 0;
    failure.value = null;
    loading.value = false;
    return page;
  } catch (error) {
    if (!mine.signal.aborted) {
      failure.value = error instanceof Error ? error.message : String(error);
      loading.value = false;
    }
    return null;
  }
}

// Read the same page in the background: rows, `total` and `moved`, but no order.
// To be called every few seconds while something changes.
export async function refreshPage(): Promise<void> {}

// Give up what is being read, as when the page is hidden.
export function abortReads(): void {
  reading?.abort();
  loading.value = false;
}

// States of the stream. Those of other rockets, and older ones, mean nothing.
export function applyRockets(rockets: readonly Rocket[]): void {
  for (const rocket of rockets) {
    const row = rows.value.find((one) => one.id === rocket.id);
    if (row !== undefined && rocket.revision > row.rocket.value.revision) {
      row.rocket.value = rocket;
    }
  }
}

// The service has another start: its revisions begin anew, so whatever comes is
// newer. To be called before its states are applied, and followed by loadPage().
export function forgetRevisions(): void {}

export function showNext(): void {
  if (cursor !== null) {
    const { index, cursors } = place.value;
    navigateToPlace({ index: index + 1, cursors: [...cursors, cursor] });
  }
}

export function showPrevious(): void {
  const { index, cursors } = place.value;
  if (index > 0) {
    navigateToPlace({ index: index - 1, cursors: cursors.slice(0, -1) });
  }
}

export function sortAgain(): void {
  void loadPage();
}
