// SPDX-License-Identifier: Apache-2.0
//
// Keys of the whole page. They need no modifier, so they can be switched off
// (WCAG 2.1.4), and do nothing while somebody types or a dialog or a popover is open.
import { loginReason } from "../state/access.js";
import { navigate, view } from "../state/address.js";
import { showNext, showPrevious, sortAgain } from "../state/page.js";
import { shortcuts, utc } from "../state/settings.js";
import { searchInputId } from "./search.js";
import { helpIsOpen } from "./shown.js";
import { switchTheme } from "./theme.js";

export interface Shortcut {
  readonly key: string;
  readonly meaning: string;
}

interface Action extends Shortcut {
  readonly ofFleet?: true; // nothing happens on the page of a rocket
  readonly act: () => void;
}

function focusSearch(): void {
  const input = document.getElementById(searchInputId);
  if (input instanceof HTMLInputElement) {
    input.focus();
    input.select();
  }
}

const actions: readonly Action[] = [
  { key: "/", meaning: "Search by id", act: focusSearch },
  { key: "r", meaning: "Sort the table again", ofFleet: true, act: sortAgain },
  { key: "n", meaning: "Next page of the table", ofFleet: true, act: showNext },
  { key: "p", meaning: "Previous page of the table", ofFleet: true, act: showPrevious },
  { key: "t", meaning: "Change the theme", act: switchTheme },
  { key: "u", meaning: "Times in UTC or local", act: () => { utc.value = !utc.value; } },
  { key: "?", meaning: "This help", act: () => { helpIsOpen.value = true; } },
];

export const shortcutList: readonly Shortcut[] = [
  ...actions, { key: "Esc", meaning: "Close, or back to the fleet" },
];

function takesText(target: EventTarget | null): target is HTMLElement {
  return target instanceof HTMLElement
    && (target.isContentEditable || target.matches("input, textarea, select"));
}

// Escape is no character, so it works even if the shortcuts are off.
function escape(target: EventTarget | null): void {
  if (takesText(target)) {
    target.blur();
  } else if (view.value.rocket !== null && loginReason.value === null) {
    navigate({ rocket: null });
  }
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.repeat
    || event.ctrlKey || event.metaKey || event.altKey
    || document.querySelector("dialog[open], :popover-open") !== null) {
    return;
  }
  if (event.key === "Escape") {
    escape(event.target);
    return;
  }
  const action = actions.find(({ key }) => key === event.key);
  if (action === undefined || !shortcuts.value || takesText(event.target)
    || (action.ofFleet === true && view.value.rocket !== null)) {
    return;
  }
  event.preventDefault();
  action.act();
}

export function followKeys(): void {
  addEventListener("keydown", onKey);
}
