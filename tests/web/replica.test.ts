// SPDX-License-Identifier: Apache-2.0
//
// What the page reads and says of a service whose journal is a topic.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { json, service } from "./browser.js";
import { settle } from "./world.js";
import type { Replica } from "../../web/src/api/types.js";
import { replica, startReplica, stopReplica } from "../../web/src/state/replica.js";
import { replicaNotice, replicaText } from "../../web/src/ui/replica_text.js";

const usual: Replica = {
  topic: "moon", position: 1_234_567, end: 1_234_567, lagSeconds: 0.4, caughtUp: true,
  halted: null,
};

// A live page. Its service says this of its replica, or refuses with null.
function live(t: TestContext, first: Partial<Replica> | undefined | null) {
  const timers: (() => void)[] = [];
  let reads = 0;
  const said = { replica: first };
  t.mock.method(globalThis, "setTimeout", (run: () => void) => timers.push(run));
  t.mock.method(globalThis, "clearTimeout", () => undefined);
  service.answer = ({ url }) => {
    assert.equal(url.pathname, "/prefix/health");
    reads++;
    const { replica: of } = said;
    return of === null ? json({ detail: "no" }, {}, 503) : json({
      version: "1", store: { kept: true }, problems: [],
      ...(of === undefined ? {} : { replica: { ...usual, ...of } }),
    });
  };
  t.after(() => {
    stopReplica();
    replica.value = null;
  });
  startReplica();
  return {
    says: (next: Partial<Replica> | undefined | null) => { said.replica = next; },
    // The limit of time of each read is a timer too, which does nothing more.
    pass: async () => {
      timers.splice(0).forEach((run) => run());
      await settle();
      return reads;
    },
    settled: async () => {
      await settle();
      return reads;
    },
  };
}

test("a service without a topic is asked once", async (t) => {
  const page = live(t, undefined);
  assert.equal(await page.settled(), 1);
  assert.equal(await page.pass(), 1);
  assert.equal(replica.value, null);
});

test("a topic is looked at again and again while the page is live", async (t) => {
  const page = live(t, {});
  await page.settled();
  assert.equal(replica.peek()?.topic, "moon");
  page.says({ position: 9 });
  assert.equal(await page.pass(), 2);
  assert.equal(replica.peek()?.position, 9);
  stopReplica();
  assert.equal(await page.pass(), 2);
});

test("a failure leaves what is known, and is no end", async (t) => {
  const page = live(t, { position: 5 });
  await page.settled();
  page.says(null);
  assert.equal(await page.pass(), 2);
  assert.equal(replica.peek()?.position, 5);
  page.says({ position: 6 });
  assert.equal(await page.pass(), 3);
  assert.equal(replica.peek()?.position, 6);
});

test("a page that is live again asks again, also behind another address", async (t) => {
  const page = live(t, undefined);
  await page.settled();
  stopReplica();
  page.says({});
  startReplica();
  startReplica();
  assert.equal(await page.settled(), 2);
  assert.equal(replica.peek()?.topic, "moon");
});

test("the line says where the instance is, and is calm about a second", () => {
  const rows: readonly (readonly [Partial<Replica>, string])[] = [
    [{}, "Topic moon, record 1,234,567, up to date"],
    [{ lagSeconds: 1.99, end: 1_240_000 }, "Topic moon, record 1,234,567, up to date"],
    [{ lagSeconds: 2 }, "Topic moon, record 1,234,567, 2 s behind"],
    [{ lagSeconds: 1234.4 }, "Topic moon, record 1,234,567, 1,234 s behind"],
    [{ caughtUp: false, position: 10, end: 2000 }, "Topic moon, record 10 of 2,000"],
    [{ caughtUp: false, position: 10, end: 9 }, "Topic moon, record 10 of 10"],
  ];
  for (const [of, text] of rows) {
    assert.equal(replicaText({ ...usual, ...of }), text);
  }
});

test("there is a notice if what is shown gets old, and only then", () => {
  const rows: readonly (readonly [Partial<Replica>, RegExp | null])[] = [
    [{}, null],
    [{ lagSeconds: 5 }, null],
    [{ lagSeconds: 6.2 }, /^This instance is more than 5 s behind the topic/],
    [{ caughtUp: false }, /^This instance is still reading the topic/],
    [{ halted: "memory is full: start it with more", lagSeconds: 60, caughtUp: false },
      /^This instance has stopped following .*: memory is full: start it with more$/],
  ];
  for (const [of, text] of rows) {
    const notice = replicaNotice({ ...usual, ...of });
    if (text === null) {
      assert.equal(notice, null);
    } else {
      assert.match(notice ?? "", text);
    }
  }
});
