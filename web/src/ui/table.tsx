// SPDX-License-Identifier: Apache-2.0
//
// The rockets that match, a page of them. The rows are the first, second and so
// on of the page, whatever rocket they show, so sorting and paging change texts
// only. The focus is moved after it to the rocket that had it.
import "./table.css";
import { effect, signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { navigate, view } from "../state/address.js";
import {
  failure, first, held, loading, rows, sortAgain, total, type Row,
} from "../state/page.js";
import { utc } from "../state/settings.js";
import { isPlainClick } from "./clicks.js";
import { type Column, columns, describeTable, sortBy } from "./columns.js";
import { Filters } from "./filters.js";
import { noFilters, setFilters } from "./filter_list.js";
import { Down, Up } from "./icons.js";
import { Outcome, outcomeId, Pager, range } from "./pager.js";
import { showsReasons, TableRow } from "./row.js";
import { focusTable, scrollToTable, tableHeadId } from "./table_head.js";

// Only a list that takes long says that it is loading.
const loadingLong = signal(false);
effect(() => {
  loadingLong.value = false;
  if (!loading.value) {
    return;
  }
  const timer = setTimeout(() => { loadingLong.value = true; }, 300);
  return () => clearTimeout(timer);
});

function Header({ column }: { readonly column: Column }) {
  const { query } = view.value;
  const { sort } = column;
  const name = column.key === "updated" && utc.value ? "Updated (UTC)" : column.name;
  const order = sort !== null && sort === query.sort ? query.order : null;
  const kind = `cell-${column.key}${column.number ? " number" : ""}`;
  return (
    <th role="columnheader" scope="col" class={kind}
      aria-sort={order === null ? undefined : order === "asc" ? "ascending" : "descending"}>
      {sort === null ? name : (
        <button type="button" class="sort-button"
          aria-describedby={order === null ? undefined : outcomeId}
          onClick={() => navigate({ query: sortBy(view.value.query, sort) })}>
          {name}{order === "asc" ? <Up /> : <Down />}
        </button>
      )}
    </th>
  );
}

function Caption() {
  return (
    <caption class="visually-hidden">{describeTable(view.value.query, range.value)}</caption>
  );
}

// While the selection touches the rows they must not change under it.
function holdSelected(body: HTMLElement): () => void {
  const updateHeld = () => {
    const selection = getSelection();
    held.value = selection !== null && !selection.isCollapsed && selection.rangeCount > 0
      && selection.getRangeAt(0).intersectsNode(body);
  };
  document.addEventListener("selectionchange", updateHeld);
  return () => {
    document.removeEventListener("selectionchange", updateHeld);
    held.value = false;
  };
}

// A click anywhere in a row opens its rocket, unless the mouse has selected text
// or the click ends a selection. Keys and clicks with a modifier are left to the
// link.
function openClicked(event: MouseEvent, endsSelection: boolean): void {
  const target = event.target;
  if (!(target instanceof Element) || event.defaultPrevented || !isPlainClick(event)) {
    return;
  }
  const link = target.closest("a");
  const index = target.closest("tr")?.sectionRowIndex ?? -1;
  const row = rows.value[index];
  if (row === undefined) {
    return;
  }
  const selects = getSelection()?.isCollapsed === false && event.detail > 0;
  if (link !== null) {
    event.preventDefault();
  }
  if (!selects && (link !== null || !endsSelection)) {
    navigate({ rocket: row.id });
  }
}

function openOnClick(body: HTMLElement): void {
  let endsSelection = false;
  body.addEventListener("mousedown", () => { endsSelection = held.value; });
  body.addEventListener("click", (event) => openClicked(event, endsSelection));
}

// The index of the row that has the focus, or -1.
function focusedRow(body: HTMLElement | null): number {
  const row = document.activeElement?.closest("tr");
  return row && body?.contains(row) ? row.sectionRowIndex : -1;
}

// After `before` has become `after`: the focus stays with its rocket. Of another
// page the first row has it; without either, the heading of the table.
function keepFocus(
  body: HTMLTableSectionElement | null, before: Row | undefined, isOtherPage: boolean,
): void {
  const index = isOtherPage ? 0 : rows.peek().findIndex(({ id }) => id === before?.id);
  const link = body?.rows[index]?.querySelector("a");
  if (link) {
    link.focus({ preventScroll: isOtherPage });
  } else {
    focusTable();
  }
}

function Body() {
  const body = useRef<HTMLTableSectionElement>(null);
  const shown = rows.value;
  const shownBefore = useRef(shown);
  const focused = focusedRow(body.current);

  useEffect(() => {
    if (body.current === null) {
      return;
    }
    const release = holdSelected(body.current);
    openOnClick(body.current);
    return release;
  }, []);

  const position = first.value;
  const shownPosition = useRef(position);
  useLayoutEffect(() => {
    const before = shownBefore.current[focused];
    const isOtherPage = shownPosition.current !== position;
    const isOther = isOtherPage || shownBefore.current !== shown;
    shownPosition.current = position;
    shownBefore.current = shown;
    if (isOtherPage) {
      scrollToTable();
    }
    if (isOther && focused >= 0) {
      keepFocus(body.current, before, isOtherPage);
    }
  });

  return (
    <tbody ref={body} role="rowgroup">
      {shown.map((row, index) => <TableRow key={index} row={row} />)}
    </tbody>
  );
}

// Who searches an id and finds nothing has perhaps forgotten a filter.
function ClearFilters() {
  const { query } = view.value;
  const count = setFilters.value.length;
  const searches = query.idPrefix !== null && count > 1;
  const clear = () => {
    focusTable();
    navigate({ query: searches ? { ...noFilters, idPrefix: query.idPrefix } : noFilters });
  };
  return count === 0 ? null : (
    <button type="button" class="button" onClick={clear}>
      {searches ? "Clear the other filters" : "Clear filters"}
    </button>
  );
}

// What is shown instead of rows.
function Message() {
  if (rows.value.length > 0) {
    return null;
  }
  if (failure.value !== null) {
    return (
      <div class="table-message">
        <p>The list cannot be read: {failure.value}.</p>
        <button type="button" class="button" onClick={() => { focusTable(); sortAgain(); }}>
          Try again
        </button>
      </div>
    );
  }
  if (loading.value || total.value === null) {
    return <div class="table-message">{loadingLong.value && <p>Loading…</p>}</div>;
  }
  return <div class="table-message"><p>No rocket matches.</p><ClearFilters /></div>;
}

function Table() {
  return (
    <table role="table" class="rockets-table" aria-busy={loading.value}
      data-slow={loadingLong.value} data-reasons={showsReasons.value}>
      <Caption />
      <thead role="rowgroup">
        <tr role="row">{columns.map((one) => <Header key={one.key} column={one} />)}</tr>
      </thead>
      <Body />
    </table>
  );
}

export function RocketsTable() {
  return (
    <section class="panel rockets" aria-labelledby={tableHeadId}>
      <div class="panel-head">
        <h2 id={tableHeadId} class="panel-title" tabIndex={-1} aria-describedby={outcomeId}>
          Rockets
        </h2>
        <Filters />
      </div>
      <Table />
      <Message />
      <Outcome />
      <Pager />
    </section>
  );
}
