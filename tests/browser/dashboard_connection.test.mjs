// SPDX-License-Identifier: Apache-2.0
//
// The dashboard in a real Chromium when its service goes away and comes back, is
// not ready, or has too many tabs: the page recovers by itself. See support.mjs
// and dashboard.mjs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import os from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import {
  column, connection, exploded, faster, isColumn, isFigure, isLive, launched, open, openSoon, post,
  until,
} from "./dashboard.mjs";
import { startBrowser, startService } from "./support.mjs";

let browser, service, folder;
const pages = [];

before(async () => { browser = await startBrowser(); });
after(async () => { await browser?.close(); });

beforeEach(() => { folder = mkdtempSync(path.join(os.tmpdir(), "lunar-dashboard-")); });

afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.close()));
  service?.child.kill("SIGKILL");
  service = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const isState = (page, state) =>
  connection(page).and(page.locator(`[data-state="${state}"]`)).waitFor();

const bar = (page) => page.getByRole("region", { name: "Connection" });

async function openOne() {
  const page = await open(browser, service.origin);
  pages.push(page);
  return page;
}

async function kill() {
  service.child.kill("SIGKILL");
  await service.exited;
}

// Start it again, where the page looks for it.
async function startAgain(...flags) {
  service = await startService(`-port=${new URL(service.origin).port}`, ...flags);
}

describe("a service that is killed and started again", () => {
  it("has lost its rockets, and the page says so", async () => {
    service = await startService();
    await post(service.origin, [launched("old-1"), launched("old-2")]);
    const page = await openOne();
    await isColumn(page, "id", ["old-1", "old-2"]);
    await kill();
    await isState(page, "reconnecting");
    assert.equal(await page.title(), "Reconnecting – lunar");
    // What was known stays in sight.
    await isColumn(page, "id", ["old-1", "old-2"]);
    await startAgain();
    await isLive(page);
    await page.getByRole("heading", { name: "No rockets yet" }).waitFor();
    await post(service.origin, [launched("new")]);
    await isColumn(page, "id", ["new"]);
    await isFigure(page, "rockets", "1");
    // It started again, which is worth a line.
    await page.locator(".feed-notice").first().waitFor();
  });

  it("has kept its rockets, and the page goes on where it was", async () => {
    const data = `-data=${path.join(folder, "data")}`;
    service = await startService(data);
    await post(service.origin, [launched("a", 30), launched("b", 20), launched("c", 10)]);
    const page = await openOne();
    await isColumn(page, "id", ["a", "b", "c"]);
    await post(service.origin, [faster("c", 2, 5)]);
    await isColumn(page, "speed", ["30", "20", "15"]);
    await kill();
    await isState(page, "reconnecting");
    await startAgain(data);
    await post(service.origin, [exploded("b", 2, "HEAT"), faster("c", 3, 1)]);
    await isLive(page);
    await isColumn(page, "speed", ["30", "20", "16"]);
    await isColumn(page, "status", ["active", "exploded", "active"]);
    assert.equal(await page.locator(".feed-notice").count(), 0);
  });

  it("is tried at once by the button, and says why it waits", async () => {
    service = await startService();
    const page = await openOne();
    await kill();
    await isState(page, "reconnecting");
    // Long enough for the button to come before the next try of its own.
    await bar(page).getByText(/Trying again in ([6-9]|10) s/).waitFor();
    await startAgain();
    await bar(page).getByRole("button", { name: "Retry now" }).click();
    await isLive(page);
    await bar(page).waitFor({ state: "detached" });
  });
});

describe("the bar of a lost connection", () => {
  it("covers neither the pages of the table nor why it is not up to date", async () => {
    service = await startService();
    await post(service.origin, Array.from({ length: 60 }, (_, index) => launched(`r-${index}`)));
    const page = await openOne();
    await until(() => column(page, "id"), ({ length }) => length === 50, "rows");
    await kill();
    await bar(page).waitFor();
    await page.getByRole("columnheader", { name: "Type" }).getByRole("button").click();
    const parts = {
      next: page.getByRole("button", { name: "Next page" }),
      reason: page.getByText("Not up to date: the service cannot be reached"),
    };
    await parts.reason.waitFor();
    for (const [width, seen] of [[1280, ["next", "reason"]], [768, ["next", "reason"]],
      [390, ["next"]]]) {
      await page.setViewportSize({ width, height: 800 });
      const over = await bar(page).boundingBox();
      for (const name of seen) {
        const { y } = await parts[name].boundingBox();
        assert.ok(over.y + over.height <= y, `${name} at ${width}: ${over.y} ${over.height} ${y}`);
      }
    }
  });
});

describe("a service that is not ready", () => {
  it("is shown with its status and its reason, and then followed", async () => {
    // As a service that recovers its state answers.
    const server = createServer((request, response) => {
      response.writeHead(503, { "Content-Type": "application/problem+json", "Retry-After": "1" });
      response.end(JSON.stringify({
        type: "about:blank", title: "Service Unavailable", status: 503,
        detail: "the state is being recovered: 41 %",
      }));
    });
    service = await startService();
    await post(service.origin, [launched("a")]);
    const page = await openOne();
    await isColumn(page, "id", ["a"]);
    await kill();
    server.listen(Number(new URL(service.origin).port), "127.0.0.1");
    await once(server, "listening");
    await isState(page, "refused");
    await bar(page).getByText("The service answers 503: the state is being recovered: 41 %")
      .waitFor();
    assert.equal(await page.title(), "Unavailable – lunar");
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    await startAgain();
    await isLive(page);
    await page.getByRole("heading", { name: "No rockets yet" }).waitFor();
  });
});

describe("many tabs of one browser", () => {
  it("leave connections to each other; the last one used is live", async () => {
    service = await startService();
    await post(service.origin, [launched("a", 10)]);
    const context = await browser.newContext();
    const tabs = [];
    for (let count = 0; count < 7; count++) {
      const page = await openSoon(context, service.origin);
      tabs.push(page);
      await isLive(page);
      await isColumn(page, "id", ["a"]);
    }
    // The seventh can still read and post, as a browser has six connections.
    for (const page of tabs.slice(0, 3)) {
      await isState(page, "yielded");
    }
    await post(service.origin, [faster("a", 2, 5)]);
    for (const page of tabs.slice(3)) {
      await isLive(page);
      await isColumn(page, "speed", ["15"]);
    }
    await bar(tabs[0]).getByRole("button", { name: "Resume here" }).click();
    await isLive(tabs[0]);
    await isColumn(tabs[0], "speed", ["15"]);
    await isState(tabs[3], "yielded");
    await context.close();
  });
});
