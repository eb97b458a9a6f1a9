// SPDX-License-Identifier: Apache-2.0
//
// The dashboard in a real Chromium with a large fleet, and for a long time: it
// never loads all rockets, and an hour of events, which come as fast as the page
// reads them, leaves no more memory in use than the first minutes. See support.mjs
// and dashboard.mjs.
//
// LUNAR_DASHBOARD_ROCKETS  rockets of the large fleet; default: 1000000
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import {
  column, header, isFigure, isLive, launched, open, post, problemsOf, until,
} from "./dashboard.mjs";
import { startBrowser, startService } from "./support.mjs";

const many = Number(process.env.LUNAR_DASHBOARD_ROCKETS ?? 1_000_000);

let browser;

before(async () => { browser = await startBrowser(); });
after(async () => { await browser?.close(); });

describe("a large fleet", () => {
  let service;

  before(async () => {
    service = await startService();
    const size = 20_000; // messages of a batch
    for (let start = 0; start < many; start += size) {
      await post(service.origin, Array.from({ length: Math.min(size, many - start) },
        (_, index) => launched(`rocket-${start + index}`, 1 + start + index)));
    }
  });
  after(() => { service?.child.kill("SIGKILL"); });

  it("is shown 50 rockets at a time", async (t) => {
    const page = await open(browser, service.origin);
    let bytes = 0;
    page.on("response", async (response) => {
      const text = await response.text().catch(() => "");
      bytes += response.url().includes("/rockets?") ? text.length : 0;
    });
    // Click the header or button, and wait until the table begins with `first`.
    const shows = async (first, button) => {
      const took = await button.evaluate((element, id) => new Promise((resolve) => {
        const began = performance.now();
        const look = () => {
          if (document.querySelector(".rockets-table tbody .cell-id")?.innerText === id) {
            requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
          }
        };
        new MutationObserver(look).observe(document.querySelector(".rockets-table"),
          { subtree: true, childList: true, characterData: true });
        element.click();
      }), first);
      t.diagnostic(`${first} is first after ${took.toFixed(0)} ms`);
      assert.equal((await column(page, "id")).length, 50);
    };
    const total = many.toLocaleString("en");
    await isFigure(page, "rockets", total);
    await page.getByText(`1–50 of ${total}`).first().waitFor();
    const speed = header(page, "Speed").getByRole("button");
    await shows("rocket-0", speed);
    await shows("rocket-50", page.getByRole("button", { name: "Next" }));
    await shows(`rocket-${many - 1}`, speed);
    await page.keyboard.press("/");
    await page.keyboard.type(`rocket-${many - 1}`);
    await until(() => column(page, "id"), (now) => now.length === 1, "the last rocket");
    t.diagnostic(`bytes of lists: ${bytes}`);
    assert.ok(bytes < 1e6, `${bytes} bytes of lists`);
    assert.deepEqual(problemsOf(page), []);
    await page.close();
  });
});

// Answers as the service does, but its stream has one event after the other.
async function startFastServer(service) {
  const start = "0123456789abcdef";
  let stream;
  const server = createServer(async (request, response) => {
    if (!request.url.startsWith("/events")) {
      const { origin } = service;
      const answer = await fetch(`${origin}${request.url}`);
      const headers = Object.fromEntries(["content-type", "etag", "x-total-count",
        "content-security-policy"].flatMap((name) =>
        answer.headers.has(name) ? [[name, answer.headers.get(name)]] : []));
      response.writeHead(answer.status, headers);
      response.end(Buffer.from(await answer.arrayBuffer()));
      return;
    }
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(`event: hello\ndata: {"start":"${start}","revision":1,"interval":400}\n\n`);
    stream = response;
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server,
    origin: `http://127.0.0.1:${server.address().port}`,
    // What the service sends within one interval of 400 ms.
    send: async (rockets, summary, tick) => {
      const changed = rockets.map((rocket) => ({
        ...rocket, speed: rocket.speed + tick, revision: 1000 + tick,
        lastMessageNumber: 1 + tick,
      }));
      const flown = changed.slice(0, 3);
      const text = [
        ["rockets", changed], ["launched", { rockets: flown, more: tick % 5 }],
        ["exploded", { rockets: flown, more: 0 }],
        ["summary", { ...summary, start, revision: 1000 + tick,
          messages: { ...summary.messages, applied: 1000 * tick } }],
      ].map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n`)
        .join("\n");
      if (!stream.write(`${text}id: ${start}-${1000 + tick}\n\n`)) {
        await once(stream, "drain");
      }
    },
  };
}

describe("an hour of events", () => {
  const hour = 3600 / 0.4; // intervals
  let service, fast;

  before(async () => {
    service = await startService();
    await post(service.origin, Array.from({ length: 50 },
      (_, index) => launched(`rocket-${index}`, 10_000 - index)));
    fast = await startFastServer(service);
  });
  after(() => {
    fast?.server.closeAllConnections();
    fast?.server.close();
    service?.child.kill("SIGKILL");
  });

  // What the page keeps after all garbage is collected.
  async function kept(page, session) {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
    return { heap: usedSize, nodes };
  }

  it("leaves no more memory in use than the first minutes", async (t) => {
    const rockets = await (await fetch(`${service.origin}/rockets`)).json();
    const summary = await (await fetch(`${service.origin}/fleet`)).json();
    const page = await open(browser, fast.origin);
    const session = await page.context().newCDPSession(page);
    await until(() => column(page, "id"), (now) => now.length === 50, "rows");
    await isLive(page);
    const send = async (from, to) => {
      for (let tick = from; tick <= to; tick++) {
        await fast.send(rockets, summary, tick);
      }
      const last = (1 + to).toLocaleString("en");
      await until(() => column(page, "last"), (now) => now.includes(last), `event ${last}`);
      return kept(page, session);
    };
    const early = await send(1, hour / 6);
    const late = await send(hour / 6 + 1, hour);
    t.diagnostic(JSON.stringify({ early, late }));
    assert.ok(late.heap < early.heap + 1e6, JSON.stringify({ early, late }));
    assert.ok(late.nodes < early.nodes + 20, JSON.stringify({ early, late }));
    await page.close();
  });
});
