// SPDX-License-Identifier: Apache-2.0
//
// How the JSON of the service is read: ids that no path can have, gaps in pages,
// references of Link fields, and reads that fail, are aborted or never end.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import test from "node:test";
import { json, service } from "./browser.js";
import { rocketOf } from "./fleets.js";
import {
  getJson, linkOf, parseEtag, readGaps, readRocket, RequestError,
} from "../../web/src/api/client.js";

// The requests that `read` has sent, each answered by `answer`.
async function requestsOf(
  read: () => Promise<unknown>, answer: (url: URL) => Response,
): Promise<readonly string[]> {
  const requests: string[] = [];
  service.answer = ({ url }) => {
    requests.push(url.href.replace("https://host.example/prefix/", ""));
    return answer(url);
  };
  await read();
  return requests;
}

test("a rocket is read by its path, encoded", async () => {
  const requests = await requestsOf(
    () => readRocket("a?b#c"), () => json(rocketOf("a?b#c", 1)));
  assert.deepEqual(requests, ["rockets/a%3Fb%23c"]);
});

test("a rocket whose id no path can have is the first of the list", async () => {
  for (const id of [".", "..", "a/b"]) {
    const requests = await requestsOf(async () => {
      assert.equal((await readRocket(id)).data.id, id);
    }, () => json([rocketOf(id, 1)]));
    const query = new URLSearchParams({ idPrefix: id, sort: "id", limit: "1" });
    assert.deepEqual(requests, [`rockets?${query}`]);
  }
});

test("another rocket whose id begins with it is not the one", async () => {
  for (const list of [[], [rocketOf("a/bc", 1)]]) {
    service.answer = () => json(list);
    await assert.rejects(readRocket("a/b"),
      (error) => error instanceof RequestError && error.status === 404);
  }
});

test("gaps of two pages are one list, and those of such an id are not asked for", async () => {
  const page = (from: number) =>
    ({ missingMessages: 2, gaps: [{ from, to: from }], givenUp: { upTo: 0, count: 0 } });
  const requests = await requestsOf(async () => {
    const { data } = await readGaps("r");
    assert.deepEqual(data.gaps.map(({ from }) => from), [3, 5]);
  }, (url) => url.searchParams.has("cursor")
    ? json(page(5)) : json(page(3), { Link: '<?limit=10000&cursor=x>; rel="next"' }));
  assert.deepEqual(requests, ["rockets/r/gaps?limit=10000", "rockets/r/gaps?limit=10000&cursor=x"]);
  assert.deepEqual(await requestsOf(() => assert.rejects(readGaps("..")), () => json({})), []);
});

test("a reference is found by its relation among others", () => {
  const headers = new Headers({
    Link: '<?a=1>; rel="first", <?b=2,3>; title="x"; rel="last next", <?c>; rel=prev',
  });
  assert.equal(linkOf(headers, "next"), "?b=2,3");
  assert.equal(linkOf(headers, "prev"), "?c");
  assert.equal(linkOf(headers, "up"), null);
  assert.equal(linkOf(new Headers(), "next"), null);
});

test("an entity tag is the id of an event in quotes, weak or not", () => {
  assert.equal(parseEtag('W/"s-1"'), "s-1");
  assert.equal(parseEtag('"s-1"'), "s-1");
  assert.equal(parseEtag("s-1"), null);
  assert.equal(parseEtag(null), null);
});

test("what a proxy has added to an entity tag is no part of the id", () => {
  assert.equal(parseEtag('W/"16fd2e2a448740c0-38-gzip"'), "16fd2e2a448740c0-38");
  assert.equal(parseEtag('"16fd2e2a448740c0-38;br"'), "16fd2e2a448740c0-38");
  assert.equal(parseEtag('"of-a-proxy"'), null);
});

test("whatever goes wrong is a RequestError, but not what the caller has aborted", async () => {
  service.answer = () => json({ detail: "not now" }, { "Retry-After": "7" }, 503);
  await assert.rejects(getJson("fleet"), { message: "not now", status: 503, retryAfter: 7000 });
  service.answer = () => new Response("<html>");
  await assert.rejects(getJson("fleet"), { name: "RequestError", status: 0 });
  const abort = new AbortController();
  service.answer = () => {
    abort.abort(new Error("not wanted"));
    return new Promise<Response>(() => undefined);
  };
  await assert.rejects(getJson("fleet", abort.signal), { message: "not wanted" });
});

test("reads leave nothing at a signal that outlives them", async () => {
  const { signal } = new AbortController();
  service.answer = () => json({});
  await getJson("fleet", signal);
  service.answer = () => json({}, {}, 500);
  await assert.rejects(getJson("fleet", signal));
  assert.deepEqual(getEventListeners(signal, "abort"), []);
});

test("a read without a response ends after 20 s, and one that ended leaves no timer", async (t) => {
  t.mock.method(globalThis, "setTimeout", (run: () => void, wait: number) => {
    assert.equal(wait, 20_000);
    setImmediate(run);
  });
  service.answer = () => new Promise<Response>(() => undefined);
  await assert.rejects(getJson("fleet"), { message: "no response within 20 s", status: 0 });
  const cleared = t.mock.method(globalThis, "clearTimeout");
  service.answer = () => json({});
  await getJson("fleet");
  assert.equal(cleared.mock.callCount(), 1);
});
