// SPDX-License-Identifier: Apache-2.0
//
// When the page is connected: while it is visible, and other tabs leave it a
// stream.
import { effect } from "@preact/signals";
import { connection } from "./connection.js";
import { fleetPauses } from "./fleet.js";
import { retryFollowing, startFollowing, stopFollowing, updateFollowing } from "./following.js";
import { isReading } from "./reading.js";
import { startRefreshes, stopRefreshes } from "./refreshes.js";
import { browserTabs, Tabs } from "./tabs.js";

const tabs = new Tabs((allowed) => allowed ? resume() : suspend("yielded"), browserTabs);

function resume(): void {
  connection.value = { state: "connecting" };
  startFollowing();
}

function suspend(state: "hidden" | "yielded"): void {
  stopFollowing();
  connection.value = { state };
}

function show(): void {
  if (!document.hidden) {
    tabs.use();
  }
}

function hide(): void {
  tabs.leave();
  suspend("hidden");
}

// Do not wait any longer for the next try.
export function retryNow(): void {
  retryFollowing();
}

// Have the stream for this page, whatever other tabs show.
export function resumeHere(): void {
  tabs.use();
}

function followConnection(): void {
  if (connection.value.state === "live") {
    startRefreshes(() => !isReading());
  } else {
    stopRefreshes();
    fleetPauses(Date.now());
  }
}

// To be called once, at the start of the page.
export function startSession(): void {
  effect(followConnection);
  effect(updateFollowing);
  document.addEventListener("visibilitychange", () => document.hidden ? hide() : show());
  // The back/forward cache keeps a page as it is, but not with an open connection.
  addEventListener("pagehide", hide);
  addEventListener("pageshow", show);
  addEventListener("focus", show);
  addEventListener("online", retryNow);
  if (document.hidden) {
    hide();
  } else {
    show();
  }
}
