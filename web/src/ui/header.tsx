// SPDX-License-Identifier: Apache-2.0
//
// The top of the page: the way home, the connection, the search, and the
// switches.
import { theme, utc } from "../state/settings.js";
import { ConnectionState } from "./connection_state.js";
import { helpIsOpen } from "./help.js";
import { Search } from "./search.js";

export function Header() {
  return (
    <header class="header">
      <a class="brand" href="?">lunar</a>
      <ConnectionState />
      <div class="header-search" role="search"><Search /></div>
      <div class="header-switches">
        <button type="button" class="icon-button" aria-pressed={utc}
          onClick={() => { utc.value = !utc.value; }}>UTC</button>
        <button type="button" class="icon-button" aria-label={`Theme: ${theme.value}`}>◐</button>
        <button type="button" class="icon-button" aria-label="Help"
          onClick={() => { helpIsOpen.value = true; }}>?</button>
        <a class="icon-button" href="swagger">API</a>
      </div>
    </header>
  );
}
