// SPDX-License-Identifier: Apache-2.0
//
// The three parts of the fleet's page that a phone shows one at a time. They are
// buttons with `aria-pressed` and no `tablist`, as on wider screens all three
// parts are there and nothing is a tab.
import { Bars, Launch, List } from "./icons.js";
import { tab } from "./shown.js";

const parts = [
  { key: "feed", name: "Feed", Icon: List },
  { key: "rockets", name: "Rockets", Icon: Launch },
  { key: "charts", name: "Charts", Icon: Bars },
] as const;

export function PhoneTabs() {
  return (
    <nav class="phone-tabs" aria-label="Parts of the page">
      {parts.map(({ key, name, Icon }) => (
        <button key={key} type="button" aria-pressed={tab.value === key}
          onClick={() => { tab.value = key; }}>
          <Icon />
          {name}
        </button>
      ))}
    </nav>
  );
}
