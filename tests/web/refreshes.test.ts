// SPDX-License-Identifier: Apache-2.0
//
// What is read every few seconds, and at once for a launch: only while the page is
// live, only if something has changed, and never twice at the same time.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { json, service } from "./browser.js";
import { summaryOf } from "./fleets.js";
import { answer } from "./list_service.js";
import { settle } from "./world.js";
import { fleetTakes } from "../../web/src/state/fleet.js";
import { readPage } from "../../web/src/state/page.js";
import { refreshForLaunch, startRefreshes, stopRefreshes } from "../../web/src/state/refreshes.js";

const names = { top: [], otherNames: 0, otherRockets: 0, unknown: 0 };
let revision = 0;
let now = 1_000_000;

function change(): void {
  fleetTakes(summaryOf({}, { revision: ++revision }), Date.now());
}

// A live page whose seconds pass when the test says so.
function live(t: TestContext, mayRead: () => boolean = () => true) {
  let tick: (() => void) | null = null;
  const reads: string[] = [];
  now += 10_000; // after the test before
  t.mock.method(Date, "now", () => now);
  t.mock.method(globalThis, "setInterval", (run: () => void) => {
    tick = run;
  });
  t.mock.method(globalThis, "clearInterval", () => {
    tick = null;
  });
  service.answer = ({ url }) => {
    const name = url.pathname.replace("/prefix/", "");
    reads.push(name);
    return name === "rockets"
      ? answer({ url }) : json({ ...summaryOf({}, { revision }), types: names, missions: names });
  };
  t.after(stopRefreshes);
  startRefreshes(mayRead);
  return {
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    // What is read in these seconds.
    seconds: async (count: number) => {
      for (let second = 0; second < count; second++) {
        now += 1000;
        tick?.();
        await settle();
      }
      return reads.splice(0);
    },
    readsNow: async () => {
      await settle();
      return reads.splice(0);
    },
  };
}

test("the page is read every 3 s and the names every 5 s, if something has changed", async (t) => {
  const { seconds } = live(t);
  change();
  assert.deepEqual(await seconds(2), []);
  assert.deepEqual(await seconds(1), ["rockets"]);
  assert.deepEqual(await seconds(2), ["fleet"]);
  assert.deepEqual(await seconds(10), []);
  change();
  assert.deepEqual(await seconds(5), ["rockets", "fleet"]);
});

test("nothing is read while all is read anyway, or after the end", async (t) => {
  let mayRead = false;
  const { seconds } = live(t, () => mayRead);
  change();
  assert.deepEqual(await seconds(15), []);
  mayRead = true;
  stopRefreshes();
  assert.deepEqual(await seconds(15), []);
});

test("what has failed is read again, though nothing has changed since", async (t) => {
  const { seconds } = live(t);
  const works = service.answer;
  change();
  service.answer = () => json({}, {}, 503);
  await seconds(3);
  service.answer = works;
  assert.deepEqual(await seconds(3), ["fleet", "rockets"]);
});

test("a read that takes long is the only one, and ends with the connection", async (t) => {
  const { seconds } = live(t);
  const signals: (AbortSignal | null)[] = [];
  service.answer = ({ signal }) => {
    signals.push(signal);
    return new Promise<Response>(() => undefined);
  };
  change();
  await seconds(3);
  change();
  await seconds(1);
  assert.equal(signals.length, 1);
  assert.equal(signals[0]?.aborted, false);
  stopRefreshes();
  assert.equal(signals[0].aborted, true);
  await settle();
});

test("a launch is read at once, others within half a second of it with the next tick",
  async (t) => {
    const { seconds, readsNow, pass } = live(t);
    await readPage(new AbortController().signal);
    await readsNow();
    refreshForLaunch();
    assert.deepEqual(await readsNow(), ["rockets", "fleet"]);
    pass(499);
    refreshForLaunch();
    assert.deepEqual(await readsNow(), []);
    assert.deepEqual(await seconds(1), ["rockets"]);
    pass(500);
    refreshForLaunch();
    assert.deepEqual(await readsNow(), ["rockets", "fleet"]);
  });
