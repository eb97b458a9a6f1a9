// SPDX-License-Identifier: Apache-2.0
//
// The three parts of the fleet's page that a phone shows one at a time. They are
// buttons with `aria-pressed` and no `tablist`, as on wider screens all three
// parts are there and nothing is a tab.
import { signal } from "@preact/signals";

type Tab = "feed" | "rockets" | "charts";

const names: readonly (readonly [Tab, string])[] = [
  ["feed", "Feed"], ["rockets", "Rockets"], ["charts", "Charts"],
];

export const tab = signal<Tab>("rockets");

export function PhoneTabs() {
  return (
    <nav class="phone-tabs" aria-label="Parts of the page">
      {names.map(([key, name]) => (
        <button key={key} type="button" aria-pressed={tab.value === key}
          onClick={() => { tab.value = key; }}>
          {name}
        </button>
      ))}
    </nav>
  );
}
