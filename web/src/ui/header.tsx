// SPDX-License-Identifier: Apache-2.0
//
// The top of the page: the way home, the connection, the search, and the
// switches. A phone has no room for the switches; they are in the help as well.
import { computed } from "@preact/signals";
import { navigate } from "../state/address.js";
import { isPaused, switchPause } from "../state/session.js";
import { theme, utc } from "../state/settings.js";
import { isPlainClick } from "./clicks.js";
import { ConnectionState } from "./connection_state.js";
import { noFilters } from "./filter_list.js";
import { Help, Moon, Pause, Sun, System } from "./icons.js";
import { Search } from "./search.js";
import { helpIsOpen } from "./shown.js";
import { switchTheme } from "./theme.js";

const themeIcons = { system: System, light: Sun, dark: Moon };
const themeLabel = computed(() => `Theme: ${theme.value}`);
const timesTitle = computed(() =>
  utc.value ? "Times are in UTC: show local ones (u)" : "Times are local: show them in UTC (u)");

// The fleet without filters, without loading the page again.
function goHome(event: MouseEvent): void {
  if (!isPlainClick(event)) {
    return;
  }
  event.preventDefault();
  navigate({ rocket: null, query: noFilters });
  scrollTo(0, 0);
}

function Switches() {
  const ThemeIcon = themeIcons[theme.value];
  return (
    <div class="header-switches">
      <button type="button" class="icon-button not-phone" aria-label="Pause updates"
        aria-pressed={isPaused} title="Pause updates" onClick={switchPause}>
        <Pause />
      </button>
      <button type="button" class="icon-button not-phone" aria-pressed={utc} title={timesTitle}
        onClick={() => { utc.value = !utc.value; }}>UTC</button>
      <button type="button" class="icon-button not-phone" aria-label={themeLabel}
        title={`${themeLabel.value} (t)`} onClick={switchTheme}>
        <ThemeIcon />
      </button>
      <button type="button" class="icon-button" aria-label="Help and settings"
        aria-haspopup="dialog" title="Help and settings (?)"
        onClick={() => { helpIsOpen.value = true; }}>
        <Help />
      </button>
      <a class="icon-button not-phone" href="swagger" title="The API, to read and to try">API</a>
    </div>
  );
}

export function Header() {
  return (
    <header class="header">
      <a class="brand" href="?" title="The whole fleet" onClick={goHome}>
        <img src="dashboard/icon.svg" alt="" width="24" height="24" />
        <span class="brand-name">lunar</span>
      </a>
      <ConnectionState />
      <div class="header-search" role="search"><Search /></div>
      <Switches />
    </header>
  );
}
