// SPDX-License-Identifier: Apache-2.0
//
// The columns of the table, how a click on a header sorts, and the sentence that
// says what the table shows.
import type { ListQuery, SortField } from "../state/address.js";
import { formatNumber } from "../text/numbers.js";

export type Order = ListQuery["order"];

export interface Column {
  readonly key: string; // .cell-KEY in table.css
  readonly name: string;
  readonly sort: SortField | null; // null: the service cannot sort by it
  readonly number?: true;
}

export const columns: readonly Column[] = [
  { key: "id", name: "ID", sort: "id" },
  { key: "type", name: "Type", sort: "type" },
  { key: "mission", name: "Mission", sort: "mission" },
  { key: "status", name: "Status", sort: "status" },
  { key: "speed", name: "Speed", sort: "speed", number: true },
  { key: "last", name: "Last number", sort: "lastMessageNumber", number: true },
  { key: "missing", name: "Missing", sort: null, number: true },
  { key: "updated", name: "Updated", sort: "updatedAt", number: true },
];

// All that the service can sort by, with or without a column.
export const sortNames: readonly (readonly [SortField, string])[] = [
  ["id", "ID"], ["type", "Type"], ["mission", "Mission"], ["status", "Status"],
  ["speed", "Speed"], ["lastMessageNumber", "Last number"], ["createdAt", "Launched"],
  ["updatedAt", "Updated"],
];

function sortName(field: SortField): string {
  return sortNames.find(([key]) => key === field)?.[1] ?? field;
}

// Of numbers and times the highest are looked for, of texts the first.
export function usualOrder(field: SortField): Order {
  return field === "id" || field === "type" || field === "mission" || field === "status"
    ? "asc" : "desc";
}

// What a click on the header of `field` asks for.
export function sortBy(query: ListQuery, field: SortField): Partial<ListQuery> {
  if (query.sort !== field) {
    return { sort: field, order: usualOrder(field) };
  }
  return { order: query.order === "asc" ? "desc" : "asc" };
}

// "51–100 of 1,000,000". `first`: the position of the first row, from 0.
export function formatRange(first: number, count: number, total: number | null): string {
  if (count === 0) {
    return total === null || total === 0 ? "" : `0 of ${formatNumber(total)}`;
  }
  // Pages follow values, so the last one may begin before its place.
  const start = total === null ? first : Math.max(0, Math.min(first, total - count));
  const last = formatNumber(start + count);
  const range = count === 1 ? last : `${formatNumber(start + 1)}–${last}`;
  return total === null ? range : `${range} of ${formatNumber(total)}`;
}

// For the caption: "Rockets 51–100 of 1,000,000, sorted by speed, descending".
export function describeTable(query: ListQuery, range: string): string {
  const direction = query.order === "asc" ? "ascending" : "descending";
  return `Rockets${range && ` ${range}`}, sorted by ${sortName(query.sort)}, ${direction}`;
}
