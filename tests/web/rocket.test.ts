// SPDX-License-Identifier: Apache-2.0
//
// The page of a rocket from the moment it is opened.
import { json, service, visit } from "./browser.js";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Rocket } from "../../web/src/api/types.js";
import { navigate } from "../../web/src/state/address.js";
import {
  changes, changesLength, forgetRevision, gaps, gapsFailure, readRocketPage, rocket, rocketTakes,
  speeds,
} from "../../web/src/state/rocket.js";
import { addSpeed, speedPointsLength, type SpeedPoint } from "../../web/src/state/speed_points.js";
import { rocketOf } from "./fleets.js";
import { forAll } from "./random.js";

const never = new AbortController().signal;
const gapsOf = (missingMessages: number) => ({
  missingMessages, gaps: [{ from: 1, to: missingMessages }], givenUp: { upTo: 0, count: 0 },
});
let gapsReads = 0;

beforeEach(() => {
  visit("");
  visit("?rocket=a");
  gapsReads = 0;
  service.answer = ({ url }) => {
    assert.equal(url.pathname, "/prefix/rockets/a/gaps");
    return json(gapsOf(++gapsReads));
  };
});

// Until `done`, in which every round lets all that waits for a response go on.
async function until(done: () => boolean): Promise<void> {
  while (!done()) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a rocket is loading, then there, or unknown until its first message", async () => {
  assert.equal(rocket.value, "loading");
  service.answer = () => json({ detail: "no such rocket" }, {}, 404);
  assert.equal(await readRocketPage(never), null);
  assert.equal(rocket.value, "unknown");
  rocketTakes(rocketOf("a", 1), 5);
  assert.deepEqual(rocket.value, rocketOf("a", 1));
  assert.equal(await readRocketPage(never), null);
  assert.deepEqual(rocket.value, rocketOf("a", 1)); // that read was older
});

test("a read tells up to which event it is", async () => {
  service.answer = () => json(rocketOf("a", 3), { ETag: 'W/"start-7"' });
  assert.equal(await readRocketPage(never), "start-7");
  assert.deepEqual(speeds.value.map(({ speed }) => speed), [500]);
});

test("other rockets and older states mean nothing; another start begins anew", () => {
  rocketTakes(rocketOf("b", 9), 1);
  assert.equal(rocket.value, "loading");
  rocketTakes(rocketOf("a", 5), 1);
  rocketTakes(rocketOf("a", 5, { speed: 1 }), 2);
  rocketTakes(rocketOf("a", 4, { speed: 1 }), 2);
  assert.deepEqual(rocket.value, rocketOf("a", 5));
  forgetRevision();
  rocketTakes(rocketOf("a", 1, { speed: 7 }), 3);
  assert.deepEqual(rocket.value, rocketOf("a", 1, { speed: 7 }));
});

test("a read of the start before does not hide the states of this one", async () => {
  service.answer = () => json(rocketOf("a", 1000), { ETag: 'W/"old-1000"' });
  const reading = readRocketPage(never);
  forgetRevision();
  rocketTakes(rocketOf("a", 1), 1);
  assert.equal(await reading, null);
  rocketTakes(rocketOf("a", 2, { speed: 9 }), 2);
  assert.deepEqual(rocket.value, rocketOf("a", 2, { speed: 9 }));
});

test("another rocket begins with nothing of the one before", () => {
  rocketTakes(rocketOf("a", 1), 1);
  rocketTakes(rocketOf("a", 2, { speed: 1 }), 2);
  navigate({ rocket: "b" });
  assert.equal(rocket.value, "loading");
  assert.deepEqual([speeds.value, changes.value, gaps.value], [[], [], null]);
});

test("what has changed is told, the newest first", () => {
  rocketTakes(rocketOf("a", 1), 1000);
  rocketTakes(rocketOf("a", 2, { lastMessageNumber: 2 }), 2000);
  assert.deepEqual(changes.value, []);
  rocketTakes(rocketOf("a", 3, { mission: "APOLLO" }), 3000);
  rocketTakes(rocketOf("a", 4, { mission: "APOLLO", status: "exploded", reason: "FIRE" }), 4000);
  assert.deepEqual(
    changes.value.map(({ field, from, to, at }) => [field, from, to, at]),
    [["reason", null, "FIRE", 4000], ["status", "active", "exploded", 4000],
      ["mission", "ARTEMIS", "APOLLO", 3000]],
  );
});

test("changes of the speed within a second are one", () => {
  for (let index = 0; index <= 15; index++) {
    rocketTakes(rocketOf("a", index + 1, { speed: index }), 1000 + index * 100);
  }
  assert.deepEqual(
    changes.value.map(({ from, to, at }) => [from, to, at]), [[10, 15, 2500], [0, 10, 2000]],
  );
});

test("a speed that is what it was again within a second has not changed", () => {
  rocketTakes(rocketOf("a", 1), 1000);
  rocketTakes(rocketOf("a", 2, { speed: 1 }), 2000);
  rocketTakes(rocketOf("a", 3, { mission: "APOLLO" }), 2100);
  assert.deepEqual(changes.value.map(({ field }) => field), ["mission"]);
});

test("changes are bounded, and have keys of their own", () => {
  for (let index = 0; index < 3 * changesLength; index++) {
    rocketTakes(rocketOf("a", index + 1, { mission: String(index) }), index);
  }
  assert.equal(changes.value.length, changesLength);
  assert.equal(changes.value[0]?.to, String(3 * changesLength - 1));
  assert.equal(new Set(changes.value.map(({ key }) => key)).size, changesLength);
});

test("a rocket without missing messages needs no read of its gaps", () => {
  rocketTakes(rocketOf("a", 1, { lastMessageNumber: 1 }), 1);
  rocketTakes(rocketOf("a", 2, { lastMessageNumber: 2 }), 2);
  assert.equal(gaps.value?.missingMessages, 0);
  assert.equal(gapsReads, 0);
});

test("gaps are read at once, and again only if they can have changed", async (t) => {
  const take = (revision: number, more: Partial<Rocket>) => rocketTakes(
    rocketOf("a", revision, { missingMessages: 1, lastMessageNumber: 10, ...more }), 1);
  take(1, {});
  await until(() => gaps.value !== null);
  assert.equal(gapsReads, 1);
  const timer = t.mock.method(globalThis, "setTimeout");
  take(2, { speed: 600 });
  assert.equal(timer.mock.callCount(), 0);
  take(3, { lastMessageNumber: 11 });
  assert.equal(timer.mock.callCount(), 1);
});

test("gaps that were filled while they were read are not shown", async () => {
  let reads = 0;
  service.answer = async () => {
    reads++;
    await Promise.resolve();
    rocketTakes(rocketOf("a", 2), 2);
    return json(gapsOf(7));
  };
  rocketTakes(rocketOf("a", 1, { missingMessages: 7 }), 1);
  await until(() => reads === 1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(gaps.value?.missingMessages, 0);
});

test("why gaps cannot be read is said", async () => {
  service.answer = () => json({ detail: "memory has run out" }, {}, 503);
  rocketTakes(rocketOf("a", 1, { missingMessages: 7 }), 1);
  await until(() => gapsFailure.value !== null);
  assert.equal(gapsFailure.value, "memory has run out");
  assert.equal(gaps.value, null);
});

test("a curve of hours is bounded, in order, and keeps its begin, end, top and bottom", () => {
  forAll(3, (random) => {
    let points: readonly SpeedPoint[] = [];
    const all: SpeedPoint[] = [];
    for (let at = 0; at < 18_000; at++) {
      const point = { at, speed: random.integer(-1e6, 1e6) };
      all.push(point);
      points = addSpeed(points, point);
      assert.ok(points.length <= speedPointsLength);
    }
    assert.equal(points[0], all[0]);
    assert.equal(points.at(-1), all.at(-1));
    assert.ok(points.every(({ at }, index) => index === 0 || at > (points[index - 1]?.at ?? 0)));
    const range = (of: readonly SpeedPoint[]) => {
      const values = of.map(({ speed }) => speed);
      return [Math.min(...values), Math.max(...values)];
    };
    assert.deepEqual(range(points), range(all));
    assert.ok(points.length > speedPointsLength / 2);
  });
});

test("a speed that stays has two points", () => {
  let points: readonly SpeedPoint[] = [];
  for (const [at, speed] of [[0, 5], [1, 5], [2, 5], [3, 6], [4, 5], [9, 5]] as const) {
    points = addSpeed(points, { at, speed });
  }
  assert.deepEqual(points.map(({ at }) => at), [0, 2, 3, 4, 9]);
});
