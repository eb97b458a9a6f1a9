// SPDX-License-Identifier: Apache-2.0
//
// A stream of events that is closed leaves nothing.
import assert from "node:assert/strict";
import test from "node:test";
import { EventStream } from "../../web/src/api/event_stream.js";
import { Follower, hello } from "./follower.js";
import { settle, World } from "./world.js";

// Each brings a stream into a state in which it is closed then.
const moments: Readonly<Record<string, (world: Follower) => Promise<void>>> = {
  "before the response": () => settle(),
  "with a head": ({ exchange }) => exchange.begin(),
  "while live": ({ exchange }) => exchange.begin(hello),
  "in the middle of an event": ({ exchange }) => exchange.begin(`${hello}data: a`),
  "while it waits for the next try": async (world) => {
    await world.exchange.fail();
    await world.exchange.fail();
  },
  "while it is refused": ({ exchange }) => exchange.deny(503, "full"),
};

for (const [moment, bring] of Object.entries(moments)) {
  test(`closed ${moment}, it leaves no timer and no connection, and says nothing`, async () => {
    const world = new Follower();
    await bring(world);
    const { length } = world.states;
    world.stream.close();
    await settle();
    assert.equal(world.clock.timers.size, 0);
    assert.ok(!world.exchange.isOpen);
    world.stream.retryNow();
    await world.exchange.send(hello);
    await world.clock.pass(3_600_000);
    assert.equal(world.states.length, length);
    assert.ok(world.exchanges.every(({ isOpen }) => !isOpen));
    assert.ok(world.exchanges.length <= 2);
  });
}

test("closed by who hears that it is live, it hands over no events", async () => {
  const world = new World();
  let taken = 0;
  const stream: EventStream = new EventStream("events", null, {
    takeEvents: () => {
      taken++;
    },
    takeState: ({ state }) => {
      if (state === "live") {
        stream.close();
      }
    },
  }, world.environment);
  await world.exchange.begin(hello);
  assert.equal(taken, 0);
  assert.equal(world.clock.timers.size, 0);
});

test("1,000 connections and 10,000 events leave one timer", async () => {
  const world = new Follower();
  for (let round = 0; round < 1000; round++) {
    await world.exchange.begin(hello);
    await world.exchange.send("event: rockets\ndata: []\n\n".repeat(10));
    world.clock.time += 6000;
    await world.exchange.cut();
  }
  assert.equal(world.clock.timers.size, 1);
  assert.equal(world.exchanges.filter(({ isOpen }) => isOpen).length, 0);
});
