// SPDX-License-Identifier: Apache-2.0
//
// The stream of events, with a clock and a service of the test.
import assert from "node:assert/strict";
import test from "node:test";
import { EventStream, silenceLimit } from "../../web/src/api/event_stream.js";
import { Follower, hello } from "./follower.js";
import { settle, World } from "./world.js";

test("a stream is live with its first event, not with its head", async () => {
  const world = new Follower();
  await world.exchange.begin(":\n\n");
  assert.deepEqual(world.states, [{ state: "connecting" }]);
  await world.exchange.send(hello);
  assert.equal(world.state?.state, "live");
  assert.deepEqual(world.events.map(({ type }) => type), ["hello"]);
});

test("the first request has the id that was given, or no such field", async () => {
  assert.equal(new Follower("s-7").exchange.lastEventId, "s-7");
  assert.equal(new Follower().exchange.lastEventId, null);
  await settle();
});

test("the next connection has the last id that has come with a whole event", async () => {
  const world = new Follower("s-1");
  await world.exchange.begin(hello);
  await world.exchange.send("id: s-5\nevent: rockets\ndata: []\n\nevent: rockets\ndata: []\n\n");
  await world.exchange.send("id: s-6\nevent: rockets\ndata: []\n");
  await world.exchange.cut();
  assert.equal(world.exchanges.length, 2);
  assert.equal(world.exchange.lastEventId, "s-5");
});

test("a connection that brings no id does not lose the one before", async () => {
  const world = new Follower("s-3");
  await world.exchange.begin("event: hello\ndata: {}\n\n");
  await world.exchange.end();
  assert.equal(world.exchange.lastEventId, "s-3");
});

test("a reset makes the stream forget its id, until an event has another", async () => {
  const world = new Follower("s-3");
  await world.exchange.begin("event: hello\ndata: {}\n\nevent: reset\ndata: {}\n\n");
  assert.equal(world.stream.lastEventId, null);
  await world.exchange.send("id: t-9\nevent: rockets\ndata: []\n\n");
  assert.equal(world.stream.lastEventId, "t-9");
  await world.exchange.end();
  assert.equal(world.exchange.lastEventId, "t-9");
});

test("without a response it tries at once, then after 0.5, 1, 2, 4, 8, 8 s", async () => {
  const world = new Follower();
  const waits = [];
  for (let round = 0; round < 7; round++) {
    await world.exchange.fail();
    assert.equal(world.state?.state, "reconnecting");
    waits.push(await world.untilNextTry());
  }
  assert.deepEqual(waits, [0, 500, 1000, 2000, 4000, 8000, 8000]);
});

test("while a try runs there is no time of a next one", async () => {
  const world = new Follower();
  await world.exchange.fail();
  await world.exchange.fail();
  assert.ok(await world.untilNextTry() > 0);
  assert.deepEqual(world.state, {
    state: "reconnecting", reason: "the service cannot be reached", retryAt: null,
  });
});

test("tries are spread by up to a quarter", async () => {
  for (const [chance, wait] of [[0, 375], [0.999_999, 625]] as const) {
    const world = new Follower();
    world.chance = chance;
    await world.exchange.fail();
    await world.exchange.fail();
    assert.equal(Math.round(await world.untilNextTry()), wait);
  }
});

test("a connection that has lasted is a success: the next try is at once", async () => {
  const world = new Follower();
  for (let round = 0; round < 4; round++) {
    await world.exchange.begin(hello);
    await world.clock.pass(5000);
    await world.exchange.end();
    assert.deepEqual(await world.untilNextTry(), 0);
  }
});

test("a service that ends each stream at once is not asked without a pause", async () => {
  const world = new Follower();
  const waits = [];
  for (let round = 0; round < 4; round++) {
    await world.exchange.begin(hello);
    await world.exchange.end();
    waits.push(await world.untilNextTry());
  }
  assert.deepEqual(waits, [0, 500, 1000, 2000]);
});

test("a refusal is shown with its reason, and tried after 1, 2, 4, 8, 8 s", async () => {
  const world = new Follower();
  const waits = [];
  for (let round = 0; round < 5; round++) {
    await world.exchange.deny(503, "recovering: 40 %");
    const { state } = world;
    assert.ok(state?.state === "refused");
    assert.equal(state.reason, "recovering: 40 %");
    assert.equal(state.status, 503);
    waits.push(await world.untilNextTry());
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 8000]);
});

test("a service that answers again, or no longer, is tried as if for the first time", async () => {
  const world = new Follower();
  for (let round = 0; round < 3; round++) {
    await world.exchange.fail();
    await world.untilNextTry();
  }
  await world.exchange.deny(503, "recovering");
  assert.equal(await world.untilNextTry(), 1000);
  await world.exchange.deny(503, "recovering");
  assert.equal(await world.untilNextTry(), 2000);
  await world.exchange.fail();
  assert.equal(await world.untilNextTry(), 0);
});

test("Retry-After, in seconds or as a date, is the least time, from 1 s to 5 min", async () => {
  const { time } = new World().clock;
  const date = Math.ceil((time + 30_000) / 1000) * 1000;
  const forms: readonly (readonly [string, number])[] = [
    ["7", 7000], ["0", 1000], [" 12 ", 12_000], ["100000", 300_000],
    [new Date(date).toUTCString(), date - time], [new Date(0).toUTCString(), 1000],
    ["Thursday, 01-Jan-70 00:17:10 GMT", 30_000],
  ];
  for (const [value, least] of forms) {
    for (const [chance, most] of [[0, least], [0.999, least * 1.25]] as const) {
      const world = new Follower();
      world.chance = chance;
      await world.exchange.deny(503, "later", { "Retry-After": value });
      const wait = await world.untilNextTry();
      assert.ok(wait >= least && wait <= most, `${value}: ${wait}`);
    }
  }
});

test("a Retry-After that is neither means nothing", async () => {
  for (const value of ["soon", "-1", "1.5", "", "2026-11-27", "1e3", "0x10"]) {
    const world = new Follower();
    await world.exchange.deny(503, "later", { "Retry-After": value });
    assert.equal(await world.untilNextTry(), 1000, value);
  }
});

test("a proxy's refusal without JSON is shown by its status", async () => {
  const world = new Follower();
  await world.exchange.deny(502, null);
  assert.ok(world.state?.state === "refused");
  assert.match(world.state.reason, /502/);
});

test("200 without a stream is no connection", async () => {
  const world = new Follower();
  await world.exchange.begin("<html>", "text/html");
  assert.ok(world.state?.state === "reconnecting");
  assert.match(world.state.reason, /not a stream/);
  assert.equal(world.exchanges[0]?.isOpen, false, "its body is not read");
});

test("comments keep a silent connection, and without any byte it is lost", async () => {
  const world = new Follower();
  await world.exchange.begin(hello);
  for (let round = 0; round < 10; round++) {
    await world.clock.pass(15_000);
    await world.exchange.send(":\n\n");
  }
  assert.equal(world.exchanges.length, 1);
  await world.clock.pass(silenceLimit - 1);
  assert.equal(world.exchanges.length, 1);
  await world.clock.pass(1);
  assert.equal(world.exchanges.length, 2);
  assert.ok(world.exchanges[0]?.isAborted);
  assert.ok(world.state?.state === "reconnecting");
  assert.match(world.state.reason, /nothing received for 20 s/);
});

test("a request that nobody answers is given up, too", async () => {
  const world = new Follower();
  await world.clock.pass(silenceLimit);
  assert.equal(world.exchanges.length, 2);
  assert.ok(world.exchanges[0]?.isAborted);
});

test("after sleep of the computer a connection that is dead is found at once", async () => {
  const world = new Follower();
  await world.exchange.begin(hello);
  world.clock.time += 3_600_000;
  await world.clock.pass(0);
  assert.equal(world.exchanges.length, 2);
});

test("a clock that is set back does not hide a connection that is dead", async () => {
  const world = new Follower();
  await world.exchange.begin(hello);
  world.clock.setBack(3_600_000);
  await world.clock.pass(2 * silenceLimit);
  assert.equal(world.exchanges.length, 2);
});

test("retryNow ends the pause, and changes nothing while connected", async () => {
  const world = new Follower();
  await world.exchange.deny(503, "full", { "Retry-After": "60" });
  world.stream.retryNow();
  assert.equal(world.exchanges.length, 2);
  assert.ok(world.state?.state === "refused" && world.state.retryAt === null);
  await world.exchange.begin(hello);
  world.stream.retryNow();
  await settle();
  assert.equal(world.exchanges.length, 2);
  assert.equal(world.state.state, "live");
  assert.equal(world.clock.timers.size, 1);
});

test("an error of whoever takes the events is none of the connection", async () => {
  const errors: unknown[] = [];
  Object.assign(globalThis, { reportError: (error: unknown) => errors.push(error) });
  const world = new World();
  const stream = new EventStream("events", null, {
    takeEvents: () => {
      throw new Error("of the page");
    },
    takeState: () => undefined,
  }, world.environment);
  await world.exchange.begin(hello);
  assert.equal(errors.length, 1);
  assert.ok(world.exchange.isOpen);
  stream.close();
  await settle();
});
