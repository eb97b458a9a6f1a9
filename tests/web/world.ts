// SPDX-License-Identifier: Apache-2.0
//
// What the stream of events and the tabs need of the world, for tests: a clock
// that goes on only when it is told to, and a service that answers only then.
import assert from "node:assert/strict";
import type { Environment } from "../../web/src/api/event_stream.js";

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export class Clock {
  time = 1_000_000;
  readonly timers = new Map<number, Timer>();
  #next = 1;

  now = (): number => this.time;

  setTimeout = (run: () => void, milliseconds: number): number => {
    this.timers.set(this.#next, { at: this.time + milliseconds, run });
    return this.#next++;
  };

  clearTimeout = (timer: number): void => {
    this.timers.delete(timer);
  };

  // As somebody sets the clock. Timers do not follow it.
  setBack(milliseconds: number): void {
    this.time -= milliseconds;
    for (const [timer, { at, run }] of this.timers) {
      this.timers.set(timer, { at: at - milliseconds, run });
    }
  }

  #firstTimer(): readonly [number, Timer] | null {
    let first: readonly [number, Timer] | null = null;
    for (const entry of this.timers) {
      { // of equal ones the older comes first
      if (first === null || entry[1].at < first[1].at) {
        first = entry;
    }
      }
    }
    return first;
  }

  // Whatever is due by then runs, in its order, and each time what waits for it.
  async pass(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    for (;;) {
      const first = this.#firstTimer();
      if (first === null || first[1].at > end) {
        break;
      }
      const [timer, { at, run }] = first;
      this.timers.delete(timer);
      this.time = Math.max(this.time, at);
      run();
      await settle();
    }
    this.time = end;
  }
}

// Until all promises that can go on have done so.
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

// What waits for it goes on when it is opened.
export function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const encoder = new TextEncoder();

// A request for a stream, which the test answers.
export class Exchange {
  readonly lastEventId: string | null;
  readonly #signal: AbortSignal;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  constructor(
    readonly reference: string,
    init: RequestInit,
    readonly respond: (response: Response) => void,
    readonly refuse: (error: unknown) => void,
  ) {
    this.lastEventId = new Headers(init.headers).get("Last-Event-ID");
    assert.ok(init.signal);
    this.#signal = init.signal;
    this.#signal.addEventListener("abort", () => {
      refuse(new DOMException("aborted", "AbortError"));
      this.#controller?.error(new DOMException("aborted", "AbortError"));
      this.#controller = null;
    });
  }

  get isOpen(): boolean {
    return this.#controller !== null;
  }

  get isAborted(): boolean {
    return this.#signal.aborted;
  }

  async begin(text = "", type = "text/event-stream"): Promise<void> {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.#controller = null;
      },
    });
    this.respond(new Response(body, { headers: { "Content-Type": type } }));
    await this.send(text);
  }

  async send(text: string): Promise<void> {
    if (text !== "") {
      this.#controller?.enqueue(encoder.encode(text));
    }
    await settle();
  }

  async end(): Promise<void> {
    this.#controller?.close();
    this.#controller = null;
    await settle();
  }

  async cut(): Promise<void> {
    this.#controller?.error(new TypeError("network error"));
    this.#controller = null;
    await settle();
  }

  async fail(): Promise<void> {
    this.refuse(new TypeError("Failed to fetch"));
    await settle();
  }

  async deny(status: number, detail: string | null, headers: Record<string, string> = {}) {
    this.respond(new Response(detail === null ? "<html>" : JSON.stringify({ detail, status }), {
      status,
      headers: {
        "Content-Type": detail === null ? "text/html" : "application/problem+json", ...headers,
      },
    }));
    await settle();
  }
}

export class World {
  readonly clock = new Clock();
  readonly exchanges: Exchange[] = [];
  chance = 0.5; // no jitter, of back-off

  readonly environment: Environment = {
    fetch: (reference, init) => new Promise((respond, refuse) => {
      this.exchanges.push(new Exchange(reference, init, respond, refuse));
    }),
    now: this.clock.now,
    setTimeout: this.clock.setTimeout,
    clearTimeout: this.clock.clearTimeout,
    random: () => this.chance,
  };

  // The last request.
  get exchange(): Exchange {
    const last = this.exchanges.at(-1);
    assert.ok(last, "no request was sent");
    return last;
  }
}
