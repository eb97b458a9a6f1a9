// SPDX-License-Identifier: Apache-2.0
//
// The page of the table while the list changes below it.
import { go, json, service, visit } from "./browser.js";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { navigate } from "../../web/src/state/address.js";
import {
  failure, first, forgetRevisions, hasNext, held, loading, moved, pageEtag, pageHasRoom, pageSize,
  pageTakes, pageWanted, readPage, refreshPage, rows, showNext, showPrevious, sortAgain, total,
} from "../../web/src/state/page.js";
import { rocketOf } from "./fleets.js";
import { answer, delayed, fleet, latestId, launch, put, startAgain } from "./list_service.js";
import { forAll } from "./random.js";

const never = new AbortController().signal;
const ids = () => rows.value.map(({ id }) => id).join(" ");
const speeds = () => rows.value.map(({ rocket }) => rocket.value.speed);
const read = () => readPage(never);
const refresh = () => refreshPage(never);

beforeEach(async () => {
  visit("");
  fleet.clear();
  held.value = false;
  service.answer = answer;
  forgetRevisions();
  await read();
});

test("a page is the list in its order, and tells about the whole of it", async () => {
  launch(120);
  await read();
  assert.equal(rows.value.length, pageSize);
  assert.equal(ids().slice(0, 9), "r001 r002");
  assert.deepEqual([total.value, first.value, hasNext.value, moved.value], [120, 0, true, 0]);
  assert.equal(pageEtag(), latestId());
});

test("next, previous, back and forward find the pages", async () => {
  launch(120);
  await read();
  const starts: string[] = [];
  for (const step of [showNext, showNext, showPrevious, () => go(-1), () => go(-2), () => go(1)]) {
    step();
    await read();
    starts.push(`${String(first.value)} ${String(rows.value[0]?.id)}`);
  }
  assert.deepEqual(starts, ["50 r051", "100 r101", "50 r051", "100 r101", "0 r001", "50 r051"]);
  showNext();
  await read();
  assert.equal(hasNext.value, false);
  const wanted = pageWanted.value;
  showNext();
  assert.equal(pageWanted.value, wanted);
});

test("what is wanted changes with query, page and re-sort, not with a rocket", async () => {
  launch(60);
  await read();
  const seen: string[] = [];
  const stop = pageWanted.subscribe((wanted) => seen.push(wanted));
  navigate({ rocket: "r001" });
  navigate({ rocket: null });
  assert.equal(seen.length, 1);
  sortAgain();
  navigate({ query: { status: "active" } });
  go(-1);
  showNext();
  assert.equal(seen.length, 5);
  stop();
});

test("rockets change in place while their order stays", async () => {
  launch(3);
  await read();
  const [row] = rows.value;
  pageTakes([put("r003", { speed: 90_000 }), put("other", { speed: 1 })]);
  assert.equal(ids(), "r001 r002 r003");
  assert.deepEqual(speeds(), [9999, 9998, 90_000]);
  assert.equal(rows.value[0], row);
  assert.equal(moved.value, 0);
  sortAgain();
  await read();
  assert.equal(ids(), "r003 r001 r002 other");
  assert.equal(rows.value[1], row);
});

test("only rows whose rocket has changed are touched", async () => {
  launch(50);
  await read();
  let renders = 0;
  const stops = rows.value.map(({ rocket }) => rocket.subscribe(() => renders++));
  let lists = 0;
  stops.push(rows.subscribe(() => lists++));
  assert.deepEqual([renders, lists], [50, 1]);
  pageTakes([put("r007", { speed: 1 })]);
  assert.equal(renders, 51);
  await refresh();
  await read();
  assert.deepEqual([renders, lists], [51, 2]); // the last read has sorted it again
  await read();
  assert.deepEqual([renders, lists], [51, 2]);
  stops.forEach((stop) => stop());
});

test("older states mean nothing, whichever way they come", async () => {
  launch(1);
  const old = put("r001", { speed: 1 });
  const newest = put("r001", { speed: 2 });
  await read();
  pageTakes([old, newest]);
  assert.deepEqual(speeds(), [2]);
  service.answer = () => json([old], { "X-Total-Count": "1" });
  await refresh();
  assert.deepEqual(speeds(), [2]);
  await read();
  assert.deepEqual(speeds(), [2]);
});

test("another start makes revisions begin anew", async () => {
  launch(1);
  put("r001", { speed: 2 });
  await read();
  forgetRevisions();
  startAgain();
  pageTakes([put("r001", { speed: 77 })]);
  assert.deepEqual(speeds(), [77]);
  assert.equal(pageEtag(), null);
});

test("a read that another start outruns changes nothing", async () => {
  launch(1);
  await read();
  const begun = answer({ url: new URL("https://x/prefix/rockets?sort=speed&order=desc&limit=50") });
  const { response, answerNow } = delayed();
  service.answer = async () => (await response).clone();
  const reads = [read(), refresh()];
  forgetRevisions();
  fleet.clear();
  service.answer = answer;
  await read();
  answerNow(begun);
  await Promise.all(reads);
  assert.equal(ids(), "");
  assert.equal(total.value, 0);
});

test("the background read counts what would move, and moves nothing", async () => {
  launch(60);
  await read();
  const shown = ids();
  put("r050", { speed: 90_000 }); // moves to the top
  put("r055", { speed: 80_000 }); // comes, and r049 goes
  const unread = await refresh();
  assert.equal(ids(), shown);
  assert.equal(moved.value, 2);
  assert.equal(total.value, 60);
  assert.equal(rows.value[49]?.rocket.value.speed, 90_000);
  assert.deepEqual(unread, ["r049"]);
});

test("the ETag is that of a read which has covered all rows", async () => {
  launch(60);
  await read();
  const before = pageEtag();
  put("r001", { speed: 5 }); // not on the page any more
  await refresh();
  assert.equal(pageEtag(), before);
  put("r001", { speed: 10_000 });
  await refresh();
  assert.equal(pageEtag(), latestId());
});

test("new rockets are appended while there is room at the end of the list", async () => {
  await read();
  assert.ok(pageHasRoom());
  launch(2);
  await refresh();
  assert.equal(ids(), "r001 r002"); // an empty page has no order to keep
  put("new", { speed: 99_000 });
  await refresh();
  assert.equal(ids(), "r001 r002 new");
  assert.equal(moved.value, 1);
  launch(60);
  await refresh();
  assert.equal(rows.value.length, pageSize);
  assert.ok(!pageHasRoom());
  assert.equal(hasNext.value, true);
});

test("a rocket that the filter does not select any more stays until it is sorted", async () => {
  launch(3);
  navigate({ query: { status: "active" } });
  await read();
  pageTakes([put("r002", { status: "exploded" })]);
  await refresh();
  assert.equal(ids(), "r001 r002 r003");
  assert.equal(rows.value[1]?.rocket.value.status, "exploded");
  assert.deepEqual([moved.value, total.value], [1, 2]);
  sortAgain();
  await read();
  assert.equal(ids(), "r001 r003");
});

test("held rows keep what they show, and have the newest afterwards", async () => {
  launch(2);
  await read();
  held.value = true;
  pageTakes([put("r001", { speed: 1 })]);
  pageTakes([put("r001", { speed: 2 })]);
  put("r003", { speed: 3 });
  await refresh();
  assert.deepEqual(speeds(), [9999, 9998]);
  held.value = false;
  assert.deepEqual(speeds(), [2, 9998]);
  pageTakes([put("r001", { speed: 4 })]);
  held.value = true;
  held.value = false;
  await refresh();
  assert.deepEqual(speeds(), [4, 9998, 3]);
});

test("a page that is not wanted any more is not shown", async () => {
  launch(3);
  put("r002", { status: "exploded" });
  await read();
  const { response, answerNow } = delayed();
  service.answer = () => response;
  const outdated = read();
  navigate({ query: { status: "exploded" } });
  service.answer = answer;
  await read();
  answerNow(json([rocketOf("wrong", 99)]));
  await outdated;
  assert.equal(ids(), "r002");
  assert.equal(loading.value, false);
});

test("an aborted read rejects and is no failure", async () => {
  const abort = new AbortController();
  service.answer = () => new Promise<Response>(() => undefined);
  const reading = readPage(abort.signal);
  assert.equal(loading.value, true);
  abort.abort();
  await assert.rejects(reading);
  assert.deepEqual([loading.value, failure.value], [false, null]);
});

test("a failure says why, leaves the rows, and is gone with the next success", async () => {
  launch(1);
  await read();
  service.answer = () => json({ detail: "the state is being recovered" }, {}, 503);
  await assert.rejects(read());
  assert.equal(failure.value, "the state is being recovered");
  assert.equal(ids(), "r001");
  await assert.rejects(refresh());
  service.answer = answer;
  await read();
  assert.equal(failure.value, null);
});

test("a list that could not be read is wanted again as soon as it can be", async () => {
  launch(1);
  await read();
  service.answer = () => json({ detail: "no" }, {}, 404);
  await assert.rejects(read());
  service.answer = answer;
  const wanted = pageWanted.value;
  await refresh();
  assert.notEqual(pageWanted.value, wanted);
  await read();
  assert.equal(failure.value, null);
});

test("whatever happens, rows are the newest states, and only reads arrange them", async () => {
  launch(30);
  await read();
  const log: string[] = [];
  forAll(300, (random) => {
    const before = rows.value;
    const changed = Array.from({ length: random.integer(0, 5) }, () => put(
      `r${String(random.integer(1, 40)).padStart(3, "0")}`, { speed: random.integer(0, 9999) },
    ));
    const delivered = random.shuffled([...changed, ...changed]);
    pageTakes(delivered);
    assert.equal(rows.value, before);
    for (const { id, rocket } of rows.value) {
      assert.deepEqual(rocket.value, fleet.get(id));
    }
    log.push(ids());
  });
  await refresh();
  assert.ok(ids().startsWith(log[0] ?? ""));
  assert.equal(rows.value.length, fleet.size);
});
