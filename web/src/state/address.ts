// SPDX-License-Identifier: Apache-2.0
//
// What the page shows is in its URL, so that a link, back and forward find it:
// `?sort=speed&order=desc&status=exploded&rocket=ID`. The names are those of GET
// /rockets. Unknown and invalid parameters mean nothing.
import { signal } from "@preact/signals";

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

export const view = signal<View>({ query: defaultQuery, rocket: null });

export interface ViewChange {
  readonly query?: Partial<ListQuery>;
  readonly rocket?: string | null;
}

// The reference, such as "?sort=id", of the view with these changes, for links.
export declare function hrefOf(change: ViewChange): string;

// Show the view with these changes. `replace`: without an entry in the history,
// as while somebody types.
export declare function navigate(change: ViewChange, replace?: boolean): void;
