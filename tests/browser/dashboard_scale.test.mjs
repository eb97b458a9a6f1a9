// SPDX-License-Identifier: Apache-2.0
//
// The dashboard in a real Chromium with much to show: a million rockets, of which
// it loads a page at a time, and an hour's worth of events in fast motion, after
// which it uses no more memory than after a tenth of them. See support.mjs,
// dashboard.mjs and fast_motion.mjs.
//
// LUNAR_DASHBOARD_ROCKETS  the number of rockets; default: 1000000
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import {
  column, faster, header, isColumn, isFigure, isLive, launched, open, post, problemsOf, until,
} from "./dashboard.mjs";
import { fastMotion } from "./fast_motion.mjs";
import { startBrowser, startService } from "./support.mjs";

const count = Number(process.env.LUNAR_DASHBOARD_ROCKETS ?? 1_000_000);
const pageLength = 50;
const shown = (number) => number.toLocaleString("en-US");

let browser, service, page;

before(async () => { browser = await startBrowser(); });
after(async () => { await browser?.close(); });

afterEach(async () => {
  const problems = page === undefined ? [] : problemsOf(page);
  await page?.close();
  page = undefined;
  assert.deepEqual(problems, []);
});

const idOf = (index) => `rocket-${String(index).padStart(7, "0")}`;

// Rockets whose speeds rise with their ids.
const fleet = (first, end) => Array.from({ length: end - first },
  (_, index) => launched(idOf(first + index), first + index));

// The bytes of each response that the page has got, as far as they have come, as
// the page reads them: without compression.
async function watchTraffic(page) {
  const requests = new Map();
  const session = await page.context().newCDPSession(page);
  session.on("Network.requestWillBeSent", ({ requestId, request }) => {
    requests.set(requestId, { url: new URL(request.url), bytes: 0 });
  });
  session.on("Network.dataReceived", ({ requestId, dataLength }) => {
    requests.get(requestId).bytes += dataLength;
  });
  await session.send("Network.enable");
  return (path) => [...requests.values()].filter(({ url }) => url.pathname === path);
}

describe(`a fleet of ${shown(count)} rockets`, () => {
  const batchLength = 50_000;
  const rocketLength = 400; // bytes in a list, at most

  before(async () => {
    service = await startService();
    for (let first = 0; first < count; first += batchLength) {
      await post(service.origin, fleet(first, Math.min(count, first + batchLength)));
    }
  });
  after(() => { service?.child.kill("SIGKILL"); });

  // The ids of a page of the table.
  const pageFrom = (first, step) => Array.from({ length: pageLength },
    (_, index) => idOf(first + index * step));

  const isPage = async (range, first, step) => {
    await page.getByRole("navigation", { name: "Pages of the table" })
      .getByText(range, { exact: true }).waitFor();
    await isColumn(page, "id", pageFrom(first, step));
  };

  it("is counted, sorted, paged and searched, and never loaded", async () => {
    let traffic;
    const watched = {
      newPage: async (options) => {
        page = await browser.newPage(options);
        traffic = await watchTraffic(page);
        return page;
      },
    };
    await open(watched, service.origin);
    const of = shown(count);
    await isFigure(page, "rockets", of);
    await isPage(`1–50 of ${of}`, count - 1, -1);

    await header(page, "ID").getByRole("button").click();
    await isPage(`1–50 of ${of}`, 0, 1);
    await page.getByRole("button", { name: "Next page" }).click();
    await isPage(`51–100 of ${of}`, 50, 1);
    await page.getByRole("button", { name: "Next page" }).click();
    await isPage(`101–150 of ${of}`, 100, 1);
    await page.getByRole("button", { name: "Previous page" }).click();
    await isPage(`51–100 of ${of}`, 50, 1);
    await page.getByRole("searchbox").fill("rocket-0043");
    await isPage("1–50 of 1,000", 43_000, 1);
    // Its rows are followed.
    await isLive(page);
    await post(service.origin, [faster(idOf(43_007), 2, 5)]);
    await until(() => column(page, "speed"), (now) => now[7] === "43,012", "the speed of a row");

    for (const { url, bytes } of traffic("/rockets")) {
      assert.equal(url.searchParams.get("limit"), String(pageLength), url.href);
      assert.ok(bytes <= pageLength * rocketLength, `${bytes} bytes of ${url}`);
    }
    assert.ok(traffic("/events").length >= 5, "a stream for each page of the table");
    for (const { url, bytes } of traffic("/events")) {
      assert.equal(url.searchParams.getAll("id").length, pageLength, url.href);
      assert.ok(bytes <= pageLength * rocketLength, `${bytes} bytes of ${url}`);
    }
    assert.equal(await page.locator(".rockets-table tbody tr").count(), pageLength);
  });
});

// The page keeps 100 entries of the feed, 50 changes, the rates of two minutes and
// 3,000 points of a speed. A tenth of an hour fills all but the points, which take
// 0.2 MB; the code that the engine compiles of a page that is long in use takes some
// 0.3 MB more. If the page kept 100 bytes of each rocket that has launched it would be
// more than the margin, and so would one byte in a hundred of what comes, or an
// element of each entry of the feed.
const heapMargin = 1024 * 1024; // bytes
const nodesMargin = 200;
const listenersMargin = 20;

describe("an hour in fast motion", () => {
  const seconds = 3600;
  let motion;

  before(async () => {
    service = await startService();
    await post(service.origin, fleet(0, 2 * pageLength));
    motion = await fastMotion(service.origin);
  });
  after(() => {
    motion?.stop();
    service?.child.kill("SIGKILL");
  });

  // What the page uses when it has shown all that has come.
  async function memory(session) {
    await session.send("HeapProfiler.enable");
    // What is collected may refer to elements, and those to objects.
    for (let turn = 0; turn < 3; turn++) {
      await session.send("HeapProfiler.collectGarbage");
    }
    const { metrics } = await session.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  }

  async function staysFlat(isShown) {
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    await motion.run(seconds / 10);
    await isShown();
    const early = await memory(session);
    await motion.run(seconds * 9 / 10);
    await isShown();
    const late = await memory(session);
    for (const [name, margin] of [["JSHeapUsedSize", heapMargin], ["Nodes", nodesMargin],
      ["JSEventListeners", listenersMargin]]) {
      const text = `${name}: ${early[name]} after a tenth, ${late[name]} after an hour`;
      assert.ok(late[name] - early[name] < margin, text);
    }
  }

  it("takes no more memory than a tenth of it, with the table", async () => {
    page = await open(browser, motion.origin);
    await until(() => column(page, "id"), (now) => now.length === pageLength, "rows");
    await staysFlat(async () => {
      await isFigure(page, "rockets", shown(motion.hour.total));
      await page.locator(".feed-id", { hasText: motion.hour.newest }).first().waitFor();
    });
  });

  it("takes no more memory than a tenth of it, with a rocket", async () => {
    page = await open(browser, `${motion.origin}/?rocket=${idOf(7)}`);
    const fact = (name) => page.locator(".rocket-fact").filter({ hasText: name }).locator("dd");
    await staysFlat(() => until(() => fact("Last number").innerText(),
      (text) => text === shown(motion.hour.stateOf(idOf(7)).lastMessageNumber), "last number"));
  });
});
