// SPDX-License-Identifier: Apache-2.0
//
// One stream of GET /events, which connects again by itself, with the id of the
// last event, until it is closed. It reads the body of fetch(), as EventSource
// gives up when a response is not 200, does not tell the status and the reason,
// and hides comments, by which a silent connection differs from a lost one.
// At any time there is at most one connection, and one timer.
import { Backoff } from "./backoff.js";
import { networkError, refusalOf, RequestError } from "./client.js";
import { EventParser, type ServerSentEvent } from "./event_parser.js";

export type StreamState =
  | { readonly state: "connecting" | "live" }
  | { readonly state: "reconnecting"; readonly reason: string; readonly retryAt: number | null }
  | {
    readonly state: "refused";
    readonly status: number;
    readonly reason: string;
    readonly retryAt: number | null; // when the next try is, null while it runs
  };

export interface StreamHandler {
  // The events of one part of the body. `lastEventId` of the stream is set before.
  takeEvents(events: readonly ServerSentEvent[]): void;
  takeState(state: StreamState): void;
}

// What a stream needs of the world.
export interface Environment {
  fetch(reference: string, init: RequestInit): Promise<Response>;
  now(): number;
  setTimeout(run: () => void, milliseconds: number): number;
  clearTimeout(timer: number): void;
  random(): number;
}

export const browser: Environment = {
  fetch: (reference, init) => fetch(reference, init),
  now: () => Date.now(),
  setTimeout: (run, milliseconds) => window.setTimeout(run, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
  random: () => Math.random(),
};

// A comment comes after 15 s without an event.
export const silenceLimit = 20_000;

// A connection that has lasted for less does not count as a success: one that the
// service or a proxy ends at once, again and again, must not be tried without a pause.
const lastingConnection = 5000;

export class EventStream {
  // Null after a reset, until an event has an id again. It may be set.
  lastEventId: string | null;

  readonly #reference: string;
  readonly #handler: StreamHandler;
  readonly #environment: Environment;
  readonly #backoff: Backoff;
  #connection: AbortController | null = null;
  #timer: number | null = null; // of silence while connected, else of the next try
  #heardAt = 0;
  #liveAt: number | null = null;
  #state: StreamState = { state: "connecting" };
  #closed = false;

  constructor(
    reference: string,
    lastEventId: string | null,
    handler: StreamHandler,
    environment: Environment = browser,
  ) {
    this.#reference = reference;
    this.lastEventId = lastEventId;
    this.#handler = handler;
    this.#environment = environment;
    this.#backoff = new Backoff(() => environment.random());
    this.#connect();
  }

  // Do not wait any longer for the next try.
  retryNow(): void {
    if (!this.#closed && this.#connection === null) {
      this.#clearTimer();
      this.#connect();
    }
  }

  // The handler hears nothing more.
  close(): void {
    this.#closed = true;
    this.#disconnect();
  }

  #setState(state: StreamState): void {
    this.#state = state;
    this.#handler.takeState(state);
  }

  #connect(): void {
    const connection = new AbortController();
    this.#connection = connection;
    this.#liveAt = null;
    this.#heardAt = this.#environment.now();
    this.#watchSilence();
    const state = this.#state;
    this.#setState("retryAt" in state ? { ...state, retryAt: null } : { state: "connecting" });
    void this.#follow(connection).catch((error: unknown) => {
      if (this.#connection === connection) {
        this.#fail(networkError(error));
      }
    });
  }

  async #follow(connection: AbortController): Promise<void> {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (this.lastEventId !== null) {
      headers["Last-Event-ID"] = this.lastEventId;
    }
    const response = await this.#environment.fetch(this.#reference, {
      headers, cache: "no-store", signal: connection.signal,
    });
    if (response.status !== 200) {
      throw await refusalOf(response, this.#environment.now());
    }
    const type = response.headers.get("Content-Type") ?? "";
    if (response.body === null || !/^text\/event-stream\b/i.test(type)) {
      void response.body?.cancel().catch(() => undefined);
      throw new RequestError("the response is not a stream of events", 0);
    }
    await this.#read(response.body.getReader(), connection);
  }

  async #read(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    connection: AbortController,
  ): Promise<void> {
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#connection !== connection) {
        void reader.cancel().catch(() => undefined);
        return;
      }
      if (done) {
        throw new RequestError("the service has ended the stream", 0);
      }
      this.#heardAt = this.#environment.now();
      this.#take(parser.push(value));
    }
  }

  #take(events: readonly ServerSentEvent[]): void {
    if (events.length === 0) {
      return;
    }
    for (const { type, id } of events) {
      this.lastEventId = type === "reset" ? null : id ?? this.lastEventId;
    }
    // An error of the handler is not one of the connection.
    try {
      if (this.#liveAt === null) {
        this.#liveAt = this.#heardAt;
        this.#setState({ state: "live" });
      }
      if (!this.#closed) {
        this.#handler.takeEvents(events);
      }
    } catch (error) {
      reportError(error);
    }
  }

  #watchSilence(): void {
    const now = this.#environment.now();
    this.#heardAt = Math.min(this.#heardAt, now); // the clock may have been set back
    const remaining = this.#heardAt + silenceLimit - now;
    if (remaining <= 0) {
      this.#fail(new RequestError(`nothing received for ${silenceLimit / 1000} s`, 0));
      return;
    }
    this.#timer = this.#environment.setTimeout(() => this.#watchSilence(), remaining);
  }

  #fail(error: RequestError): void {
    const now = this.#environment.now();
    if (this.#liveAt !== null && now - this.#liveAt >= lastingConnection) {
      this.#backoff.succeeded();
    }
    this.#disconnect();
    const delay = this.#backoff.failed(error);
    const retryAt = delay === 0 ? null : now + delay;
    const { status, message: reason } = error;
    this.#state = status === 0
      ? { state: "reconnecting", reason, retryAt }
      : { state: "refused", status, reason, retryAt };
    if (retryAt === null) {
      this.#connect(); // tells the state
    } else {
      this.#timer = this.#environment.setTimeout(() => this.#connect(), delay);
      this.#setState(this.#state);
    }
  }

  #disconnect(): void {
    this.#clearTimer();
    const connection = this.#connection;
    this.#connection = null;
    connection?.abort();
  }

  #clearTimer(): void {
    if (this.#timer !== null) {
      this.#environment.clearTimeout(this.#timer);
      this.#timer = null;
    }
  }
}
