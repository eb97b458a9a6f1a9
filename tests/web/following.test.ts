// SPDX-License-Identifier: Apache-2.0
//
// What a page reads and follows, and from where on, so that it misses nothing: one
// page from its start to a restart of the service. The tests are its chapters.
import assert from "node:assert/strict";
import test from "node:test";
import { effect } from "@preact/signals";
import { json, service } from "./browser.js";
import type { Rocket } from "../../web/src/api/types.js";
import { view } from "../../web/src/state/address.js";
import { connection } from "../../web/src/state/connection.js";
import { feed } from "../../web/src/state/feed.js";
import {
  retryFollowing, startFollowing, stopFollowing, updateFollowing,
} from "../../web/src/state/following.js";
import { rows } from "../../web/src/state/page.js";
import { rocket as shownRocket } from "../../web/src/state/rocket.js";
import { names, rocketOf, summaryOf } from "./fleets.js";
import { Exchange, gate, settle } from "./world.js";

const rocket = (id: string, revision: number): Rocket =>
  rocketOf(id, revision, { speed: revision });

// The service: what it answers, and what it was asked for.
let start = "s";
let revision = 10;
let list: readonly Rocket[] = [];
let refusal: number | null = null;
let held: (() => void)[] | null = null; // responses of lists and fleets that wait
const reads: string[] = [];
let after: string | null = null; // Lunar-After of the last read
const streams: Exchange[] = [];

function answerOf(name: string): Response {
  if (refusal !== null) {
    return json({ detail: "no" }, {}, refusal);
  }
  const id = /^rockets\/(.*)/.exec(name)?.[1];
  const data = id !== undefined ? rocket(id, revision)
    : name === "rockets" ? list
      : { ...summaryOf({}, { start, revision }), types: names, missions: names };
  return json(data, {
    "X-Total-Count": String(list.length), "ETag": `W/"${start}-${revision}"`,
    "Link": '<?cursor=x>; rel="next"', // so that rows are not appended
  });
}

service.answer = async ({ url, headers, signal }) => {
  const name = url.pathname.replace("/prefix/", "");
  if (name === "events") {
    return new Promise<Response>((respond, refuse) => {
      streams.push(new Exchange(url.href, { headers, signal }, respond, refuse));
    });
  }
  reads.push(name);
  after = headers.get("Lunar-After");
  const answer = answerOf(name);
  if (held !== null && (name === "rockets" || name === "fleet")) {
    const { opened, open } = gate();
    held.push(open);
    await opened;
  }
  return answer;
};

Object.assign(globalThis, { window: globalThis });

function stream(): Exchange {
  const last = streams.at(-1);
  assert.ok(last);
  return last;
}

function followed(): readonly string[] {
  return new URL(stream().reference).searchParams.getAll("id");
}

const hello = (id: string | null = `${start}-${revision}`) =>
  `${id === null ? "" : `id: ${id}\n`}event: hello\ndata: {"start":"${start}","revision":1}\n\n`;
const changed = (changes: readonly Rocket[], id: string) =>
  `id: ${id}\nevent: rockets\ndata: ${JSON.stringify(changes)}\n\n`;
const shown = () => rows.value.map((row) => [row.id, row.rocket.value.revision]);
const showType = (type: string) => {
  view.value = { ...view.value, query: { ...view.value.query, type } };
};
const open = () => streams.filter(({ isAborted }) => !isAborted).length;

// Reads of what was missed are at most one a second: they need not wait any longer.
let skipped = 0;
const now = performance.now.bind(performance);
performance.now = () => now() + skipped;
async function passSecond(): Promise<void> {
  await settle();
  skipped += 1000;
  retryFollowing();
  await settle();
}

test("the list is read, then its rows are followed from its ETag on", async () => {
  list = [rocket("b", 9), rocket("a", 10)];
  startFollowing();
  effect(updateFollowing);
  await settle();
  assert.deepEqual(reads.sort(), ["fleet", "rockets"]);
  assert.equal(stream().lastEventId, "s-10");
  assert.deepEqual(followed(), ["a", "b"]);
  await stream().begin(hello());
  assert.equal(connection.value.state, "live");
  await stream().send(changed([rocket("a", 12)], "s-12"));
  assert.deepEqual(shown(), [["b", 9], ["a", 12]]);
});

test("while other rows are read the stream goes on; theirs begins before their ETag", async () => {
  revision = 14;
  list = [rocket("c", 13), rocket("a", 12)];
  held = [];
  showType("x");
  await settle();
  assert.equal(streams.length, 1);
  await stream().send(changed([rocket("a", 20)], "s-20"));
  held.forEach((go) => go());
  held = null;
  await settle();
  assert.ok(streams[0]?.isAborted);
  assert.deepEqual(followed(), ["a", "c"]);
  assert.equal(stream().lastEventId, "s-14", "c may have changed from 15 to 20");
  assert.deepEqual(shown(), [["c", 13], ["a", 20]], "an older state of the list changes nothing");
  assert.equal(connection.value.state, "live", "no word of it");
});

test("hidden, there is no stream; shown, it goes on, and nothing is read", async () => {
  await stream().begin(hello());
  await stream().send(changed([rocket("c", 21)], "s-21"));
  stopFollowing();
  assert.equal(open(), 0);
  reads.length = 0;
  startFollowing();
  await settle();
  assert.deepEqual(reads, []);
  assert.equal(stream().lastEventId, "s-21");
});

test("a rocket is read and followed, and back the rows go on where they were", async () => {
  await stream().begin(hello("s-21"));
  revision = 30;
  reads.length = 0;
  view.value = { ...view.value, rocket: "z" };
  await settle();
  assert.deepEqual(reads, ["rockets/z"]);
  assert.equal(`s-${String(after)}`, stream().lastEventId, "another instance may lag");
  assert.deepEqual(followed(), ["z"]);
  await stream().begin(hello("s-21"));
  await stream().send(changed([rocket("z", 40)], "s-40"));
  view.value = { ...view.value, rocket: null };
  await settle();
  assert.deepEqual(reads, ["rockets/z"]);
  assert.deepEqual(followed(), ["a", "c"]);
  assert.equal(stream().lastEventId, "s-21", "the stream of z did not have them");
});

test("after a reset the stream goes on, and the rows are read again", async () => {
  revision = 50;
  list = [rocket("c", 45), rocket("d", 44)];
  reads.length = 0;
  const { length } = streams;
  const { lastEventId } = stream();
  assert.equal(lastEventId, "s-21");
  await stream().begin(`${hello(null)}event: reset\ndata: {"start":"s","revision":48}\n\n`);
  await settle();
  assert.deepEqual(reads.sort(), ["fleet", "rockets", "rockets/a"]);
  assert.deepEqual(shown(), [["c", 45], ["a", 50]]);
  assert.equal(streams.length, length);
  await stream().cut();
  assert.equal(stream().lastEventId, "s-48", "from the reset on it has all changes");
});

test("rows that were read later begin where the stream was, so no launch is missed", async () => {
  await stream().begin(hello("s-48"));
  revision = 60;
  list = [rocket("e", 55)];
  showType("w");
  await settle();
  assert.deepEqual(followed(), ["e"]);
  assert.equal(stream().lastEventId, "s-48", "the feed has nothing yet of 49 to 60");
});

test("the fleet is read before a rocket, as its stream begins where the fleet was", async () => {
  view.value = { ...view.value, rocket: "z" };
  await settle();
  reads.length = 0;
  held = [];
  await passSecond();
  await stream().begin(`${hello(null)}event: reset\ndata: {"start":"s","revision":61}\n\n`);
  await settle();
  assert.deepEqual(reads, ["fleet"]);
  held.forEach((go) => go());
  held = null;
  await settle();
  assert.deepEqual(reads, ["fleet", "rockets/z"]);
  view.value = { ...view.value, rocket: null };
  await settle();
});

test("after a reset the list is read anew if too many of its rows have left it", async () => {
  list = Array.from({ length: 11 }, (_, index) => rocket(`m${index}`, 61));
  showType("v");
  await settle();
  assert.equal(shown().length, 11);
  await stream().begin(hello());
  list = [rocket("n", 62)];
  revision = 62;
  reads.length = 0;
  await passSecond();
  await stream().send("event: reset\ndata: {\"start\":\"s\",\"revision\":62}\n\n");
  await settle();
  assert.deepEqual(reads.sort(), ["fleet", "rockets", "rockets"]);
  assert.deepEqual(shown(), [["n", 62]]);
});

test("a list that is refused is shown by its reason, and read again", async () => {
  stopFollowing();
  refusal = 503;
  showType("y");
  startFollowing();
  await settle();
  assert.ok(connection.value.state === "refused");
  assert.equal(connection.value.reason, "no");
  assert.equal(open(), 0);
  refusal = null;
  retryFollowing();
  await settle();
  assert.equal(open(), 1);
});

test("what is wrong with a list does not keep the page from following the fleet", async () => {
  await stream().begin(hello());
  refusal = 400;
  showType("z");
  await settle();
  assert.equal(connection.value.state, "live");
  refusal = null;
});

test("resets again and again make one read a second, and it is finished", async () => {
  await passSecond();
  const reset = `event: reset\ndata: {"start":"${start}","revision":${revision}}\n\n`;
  await stream().send(reset);
  await settle();
  reads.length = 0;
  revision += 10;
  list = list.map(({ id }) => rocket(id, revision));
  for (let round = 0; round < 5; round++) {
    await stream().send(reset);
    await settle();
  }
  assert.deepEqual(reads, []);
  await passSecond();
  assert.deepEqual(reads.sort(), ["fleet", "rockets"]);
  assert.deepEqual(shown(), list.map(({ id }) => [id, revision]));
});

test("changes that are missed while a list is read are read afterwards", async () => {
  const reset = `event: reset\ndata: {"start":"${start}","revision":${revision}}\n\n`;
  await passSecond();
  reads.length = 0;
  held = [];
  await stream().send(reset);
  await settle();
  await stream().send(reset);
  await settle();
  assert.deepEqual(reads.sort(), ["fleet", "rockets"], "the read goes on");
  held.forEach((go) => { go(); });
  held = null;
  await passSecond();
  assert.deepEqual(reads.sort(), ["fleet", "fleet", "rockets", "rockets"]);
});

test("a refusal that is none of the service's own is tried again", async () => {
  refusal = 404;
  reads.length = 0;
  showType("w");
  await settle();
  assert.ok(reads.includes("rockets"));
  refusal = null;
  retryFollowing();
  await settle();
  assert.deepEqual(reads, ["rockets", "rockets"]);
});

test("after another start of the service all is read anew, and the feed has a word", async () => {
  await stream().cut();
  start = "t";
  revision = 3;
  list = [rocket("c", 2)];
  reads.length = 0;
  await stream().begin(`${hello(null)}event: reset\ndata: {"start":"t","revision":3}\n\n`);
  await settle();
  assert.deepEqual(reads.sort(), ["fleet", "rockets"]);
  assert.deepEqual(shown(), [["c", 2]], "a lower revision of another start is newer");
  assert.equal(stream().lastEventId, "t-3");
  assert.equal(open(), 1);
  assert.deepEqual(feed.value.map(({ kind }) => kind), ["notice"]);
});

test("what comes after another start in the same part is not taken", async () => {
  start = "u";
  const { length } = feed.value;
  await stream().begin(`${hello("u-1")}event: launched\ndata: {"rockets":[],"more":7}\n\n`);
  assert.deepEqual(feed.value.slice(0, -length).map(({ kind }) => kind), ["notice"],
    "the stream that begins now has it again");
  retryFollowing();
  await settle();
});

test("services that take turns are not read all the time", async (t) => {
  let pause = { run: (): void => undefined, wait: 0 };
  t.mock.method(globalThis, "setTimeout", (run: () => void, wait: number) => {
    pause = { run, wait };
  });
  start = "v";
  reads.length = 0;
  await stream().begin(hello());
  assert.deepEqual(reads, [], "the start before was just now");
  assert.equal(pause.wait, 1000);
  pause.run();
  await settle();
  assert.deepEqual(reads.sort(), ["fleet", "rockets"]);
});

test("a rocket that another start knows at a lower revision is shown", async () => {
  view.value = { ...view.value, rocket: "z" };
  revision = 9;
  await settle();
  await stream().begin(hello());
  await stream().send(changed([rocket("z", 9)], "v-9"));
  start = "w";
  revision = 2;
  await stream().send(hello());
  retryFollowing();
  await settle();
  assert.ok(typeof shownRocket.value === "object");
  assert.equal(shownRocket.value.revision, 2);
  view.value = { ...view.value, rocket: null };
  await settle();
});

test("at the end nothing is open", async () => {
  stopFollowing();
  await settle();
  assert.equal(open(), 0);
});
