// SPDX-License-Identifier: Apache-2.0
//
// What the stream does not carry is read every few seconds while the page is live
// and something has changed: the names, and the page of the list, which tells how
// many rockets match, and which rows would move.
import { view } from "./address.js";
import { fleetTicks, refreshFleet, summary } from "./fleet.js";
import { pageHasRoom, refreshPage } from "./page.js";

const pagePeriod = 3; // seconds
const fleetPeriod = 5;

// A read of which at most one runs, and none while nothing has changed.
class Refresh {
  readonly #read: (signal: AbortSignal) => Promise<unknown>;
  #known = ""; // the state of the fleet that it has read
  #running = false;

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
    try {
      await this.#read(signal);
      this.#known = state;
    } catch {
      // If the service cannot be reached the stream tells.
    } finally {
      this.#running = false;
    }
  }
}

const pageRefresh = new Refresh(refreshPage);
const fleetRefresh = new Refresh(refreshFleet);
let live: { readonly timer: ReturnType<typeof setInterval>; readonly abort: AbortController }
  | null = null;

// The page is live. `mayRead` is false while all is read anyway.
export function startRefreshes(mayRead: () => boolean): void {
  if (live !== null) {
    return;
  }
  let seconds = 0;
  let known = summary.peek()?.rockets.total ?? 0;
  const abort = new AbortController();
  const tick = () => {
    fleetTicks(Date.now());
    seconds++;
    const rockets = summary.peek()?.rockets.total ?? 0;
    const newOnes = rockets !== known && pageHasRoom();
    known = rockets;
    if (!mayRead()) {
      return;
    }
    if (view.peek().rocket === null && (newOnes || seconds % pagePeriod === 0)) {
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

// The first rockets have come: the names and the rows, without waiting.
export function refreshAtOnce(): void {
  if (live !== null) {
    void pageRefresh.run(live.abort.signal);
    void fleetRefresh.run(live.abort.signal);
  }
}
