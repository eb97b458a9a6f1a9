// SPDX-License-Identifier: Apache-2.0
//
// A stream of events that keeps what it is told, for tests.
import assert from "node:assert/strict";
import { EventStream, type StreamState } from "../../web/src/api/event_stream.js";
import type { ServerSentEvent } from "../../web/src/api/event_parser.js";
import { World } from "./world.js";

export const hello = 'id: s-1\nevent: hello\ndata: {"start":"s","revision":1}\n\n';

export class Follower extends World {
  readonly events: ServerSentEvent[] = [];
  readonly states: StreamState[] = [];
  readonly stream: EventStream;

  constructor(lastEventId: string | null = null) {
    super();
    this.stream = new EventStream("events?x", lastEventId, {
      takeEvents: (events) => this.events.push(...events),
      takeState: (state) => this.states.push(state),
    }, this.environment);
  }

  get state(): StreamState | undefined {
    return this.states.at(-1);
  }

  // Milliseconds until the next try, which runs then; 0: it runs already.
  async untilNextTry(): Promise<number> {
    const state = this.state;
    const wait = state !== undefined && "retryAt" in state && state.retryAt !== null
      ? state.retryAt - this.clock.time : 0;
    const tries = this.exchanges.length;
    if (wait > 0) {
      await this.clock.pass(wait - 1);
      assert.equal(this.exchanges.length, tries, "too early");
      await this.clock.pass(1);
    }
    return wait;
  }
}
