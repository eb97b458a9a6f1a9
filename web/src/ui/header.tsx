// SPDX-License-Identifier: Apache-2.0
//
// The top of the page: the way home, the connection, the search, the switches, and
// who has logged in. A phone has no room for the switches; they are in the help as
// well. While somebody must log in there is nothing to search or to pause.
import { computed } from "@preact/signals";
import { loginReason } from "../state/access.js";
import { navigate } from "../state/address.js";
import { isPaused, switchPause } from "../state/session.js";
import { theme, utc } from "../state/settings.js";
import { Account } from "./account.js";
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

function SwitchesOfContent() {
  return (
    <>
      <button type="button" class="icon-button not-phone" aria-label="Pause updates"
        aria-pressed={isPaused} title="Pause updates" onClick={switchPause}>
        <Pause />
      </button>
      <button type="button" class="icon-button not-phone" aria-pressed={utc} title={timesTitle}
        onClick={() => { utc.value = !utc.value; }}>UTC</button>
    </>
  );
}

function Switches({ hasContent }: { readonly hasContent: boolean }) {
  const ThemeIcon = themeIcons[theme.value];
  return (
    <div class="header-switches">
      {hasContent && <SwitchesOfContent />}
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
      <Account />
    </div>
  );
}

export function Header() {
  const hasContent = loginReason.value === null;
  return (
    <header class="header">
      <a class="brand" href="?" title="The whole fleet" onClick={goHome}>
        <img src="dashboard/icon.svg" alt="" width="24" height="24" />
        <span class="brand-name">lunar</span>
      </a>
      <ConnectionState />
      <div class="header-search" role={hasContent ? "search" : undefined}>
        {hasContent && <Search />}
      </div>
      <Switches hasContent={hasContent} />
    </header>
  );
}
