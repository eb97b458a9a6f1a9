// SPDX-License-Identifier: Apache-2.0
//
// The page: its header, and below it the fleet, one rocket, what to do while there
// are no rockets, or the login. The parts know their own state; this file says only
// which of them are shown, and where.
import "../style/base.css";
import "../style/layout.css";
import { computed } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { loginReason } from "../state/access.js";
import { view } from "../state/address.js";
import { summary } from "../state/fleet.js";
import { ConnectionBar, isLost } from "./connection_state.js";
import { Empty } from "./empty.js";
import { Feed } from "./feed.js";
import { setFilters } from "./filter_list.js";
import { focusHeading } from "./focus.js";
import { Header } from "./header.js";
import { Help } from "./help.js";
import { Login } from "./login.js";
import { Names } from "./names.js";
import { ReplicaLine, ReplicaNotice } from "./replica.js";
import { useReturn } from "./return.js";
import { RocketPage } from "./rocket.js";
import { Speeds } from "./speeds.js";
import { tab } from "./shown.js";
import { RocketsTable } from "./table.js";
import { PhoneTabs } from "./tabs.js";
import { Tiles } from "./tiles.js";

type Screen = "fleet" | "rocket" | "empty";

const screen = computed<Screen>(() => {
  if (view.value.rocket !== null) {
    return "rocket";
  }
  const isEmpty = summary.value?.rockets.total === 0 && setFilters.value.length === 0;
  return isEmpty ? "empty" : "fleet";
});

function FleetPage() {
  return (
    <main id="main" class="fleet" data-tab={tab} data-lost={isLost}>
      <h1 class="visually-hidden">Fleet</h1>
      <div class="fleet-tiles"><Tiles /></div>
      <div class="fleet-charts">
        <Speeds />
        <Names />
      </div>
      <div class="fleet-feed"><Feed /></div>
      <div class="fleet-table"><RocketsTable /></div>
    </main>
  );
}

function Main() {
  useReturn();
  switch (screen.value) {
    case "rocket":
      return <main id="main" class="rocket-page" data-lost={isLost}><RocketPage /></main>;
    case "empty":
      return <main id="main" class="empty-page" data-lost={isLost}><Empty /></main>;
    case "fleet":
      return <><FleetPage /><PhoneTabs /></>;
  }
}

// What only somebody who may read gets.
function Content() {
  return (
    <>
      <ReplicaNotice />
      <Main />
      <ReplicaLine />
      <ConnectionBar />
    </>
  );
}

// After the login the focus is where the page begins.
function useFocusAfterLogin(isOpen: boolean): void {
  const wasOpen = useRef(isOpen);
  useLayoutEffect(() => {
    if (wasOpen.current && !isOpen && document.activeElement === document.body) {
      focusHeading();
    }
    wasOpen.current = isOpen;
  }, [isOpen]);
}

export function App() {
  const mustLogIn = loginReason.value !== null;
  useFocusAfterLogin(mustLogIn);
  return (
    <>
      <a class="skip-link" href="#main">Skip to the content</a>
      <Header />
      {mustLogIn ? <main id="main" class="login-page"><Login /></main> : <Content />}
      <Help />
    </>
  );
}
