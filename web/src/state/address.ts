// SPDX-License-Identifier: Apache-2.0
//
// What the page shows is in its URL, so that a link, back and forward find it:
// `?sort=speed&order=desc&status=exploded&rocket=ID`. The names are those of GET
// /rockets. Unknown and invalid parameters mean nothing. The cursors of the page
// of the table are in the state of the history's entry, which a reload keeps.
import { batch, signal } from "@preact/signals";

export type SortField =
  | "id" | "type" | "speed" | "mission" | "status" | "createdAt" | "updatedAt"
  | "lastMessageNumber";

// The list, as in GET /rockets. Null: not filtered.
export interface ListQuery {
  readonly sort: SortField;
  readonly order: "asc" | "desc";
  readonly status: "active" | "exploded" | null;
  readonly type: string | null;
  readonly mission: string | null;
  readonly incomplete: true | null;
  readonly launched: false | null;
  readonly idPrefix: string | null;
}

export interface View {
  readonly query: ListQuery;
  readonly rocket: string | null; // the id whose page is shown; null: the fleet
}

export const defaultQuery: ListQuery = {
  sort: "speed", order: "desc", status: null, type: null, mission: null,
  incomplete: null, launched: null, idPrefix: null,
};

export interface ViewChange {
  readonly query?: Partial<ListQuery>;
  readonly rocket?: string | null;
}

// Which page of the list is shown, from 0, and the cursors of the pages up to it,
// its own as the last. The first page has none; of many only the last are kept.
export interface Place {
  readonly index: number;
  readonly cursors: readonly string[];
}

export const firstPlace: Place = { index: 0, cursors: [] };

const sortFields: readonly string[] = [
  "id", "type", "speed", "mission", "status", "createdAt", "updatedAt", "lastMessageNumber",
];

const encoder = new TextEncoder();
const inBrowser = typeof location !== "undefined";

// A browser limits the state of an entry, and copies it with each navigation.
const cursorsLength = 100;

// `text` if the service takes it: 1 to `bytes` bytes, no control characters.
function nameOf(text: string | null, bytes: number): string | null {
  if (text === null || text === "" || /[\u0000-\u001f\u007f]/.test(text)) {
    return null;
  }
  return encoder.encode(text).length <= bytes ? text : null;
}

function isSortField(text: string | null): text is SortField {
  return text !== null && sortFields.includes(text);
}

// The view of a URL's query.
export function parseView(search: string): View {
  const parameters = new URLSearchParams(search);
  const sort = parameters.get("sort");
  const order = parameters.get("order");
  const status = parameters.get("status");
  return {
    query: {
      sort: isSortField(sort) ? sort : defaultQuery.sort,
      order: order === "asc" || order === "desc" ? order : defaultQuery.order,
      status: status === "active" || status === "exploded" ? status : null,
      type: nameOf(parameters.get("type"), 256),
      mission: nameOf(parameters.get("mission"), 256),
      incomplete: parameters.get("incomplete") === "true" ? true : null,
      launched: parameters.get("launched") === "false" ? false : null,
      idPrefix: nameOf(parameters.get("idPrefix"), 128),
    },
    rocket: nameOf(parameters.get("rocket"), 128),
  };
}

// The parameters of `query` for GET /rockets, without those that are not set.
export function listParameters(query: ListQuery): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null) {
      parameters.set(name, String(value));
    }
  }
  return parameters;
}

// The query of a URL, with its "?", or "" if all is as by default.
export function writeView(shown: View): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of listParameters(shown.query)) {
    if (value !== defaultQuery[name as keyof ListQuery]) {
      parameters.set(name, value);
    }
  }
  if (shown.rocket !== null) {
    parameters.set("rocket", shown.rocket);
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

function changed(shown: View, change: ViewChange): View {
  return {
    query: { ...shown.query, ...change.query },
    rocket: change.rocket === undefined ? shown.rocket : change.rocket,
  };
}

function sameList(a: ListQuery, b: ListQuery): boolean {
  return listParameters(a).toString() === listParameters(b).toString();
}

// The place in the state of an entry of the history, whatever that is.
export function parsePlace(state: unknown): Place {
  if (typeof state !== "object" || state === null || !("index" in state)
    || !("cursors" in state) || !Array.isArray(state.cursors)) {
    return firstPlace;
  }
  const { index } = state;
  const cursors: readonly unknown[] = state.cursors;
  return typeof index === "number" && Number.isSafeInteger(index)
    && cursors.length > 0 && index >= cursors.length && cursors.length <= cursorsLength
    && cursors.every((one): one is string => typeof one === "string" && /^[\w-]+$/.test(one))
    ? { index, cursors }
    : firstPlace;
}

export function placeAfter(shown: Place, cursor: string): Place {
  return {
    index: shown.index + 1,
    cursors: [...shown.cursors, cursor].slice(-cursorsLength),
  };
}

// The first one, if the cursor of the page before is not kept any more.
export function placeBefore({ index, cursors }: Place): Place {
  return cursors.length > 1 ? { index: index - 1, cursors: cursors.slice(0, -1) } : firstPlace;
}

export const view = signal<View>(parseView(inBrowser ? location.search : ""));
export const place = signal<Place>(inBrowser ? parsePlace(history.state) : firstPlace);

// The reference, such as "?sort=id", of the view with these changes, for links.
export function hrefOf(change: ViewChange): string {
  return writeView(changed(view.value, change)) || "./";
}

// Show the view with these changes. `replace`: without an entry in the history,
// as while somebody types.
export function navigate(change: ViewChange, replace = false): void {
  // What a URL cannot hold must not be shown either, or a reload shows something else.
  const next = parseView(writeView(changed(view.peek(), change)));
  show(next, sameList(next.query, view.peek().query) ? place.peek() : firstPlace, replace);
}

// Show another page of the same list.
export function navigateToPlace(next: Place, replace = false): void {
  show(view.peek(), next, replace);
}

function show(next: View, nextPlace: Place, replace: boolean): void {
  if (writeView(next) === writeView(view.peek()) && nextPlace === place.peek()) {
    return;
  }
  const url = new URL(location.href);
  url.search = writeView(next);
  url.hash = "";
  try {
    history[replace ? "replaceState" : "pushState"](nextPlace, "", url);
  } catch {
    // Some browsers refuse many changes within seconds. The page shows it anyway.
  }
  set(next, nextPlace);
}

// A query that is the same stays the same object, so that nothing is read anew.
function set(next: View, nextPlace: Place): void {
  const { query } = view.peek();
  batch(() => {
    view.value = sameList(query, next.query) ? { ...next, query } : next;
    place.value = nextPlace;
  });
}

function followHistory(state: unknown): void {
  const next = parseView(location.search);
  if (state === null && writeView(next) === writeView(view.peek())) {
    // A link to a fragment has made this entry.
    history.replaceState(place.peek(), "");
    return;
  }
  set(next, parsePlace(state));
}

if (inBrowser) {
  // Without a state, going back to it would look like a link to a fragment.
  if (history.state === null) {
    history.replaceState(firstPlace, "");
  }
  addEventListener("popstate", (event) => followHistory(event.state));
}
