// SPDX-License-Identifier: Apache-2.0
//
// The dashboard for those who use a keyboard or a screen reader: the focus is never
// lost and never covered, what a control has brought is told, and cards are a table.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import {
  column, faster, forgetProblems, isColumn, isLive, launched, open, openSoon, post, problemsOf, until,
} from "./dashboard.mjs";
import { startBrowser, startService } from "./support.mjs";

let browser, empty, service, page;

before(async () => {
  browser = await startBrowser();
  empty = await startService();
  service = await startService();
  await post(service.origin, [
    ...Array.from({ length: 120 }, (_, index) => launched(`rocket-${1000 + index}`, 500 + index)),
    faster("unlaunched", 4, 70),
  ]);
});

after(async () => {
  await browser?.close();
  service?.child.kill("SIGKILL");
  empty?.child.kill("SIGKILL");
});

afterEach(async () => {
  const problems = problemsOf(page);
  await page.context().close();
  assert.deepEqual(problems, []);
});

const rows = (path = "") => open(browser, `${service.origin}/${path}`).then(async (opened) => {
  page = opened;
  await until(() => column(page, "id"), ({ length }) => length > 0, "rows");
});

const focused = () => page.evaluate(() => document.activeElement?.innerText.trim() ?? "");

const isFocused = (text) => until(focused, (now) => now === text, `the focus on ${text}`);

// What the browser tells a screen reader of an element.
async function accessible(locator) {
  const session = await page.context().newCDPSession(page);
  await locator.evaluate((element) => { window.wanted = element; });
  const { result } = await session.send("Runtime.evaluate", { expression: "window.wanted" });
  const { nodes: [node] } = await session.send("Accessibility.getPartialAXTree",
    { objectId: result.objectId, fetchRelatives: false });
  return { name: node.name?.value, description: node.description?.value };
}

// Whether something else is seen where the middle of what has the focus is.
const isCovered = () => page.evaluate(() => {
  const element = document.activeElement;
  if (element === null || element === document.body) return false;
  const { left, top, width, height } = element.getBoundingClientRect();
  const seen = document.elementFromPoint(left + Math.min(width / 2, 20), top + height / 2);
  const panels = "header, .pager, .phone-tabs, .connection-bar, thead";
  return seen?.closest(panels) !== null && seen.closest(panels) !== element.closest(panels);
});

describe("the focus", () => {
  for (const [width, height] of [[1280, 900], [640, 450], [390, 844], [320, 256]]) {
    it(`is never covered, there and back: ${width} by ${height}`, async () => {
      await rows();
      await page.setViewportSize({ width, height });
      for (const key of ["Tab", "Shift+Tab"]) {
        for (let press = 0; press < 80; press++) {
          await page.keyboard.press(key);
          assert.equal(await isCovered(), false, `${key} ${press}: ${await focused()}`);
        }
      }
    });
  }

  it("does not scroll the page when it is in what sticks to its edge", async () => {
    await rows();
    await page.getByRole("button", { name: "Next page" }).focus();
    assert.equal(await page.evaluate(() => scrollY), 0);
  });

  it("stays with its rocket when the rows are sorted again", async () => {
    await rows("?sort=speed&order=desc");
    const link = page.getByRole("link", { name: "rocket-1110" });
    await link.focus();
    await post(service.origin, [faster("rocket-1109", 2, 5000)]);
    await page.getByRole("button", { name: /moved: re-sort/ }).waitFor();
    await page.keyboard.press("r");
    await until(async () => (await column(page, "id"))[0], (id) => id === "rocket-1109", "order");
    await isFocused("rocket-1110");
  });

  it("goes to the heading when its rocket has left the page", async () => {
    await rows("?sort=speed&order=desc");
    const last = (await column(page, "id"))[49];
    await page.getByRole("link", { name: last }).focus();
    await post(service.origin, [faster("rocket-1000", 2, 9000)]);
    await page.getByRole("button", { name: /moved: re-sort/ }).waitFor();
    await page.keyboard.press("r");
    await isFocused("Rockets");
  });

  it("is on the first row of the next page", async () => {
    await rows("?sort=id&order=asc");
    await page.getByRole("link", { name: "rocket-1007" }).focus();
    await page.keyboard.press("n");
    await isFocused("rocket-1050");
  });

  it("stays in the tile when a part of it goes away", async () => {
    await rows();
    await page.getByRole("button", { name: "1 not launched" }).focus();
    await post(service.origin, [launched("unlaunched")]);
    await isFocused("Rockets");
  });

  it("goes to the heading when the page of no rockets becomes the fleet", async () => {
    page = await open(browser, empty.origin);
    await page.getByRole("button", { name: "Copy curl" }).focus();
    await post(empty.origin, [launched("first")]);
    await isColumn(page, "id", ["first"]);
    await isFocused("Fleet");
  });

  it("goes to the heading when the bar of a lost connection goes away", async () => {
    page = await openSoon(browser, service.origin);
    await isLive(page);
    await page.route("**/events?*", (route) => route.fulfill({
      status: 503, contentType: "application/problem+json", headers: { "Retry-After": "9" },
      body: JSON.stringify({ title: "No", status: 503, detail: "no place" }),
    }));
    await page.getByRole("button", { name: "Speed" }).click(); // other rows, another stream
    await page.getByRole("columnheader", { name: "ID" }).getByRole("button").click();
    const retry = page.getByRole("button", { name: "Retry now" });
    await retry.focus();
    await page.unroute("**/events?*");
    await page.keyboard.press("Enter");
    await isLive(page);
    await isFocused("Fleet");
    forgetProblems(page);
  });
});

describe("who does not see the page", () => {
  it("is told what a search and a page have brought", async () => {
    await rows("?sort=id&order=asc");
    const describedAs = (locator, text) => until(async () =>
      (await accessible(locator)).description, (now) => now === text, text);
    const next = page.getByRole("button", { name: "Next page" });
    await next.press("Enter");
    await describedAs(next, "Rockets 51–100 of 121, sorted by ID, ascending");
    const field = page.getByRole("searchbox");
    await field.fill("nothing");
    await describedAs(field, "No rocket matches");
  });

  it("has a table of named cells on a phone, and no row without one of them", async () => {
    await rows("?sort=id&order=asc");
    await page.setViewportSize({ width: 390, height: 844 });
    const row = page.getByRole("row").filter({ hasText: "rocket-1010" });
    await row.getByRole("rowheader", { name: "rocket-1010" }).waitFor();
    const names = [];
    for (const cell of await row.getByRole("cell").all()) {
      names.push((await accessible(cell)).name);
    }
    assert.deepEqual(names.slice(0, -1),
      ["Type Falcon-9", "Mission ARTEMIS", "active", "Speed 510", "0 missing"]);
    assert.match(names.at(-1), /^Updated \d/);
  });
});
