// SPDX-License-Identifier: Apache-2.0
//
// The order and the filters on a phone: a sheet at the lower edge. What is
// chosen works at once, behind the sheet.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { navigate, view } from "../state/address.js";
import { sortNames, usualOrder } from "./columns.js";
import { FilterFields } from "./filter_fields.js";
import { noFilters, setFilters } from "./filter_list.js";
import { Filter } from "./icons.js";

const isOpen = signal(false);

function SortFields() {
  const { sort, order } = view.value.query;
  return (
    <div class="filter">
      <label>
        <span class="label">Sort by</span>
        <select class="filter-field" value={sort} onChange={(event) => {
          const field = sortNames[event.currentTarget.selectedIndex]?.[0];
          if (field !== undefined) {
            navigate({ query: { sort: field, order: usualOrder(field) } });
          }
        }}>
          {sortNames.map(([field, name]) => <option key={field} value={field}>{name}</option>)}
        </select>
      </label>
      <label>
        <span class="visually-hidden">Order</span>
        <select class="filter-field" value={order} onChange={(event) => {
          navigate({ query: { order: event.currentTarget.value === "asc" ? "asc" : "desc" } });
        }}>
          <option value="asc">ascending</option>
          <option value="desc">descending</option>
        </select>
      </label>
    </div>
  );
}

function Sheet() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const close = () => dialog.current?.close();
  return (
    <dialog ref={dialog} class="dialog sheet" aria-labelledby="sheet-title" closedby="any"
      onClose={() => { isOpen.value = false; }}>
      <div class="dialog-head">
        <h2 id="sheet-title">Sort and filter</h2>
        <button type="button" class="button button-primary" onClick={close}>Done</button>
      </div>
      <div class="dialog-body sheet-fields">
        <SortFields />
        <FilterFields />
        <button type="button" class="link-button"
          aria-disabled={setFilters.value.length === 0}
          onClick={() => navigate({ query: noFilters })}>
          Clear filters
        </button>
      </div>
    </dialog>
  );
}

export function FilterSheet() {
  return (
    <>
      <button type="button" class="button phone-only sheet-button"
        onClick={() => { isOpen.value = true; }}>
        <Filter />Sort and filter
      </button>
      {isOpen.value && <Sheet />}
    </>
  );
}
