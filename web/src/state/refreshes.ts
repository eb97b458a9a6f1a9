// SPDX-License-Identifier: Apache-2.0
//
// What the stream does not carry is read every few seconds while the page is live
// and something has changed: the names, and the page of the list, which tells how
// many rockets match, and which rows would move.
import { checkFailure } from "./access.js";
import { view } from "./address.js";
import { fleetTicks, refreshFleet, summary } from "./fleet.js";
import { pageHasRoom, refreshPage, rows } from "./page.js";

const pagePeriod = 3; // seconds
const fleetPeriod = 5;

// A launch may bring a row at once, but not more often (ms).
const launchPeriod = 500;

// A read of which at most one runs, and none while nothing has changed.
class Refresh {
  readonly #read: (signal: AbortSignal) => Promise<unknown>;
  #known = ""; // the state of the fleet that it has read; "": it is to be read anyway
  #running = false;
  #at = 0;

  constructor(read: (signal: AbortSignal) => Promise<unknown>) {
    this.#read = read;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { start, revision } = summary.peek() ?? { start: "", revision: 0 };
    const state = `${start}-${revision}`;
    if (this.#running || state === this.#known) {
      return;
    }
    this.#running = true;
    this.#known = state;
    this.#at = Date.now();
    try {
      await this.#read(signal);
    } catch (error) {
      this.#known = ""; // If the service cannot be reached the stream tells.
      checkFailure(error);
    } finally {
      this.#running = false;
    }
  }

  // The summary does not know yet of what has changed.
  runSoon(signal: AbortSignal): void {
    this.#known = "";
    if (Date.now() - this.#at >= launchPeriod) {
      void this.run(signal);
    }
  }
}

const pageRefresh = new Refresh(refreshPage);
const fleetRefresh = new Refresh(refreshFleet);
let live: { readonly timer: ReturnType<typeof setInterval>; readonly abort: AbortController }
  | null = null;
let launched = false; // since the page of the list was read

// The page is live. `mayRead` is false while all is read anyway.
export function startRefreshes(mayRead: () => boolean): void {
  if (live !== null) {
    return;
  }
  let seconds = 0;
  const abort = new AbortController();
  const tick = () => {
    fleetTicks(Date.now());
    seconds++;
    if (!mayRead()) {
      return;
    }
    if (view.peek().rocket === null && (seconds % pagePeriod === 0 || launched)) {
      launched = false;
      void pageRefresh.run(abort.signal);
    }
    if (seconds % fleetPeriod === 0) {
      void fleetRefresh.run(abort.signal);
    }
  };
  live = { timer: setInterval(tick, 1000), abort };
}

export function stopRefreshes(): void {
  if (live !== null) {
    clearInterval(live.timer);
    live.abort.abort();
    live = null;
  }
}

// Rockets have been launched: there may be new rows, and if these are the first
// ones, the first names.
export function refreshForLaunch(): void {
  if (live === null || view.peek().rocket !== null || !pageHasRoom()) {
    return;
  }
  launched = true;
  pageRefresh.runSoon(live.abort.signal);
  if (rows.peek().length === 0) {
    fleetRefresh.runSoon(live.abort.signal);
  }
}
