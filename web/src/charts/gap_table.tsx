// SPDX-License-Identifier: Apache-2.0
//
// The missing ranges as a table, which is made only while it is open.
import { useState } from "preact/hooks";
import { formatNumber } from "../text/numbers.js";
import type { GapData } from "./gap_scale.js";

const step = 100;

export function GapTable({ data }: { readonly data: GapData }) {
  const [open, setOpen] = useState(false);
  const [most, setMost] = useState(step);
  const { gaps } = data;
  return (
    <details class="chart-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="note">
        Missing ranges as a table (<span class="tabular">{formatNumber(gaps.length)}</span>)
      </summary>
      {open && (
        <table class="plain-table gap-table">
          <thead>
            <tr>
              <th class="number" scope="col">From</th>
              <th class="number" scope="col">To</th>
              <th class="number" scope="col">Messages</th>
            </tr>
          </thead>
          <tbody>
            {gaps.slice(0, most).map((gap) => (
              <tr key={gap.from}>
                <td class="number">{formatNumber(gap.from)}</td>
                <td class="number">{formatNumber(gap.to)}</td>
                <td class="number">{formatNumber(gap.to - gap.from + 1)}</td>
              </tr>
            ))}
            {gaps.length === 0 && <tr><td class="note" colSpan={3}>None is missing.</td></tr>}
          </tbody>
        </table>
      )}
      {data.known < data.last && gaps.length > 0 && (
        <p class="note">Ranges above {formatNumber(data.known)} are not known here.</p>
      )}
      {open && gaps.length > most && (
        <button type="button" class="link-button" onClick={({ currentTarget }) => {
          if (most + step >= gaps.length) { // the button goes away
            currentTarget.closest("details")?.querySelector("summary")?.focus();
          }
          setMost(most + step);
        }}>
          Show {Math.min(step, gaps.length - most)} more
        </button>
      )}
    </details>
  );
}
