// SPDX-License-Identifier: Apache-2.0
//
// Below the table, and always in sight: which rows these are, whether they
// should be sorted again, and the way to the pages beside this one. A button at
// its end keeps the focus, hence aria-disabled and not disabled.
import { computed } from "@preact/signals";
import {
  failure, first, hasNext, held, moved, rows, showNext, showPrevious, sortAgain, total,
} from "../state/page.js";
import { formatNumber } from "../text/numbers.js";
import { formatRange } from "./columns.js";
import { Left, Right, Sort } from "./icons.js";
import { focusTable } from "./table_head.js";

export const range = computed(() => formatRange(first.value, rows.value.length, total.value));

const hasPages = computed(() => first.value > 0 || hasNext.value);

// The button is gone when the rows are sorted.
function sortRows(): void {
  focusTable();
  sortAgain();
}

// One place for what there is to say about these rows, so that nothing jumps.
function PageNote() {
  if (failure.value !== null && rows.value.length > 0) {
    return (
      <>
        <span class="page-failure truncate" title={failure.value}>
          Not up to date: {failure.value}
        </span>
        <button type="button" class="link-button" onClick={sortRows}>Try again</button>
      </>
    );
  }
  if (held.value) {
    return <span class="note">Paused while text is selected</span>;
  }
  return moved.value === 0 ? null : (
    <button type="button" class="button button-quiet" title="Sort the table again (key r)"
      onClick={sortRows}>
      <Sort /><span><span class="tabular">{formatNumber(moved.value)}</span> moved: re-sort</span>
    </button>
  );
}

function PageButtons() {
  const previous = first.value > 0;
  const next = hasNext.value;
  return (
    <div class="page-buttons">
      <button type="button" class="button" aria-disabled={!previous}
        aria-label="Previous page" title="Previous page (key p)" onClick={showPrevious}>
        <Left /><span class="button-name">Previous</span>
      </button>
      <button type="button" class="button" aria-disabled={!next}
        aria-label="Next page" title="Next page (key n)" onClick={showNext}>
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
