// SPDX-License-Identifier: Apache-2.0
//
// Which pages of this browser may have a stream. A browser opens at most six
// connections to a host for all its tabs, and each stream holds one; more than
// `most` would leave too few for reads, also for those of other tabs.
//
// The pages that were used last have the streams. A page that begins to use one
// tells the others, and whoever has one asks who else has: if `most` answer that
// were used later, it gives its own up. Nothing is remembered but for the time of
// an answer, so a page that vanishes without a word is not counted any longer.
// Without a channel every page has a stream.

export const most = 4;
export const answerTime = 250; // ms
const retryTime = 10_000; // ms after which a page that gave up asks again

interface Message {
  readonly kind: "took" | "left" | "asks" | "has";
  readonly page: string;
  readonly used: number; // when the page was shown or focused last
}

// What is used of BroadcastChannel.
export interface Channel {
  onmessage: ((event: MessageEvent<unknown>) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

// What the tabs need of the world.
export interface TabsEnvironment {
  openChannel(): Channel | null;
  now(): number;
  setTimeout(run: () => void, milliseconds: number): number;
  clearTimeout(timer: number): void;
}

// To the other pages of the origin, as connections and cookies are of it. Null: an
// old browser, or one that lets no page keep anything.
export function openChannel(name: string): Channel | null {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}

export const browserTabs: TabsEnvironment = {
  openChannel: () => openChannel("lunar"),
  now: () => Date.now(),
  setTimeout: (run, milliseconds) => window.setTimeout(run, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
};

function parseMessage(data: unknown): Message | null {
  if (typeof data !== "object" || data === null || !("kind" in data)
    || !("page" in data) || !("used" in data)) {
    return null;
  }
  const { kind, page, used } = data;
  return (kind === "took" || kind === "left" || kind === "asks" || kind === "has")
    && typeof page === "string" && typeof used === "number"
    ? { kind, page, used }
    : null;
}

export class Tabs {
  readonly #page = Math.random().toString(36); // unlike that of any other page
  readonly #environment: TabsEnvironment;
  readonly #changes: (allowed: boolean) => void;
  #channel: Channel | null = null;
  #used = 0;
  #latest = 0; // of what others have said that they were used
  #state: "away" | "allowed" | "yielded" = "away";
  #later: Set<string> | null = null; // those that have answered; null: not asked
  #timer: number | null = null; // until the answers are in, or to ask again

  // `changes` is told when the page may have a stream, and when it may no longer as
  // others are used.
  constructor(changes: (allowed: boolean) => void, environment: TabsEnvironment) {
    this.#changes = changes;
    this.#environment = environment;
  }

  // The reader has shown or focused the page, so it may have a stream.
  use(): void {
    if (this.#channel === null) {
      this.#channel = this.#environment.openChannel();
      if (this.#channel !== null) {
        this.#channel.onmessage = (event) => this.#receive(event.data);
      }
    }
    // Later than all others, also if the clock has been set back.
    this.#used = Math.max(this.#environment.now(), this.#latest + 1);
    this.#take();
  }

  // The page is hidden, and has no stream. A channel would keep it from the
  // back/forward cache.
  leave(): void {
    this.#stopAsking();
    if (this.#state === "allowed") {
      this.#post("left");
    }
    this.#state = "away";
    this.#channel?.close();
    this.#channel = null;
  }

  #take(): void {
    const isNew = this.#state !== "allowed";
    this.#state = "allowed";
    this.#post("took");
    this.#ask(); // others may have been used at the same time
    if (isNew) {
      this.#changes(true);
    }
  }

  #post(kind: Message["kind"]): void {
    this.#channel?.postMessage(
      { kind, page: this.#page, used: this.#used } satisfies Message);
  }

  #receive(data: unknown): void {
    const message = parseMessage(data);
    if (message === null || message.page === this.#page || this.#state === "away") {
      return;
    }
    this.#latest = Math.max(this.#latest, message.used);
    switch (message.kind) {
      case "asks":
        if (this.#state === "allowed") {
          this.#post("has");
        }
        break;
      case "has":
        if (this.#isLater(message)) {
          this.#later?.add(message.page);
        }
        break;
      case "took":
        if (this.#state === "allowed") {
          this.#ask();
        }
        break;
      case "left":
        if (this.#state === "yielded") {
          this.#ask();
        }
        break;
    }
  }

  #isLater({ used, page }: Message): boolean {
    return used > this.#used || (used === this.#used && page > this.#page);
  }

  #ask(): void {
    this.#stopAsking();
    this.#later = new Set();
    this.#post("asks");
    this.#timer = this.#environment.setTimeout(() => this.#decide(), answerTime);
  }

  #decide(): void {
    const later = this.#later?.size ?? 0;
    this.#stopAsking();
    if (later < most) {
      if (this.#state === "yielded") {
        this.#take();
      }
      return;
    }
    this.#timer = this.#environment.setTimeout(() => this.#ask(), retryTime);
    if (this.#state === "allowed") {
      this.#state = "yielded";
      this.#changes(false);
      this.#post("left");
    }
  }

  #stopAsking(): void {
    this.#later = null;
    if (this.#timer !== null) {
      this.#environment.clearTimeout(this.#timer);
      this.#timer = null;
    }
  }
}
