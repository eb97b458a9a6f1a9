// SPDX-License-Identifier: Apache-2.0
//
// Below the table, and always in sight: which rows these are, whether they
// should be sorted again, and the way to the pages beside this one. A button at
// its end keeps the focus, hence aria-disabled and not disabled.
import { computed, effect, signal, untracked } from "@preact/signals";
import { view } from "../state/address.js";
import {
  failure, first, hasNext, held, loading, moved, rows, showNext, showPrevious, sortAgain, total,
} from "../state/page.js";
import { formatNumber } from "../text/numbers.js";
import { describeTable, formatRange } from "./columns.js";
import { useFocusLeft } from "./focus.js";
import { Left, Right, Sort } from "./icons.js";
import { focusTable } from "./table_head.js";

export const range = computed(() => formatRange(first.value, rows.value.length, total.value));

// What the reader's last sort, filter, search or page has brought. The controls for
// these have it as their description, so that who has used one is told, or can ask,
// without a live region. It does not follow the totals of a live list.
export const outcomeId = "rockets-outcome";
const outcome = signal("");
effect(() => {
  if (!loading.value) {
    outcome.value = untracked(() => failure.value === null
      ? total.value === 0 ? "No rocket matches" : describeTable(view.value.query, range.value)
      : `The list cannot be read: ${failure.value}`);
  }
});

export function Outcome() {
  return <p id={outcomeId} hidden>{outcome}</p>;
}

const hasPages = computed(() => first.value > 0 || hasNext.value);

// It goes away when the rows are sorted, or sorted again by themselves.
function SortAgain() {
  const button = useFocusLeft<HTMLButtonElement>(focusTable);
  return (
    <button ref={button} type="button" class="button button-quiet"
      title="Sort the table again (key r)"
      onClick={() => { focusTable(); sortAgain(); }}>
      <Sort /><span><span class="tabular">{formatNumber(moved.value)}</span> moved: re-sort</span>
    </button>
  );
}

function TryAgain() {
  const button = useFocusLeft<HTMLButtonElement>(focusTable);
  return (
    <button ref={button} type="button" class="link-button"
      onClick={() => { focusTable(); sortAgain(); }}>
      Try again
    </button>
  );
}

// One place for what there is to say about these rows, so that nothing jumps.
function PageNote() {
  if (failure.value !== null && rows.value.length > 0) {
    return (
      <>
        <span class="page-failure truncate" title={failure.value}>
          Not up to date: {failure.value}
        </span>
        <TryAgain />
      </>
    );
  }
  if (held.value) {
    return <span class="note">Paused while text is selected</span>;
  }
  return moved.value === 0 ? null : <SortAgain />;
}

function PageButtons() {
  const previous = first.value > 0;
  const next = hasNext.value;
  const buttons = useFocusLeft<HTMLDivElement>(focusTable);
  return (
    <div ref={buttons} class="page-buttons">
      <button type="button" class="button" aria-disabled={!previous}
        aria-label="Previous page" aria-describedby={outcomeId}
        title="Previous page (key p)" onClick={showPrevious}>
        <Left /><span class="button-name">Previous</span>
      </button>
      <button type="button" class="button" aria-disabled={!next}
        aria-label="Next page" aria-describedby={outcomeId}
        title="Next page (key n)" onClick={showNext}>
        <span class="button-name">Next</span><Right />
      </button>
    </div>
  );
}

export function Pager() {
  return (
    <nav class="pager" aria-label="Pages of the table">
      <span class="tabular">{range}</span>
      <span class="page-note"><PageNote /></span>
      {hasPages.value && <PageButtons />}
    </nav>
  );
}
