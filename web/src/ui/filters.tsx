// SPDX-License-Identifier: Apache-2.0
//
// The filters of the table. A filter that is set looks like a chip, and is
// removed by its button; it stays a field, so that another value is one step.
// On a phone the same fields are in a sheet, together with the order.
import "./filters.css";
import { computed, type ReadonlySignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { NameCounts } from "../api/types.js";
import { type ListQuery, navigate, view } from "../state/address.js";
import { missions, types } from "../state/fleet.js";
import { filtersOf, noFilters } from "./filter_list.js";
import { Close } from "./icons.js";
import { FilterSheet } from "./filter_sheet.js";

const set = (query: Partial<ListQuery>) => navigate({ query });
const filters = computed(() => filtersOf(view.value.query));

// As one text, so that it changes only if a name does, not with each count.
function sortedNames(counts: ReadonlySignal<NameCounts | null>): ReadonlySignal<string> {
  return computed(() => JSON.stringify((counts.value?.top ?? []).map(({ name }) => name).sort()));
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

// `children`: the field, with the class "filter-field".
function Filter({ label, chosen, remove, children }: {
  readonly label: string;
  readonly chosen: boolean;
  readonly remove: () => void;
  readonly children: ComponentChildren;
}) {
  const box = useRef<HTMLDivElement>(null);
  return (
    <div ref={box} class="filter" data-chosen={chosen}>
      <label><span class="label">{label}</span>{children}</label>
      {chosen && (
        <button type="button" class="filter-remove" aria-label={`Remove the filter ${label}`}
          onClick={() => {
            box.current?.querySelector<HTMLElement>(".filter-field")?.focus();
            remove();
          }}>
          <Close />
        </button>
      )}
    </div>
  );
}

function StatusFilter() {
  const { status } = view.value.query;
  return (
    <Filter label="Status" chosen={status !== null} remove={() => set({ status: null })}>
      <select class="filter-field" value={status ?? ""} onChange={(event) => {
        const { value } = event.currentTarget;
        set({ status: value === "active" || value === "exploded" ? value : null });
      }}>
        <option value="">any</option>
        <option value="active">active</option>
        <option value="exploded">exploded</option>
      </select>
    </Filter>
  );
}

// The service compares whole names, so a name counts when it is finished: chosen
// of the list, or by Enter, or as the field is left.
function NameFilter({ field, label }: {
  readonly field: "type" | "mission"; readonly label: string;
}) {
  const value = view.value.query[field];
  const input = useRef<HTMLInputElement>(null);
  const apply = () => {
    const text = input.current?.value.trim() ?? "";
    if (text !== (view.value.query[field] ?? "")) {
      set({ [field]: text === "" ? null : text });
    }
  };

  // Not by the property `value`, which would undo what is being typed.
  useLayoutEffect(() => {
    if (input.current !== null) {
      input.current.value = value ?? "";
    }
  }, [value]);

  return (
    <Filter label={label} chosen={value !== null} remove={() => set({ [field]: null })}>
      <input ref={input} class="filter-field" list={`known-${field}`} placeholder="any"
        autocomplete="off" spellcheck={false} enterkeyhint="done" onChange={apply}
        onInput={(event) => {
          if (event.inputType === "insertReplacementText") {
            apply();
          }
        }}
        onKeyDown={(event) => event.key === "Enter" && apply()} />
    </Filter>
  );
}

function Toggle({ name, on, change }: {
  readonly name: string; readonly on: boolean; readonly change: Partial<ListQuery>;
}) {
  return (
    <button type="button" class="chip" aria-pressed={on} onClick={() => set(change)}>
      {name}{on && <Close />}
    </button>
  );
}

export function FilterFields() {
  const { incomplete, launched } = view.value.query;
  return (
    <>
      <StatusFilter />
      <NameFilter field="type" label="Type" />
      <NameFilter field="mission" label="Mission" />
      <Toggle name="Incomplete" on={incomplete !== null}
        change={{ incomplete: incomplete === null ? true : null }} />
      <Toggle name="Not launched" on={launched !== null}
        change={{ launched: launched === null ? false : null }} />
    </>
  );
}

// On a phone the fields are not in sight, so what is set is.
function SetFilters() {
  return (
    <div class="chips phone-only set-filters">
      {filters.value.map(({ name, text }) => (
        <button key={name} type="button" class="chip chip-chosen"
          aria-label={`Remove the filter ${text}`} onClick={() => set({ [name]: null })}>
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
        {filters.value.length > 1 && (
          <button type="button" class="link-button" onClick={() => set(noFilters)}>
            Clear filters
          </button>
        )}
      </div>
      <FilterSheet />
      {filters.value.length > 0 && <SetFilters />}
      <KnownNames field="type" />
      <KnownNames field="mission" />
    </>
  );
}
