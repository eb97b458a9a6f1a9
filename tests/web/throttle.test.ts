// SPDX-License-Identifier: Apache-2.0
//
// Work that is done now and then, on a clock that the test moves.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Throttle } from "../../web/src/state/throttle.js";

// A clock, and a throttle by it of work that runs until it is ended.
function begin(t: TestContext) {
  let now = 5;
  let timer: { readonly at: number; readonly run: () => void } | null = null;
  let end: () => void = () => undefined;
  const begins: number[] = [];
  const abort = new AbortController();
  t.mock.method(performance, "now", () => now);
  t.mock.method(globalThis, "setTimeout", (run: () => void, wait: number) => {
    assert.equal(timer, null, "two at the same time");
    timer = { at: now + wait, run };
    return 1;
  });
  t.mock.method(globalThis, "clearTimeout", () => {
    timer = null;
  });
  const work = () => new Promise<void>((resolve) => {
    begins.push(now);
    end = resolve;
  });
  return {
    begins,
    abort,
    throttle: new Throttle(work, 1000, abort.signal),
    endWork: async () => {
      end();
      await new Promise((resolve) => setImmediate(resolve));
    },
    passUntil: async (time: number) => {
      now = time;
      if (timer !== null && timer.at <= now) {
        const { run } = timer;
        timer = null;
        run();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

test("work begins at once, and not again within a period", async (t) => {
  const { begins, throttle, endWork, passUntil } = begin(t);
  throttle.ask();
  throttle.ask();
  await passUntil(5);
  await endWork();
  throttle.ask();
  throttle.ask();
  await passUntil(1004);
  assert.deepEqual(begins, [5]);
  await passUntil(1005);
  await endWork();
  await passUntil(9999);
  assert.deepEqual(begins, [5, 1005]);
});

test("what is asked for during the work is done after it, once", async (t) => {
  const { begins, throttle, endWork, passUntil } = begin(t);
  throttle.ask();
  await passUntil(5);
  throttle.ask();
  await passUntil(3000);
  throttle.ask();
  assert.deepEqual(begins, [5]);
  await endWork();
  await passUntil(3000);
  await endWork();
  await passUntil(9999);
  assert.deepEqual(begins, [5, 3000]);
});

test("what is cancelled is not done, and can be asked for again", async (t) => {
  const { begins, throttle, passUntil } = begin(t);
  throttle.ask();
  throttle.cancel();
  await passUntil(10);
  assert.deepEqual(begins, []);
  throttle.ask();
  await passUntil(20);
  assert.deepEqual(begins, [20]);
});

test("nothing begins after the end", async (t) => {
  const { begins, abort, throttle, passUntil } = begin(t);
  throttle.ask();
  abort.abort();
  throttle.ask();
  await passUntil(9999);
  assert.deepEqual(begins, []);
});
