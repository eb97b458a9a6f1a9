// SPDX-License-Identifier: Apache-2.0
//
// When the page is connected: while it is visible, nobody has to log in, the reader
// has not paused it, and other tabs leave it a stream.
import { computed, effect, untracked } from "@preact/signals";
import { checkAccess, followOthers, leaveOthers, loginReason } from "./access.js";
import { view } from "./address.js";
import { connection } from "./connection.js";
import { fleetPauses } from "./fleet.js";
import { retryFollowing, startFollowing, stopFollowing, updateFollowing } from "./following.js";
import { pageWanted } from "./page.js";
import { isReading } from "./reading.js";
import { startReplica, stopReplica } from "./replica.js";
import { startRefreshes, stopRefreshes } from "./refreshes.js";
import { browserTabs, openChannel, Tabs } from "./tabs.js";

const tabs = new Tabs((allowed) => allowed ? resume() : suspend("yielded"), browserTabs);

function resume(): void {
  connection.value = { state: "connecting" };
  startFollowing();
}

function suspend(state: "hidden" | "yielded" | "paused" | "loggedOut"): void {
  stopFollowing();
  connection.value = { state };
}

// The reader has stopped what changes by itself (WCAG 2.2.2).
export const isPaused = computed(() => connection.value.state === "paused");

function show(): void {
  if (document.hidden) {
    return;
  }
  followOthers(() => openChannel("lunar-session"));
  if (loginReason.peek() !== null) {
    void checkAccess(); // somebody may have logged in meanwhile
  } else if (!isPaused.peek()) {
    tabs.use();
  }
}

function hide(): void {
  tabs.leave();
  leaveOthers();
  if (!isPaused.peek() && loginReason.peek() === null) {
    suspend("hidden");
  }
}

function stopForLogin(): void {
  tabs.leave();
  suspend("loggedOut");
}

function resumeAfterLogin(): void {
  if (connection.peek().state === "loggedOut") {
    connection.value = { state: "hidden" };
    show();
  }
}

function followLogin(): void {
  const mustLogIn = loginReason.value !== null;
  untracked(mustLogIn ? stopForLogin : resumeAfterLogin);
}

function pauseHere(): void {
  tabs.leave();
  suspend("paused");
}

export function switchPause(): void {
  if (isPaused.peek()) {
    resumeHere();
  } else {
    pauseHere();
  }
}

// Whoever asks for other rows or a rocket wants to see them: the pause ends.
function resumeForOther(): void {
  if (isPaused.peek()) {
    resumeHere();
  }
}

// Do not wait any longer for the next try.
export function retryNow(): void {
  retryFollowing();
}

// Have the stream for this page, whatever other tabs show; also after a pause.
export function resumeHere(): void {
  tabs.use();
}

function followConnection(): void {
  if (connection.value.state === "live") {
    startRefreshes(() => !isReading());
    startReplica();
    void checkAccess();
  } else {
    stopRefreshes();
    stopReplica();
    fleetPauses(Date.now());
  }
}

// To be called once, at the start of the page.
export function startSession(): void {
  effect(followConnection);
  effect(updateFollowing);
  effect(followLogin);
  pageWanted.subscribe(resumeForOther);
  view.subscribe(resumeForOther);
  document.addEventListener("visibilitychange", () => document.hidden ? hide() : show());
  // The back/forward cache keeps a page as it is, but not with an open connection.
  addEventListener("pagehide", hide);
  addEventListener("pageshow", show);
  addEventListener("focus", show);
  addEventListener("online", () => loginReason.peek() === null ? retryNow() : show());
  if (document.hidden) {
    hide();
  } else {
    show();
  }
}
