// SPDX-License-Identifier: Apache-2.0
//
// The filters of the table: fields in its head, and on a phone a sheet with the
// same fields and the order.
import "./filters.css";
import { computed, type ReadonlySignal } from "@preact/signals";
import type { NameCounts } from "../api/types.js";
import { navigate } from "../state/address.js";
import { missions, types } from "../state/fleet.js";
import { FilterFields } from "./filter_fields.js";
import { noFilters, setFilters } from "./filter_list.js";
import { FilterSheet } from "./filter_sheet.js";
import { Close } from "./icons.js";
import { focusTable } from "./table_head.js";

type Counts = ReadonlySignal<NameCounts | null>;

// As one text, so that it changes only if a name does, not with each count.
function sortedNames(counts: Counts): ReadonlySignal<string> {
  return computed(() => {
    const names = counts.value?.top.map(({ name }) => name) ?? [];
    return JSON.stringify(names.sort());
  });
}

const knownNames = { type: sortedNames(types), mission: sortedNames(missions) };

function KnownNames({ field }: { readonly field: "type" | "mission" }) {
  const names = JSON.parse(knownNames[field].value) as string[];
  return (
    <datalist id={`known-${field}`}>
      {names.map((name) => <option key={name} value={name} />)}
    </datalist>
  );
}

// On a phone the fields are not in sight, so what is set is.
function SetFilters() {
  return (
    <div class="chips phone-only set-filters">
      {setFilters.value.map(({ name, text }) => (
        <button key={name} type="button" class="chip chip-chosen"
          aria-label={`Remove the filter ${text}`}
          onClick={() => { focusTable(); navigate({ query: { [name]: null } }); }}>
          <span class="truncate">{text}</span><Close />
        </button>
      ))}
    </div>
  );
}

export function Filters() {
  return (
    <>
      <div class="filters not-phone" role="group" aria-label="Filters">
        <FilterFields />
        {setFilters.value.length > 1 && (
          <button type="button" class="link-button"
            onClick={() => { focusTable(); navigate({ query: noFilters }); }}>
            Clear filters
          </button>
        )}
      </div>
      <FilterSheet />
      {setFilters.value.length > 0 && <SetFilters />}
      <KnownNames field="type" />
      <KnownNames field="mission" />
    </>
  );
}
