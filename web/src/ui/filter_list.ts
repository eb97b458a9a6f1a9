// SPDX-License-Identifier: Apache-2.0
//
// The filters of the list that are set, as words.
import { computed } from "@preact/signals";
import { view, type ListQuery } from "../state/address.js";

export const noFilters = {
  status: null, type: null, mission: null, incomplete: null, launched: null, idPrefix: null,
} as const satisfies Partial<ListQuery>;

type FilterName = keyof typeof noFilters;

interface SetFilter {
  readonly name: FilterName;
  readonly text: string; // "Type: Falcon-9"
}

function textOf(name: FilterName, value: string): string {
  switch (name) {
    case "status": return `Status: ${value}`;
    case "type": return `Type: ${value}`;
    case "mission": return `Mission: ${value}`;
    case "incomplete": return "Incomplete";
    case "launched": return "Not launched";
    case "idPrefix": return `ID: ${value}…`;
  }
}

export function filtersOf(query: ListQuery): SetFilter[] {
  const names = Object.keys(noFilters) as FilterName[];
  return names.flatMap((name) => {
    const value = query[name];
    return value === null ? [] : [{ name, text: textOf(name, String(value)) }];
  });
}

export const setFilters = computed(() => filtersOf(view.value.query));
