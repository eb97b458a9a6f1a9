// SPDX-License-Identifier: Apache-2.0
//
// The dashboard in a real Chromium, as somebody uses it: the fleet is followed
// while it flies, sorted, filtered and paged, and a rocket is opened. See
// support.mjs and dashboard.mjs.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import {
  column, connection, exploded, faster, forgetProblems, header, isColumn, isFigure,
  isLive, launch, launched, message, number, open, post, problemsOf, search, until,
} from "./dashboard.mjs";
import { startBrowser, startService } from "./support.mjs";

let browser;

before(async () => { browser = await startBrowser(); });
after(async () => { await browser?.close(); });

// Each test has a service and a page of its own.
let service, page;

afterEach(async () => {
  const problems = page === undefined ? [] : problemsOf(page);
  await page?.close();
  service?.child.kill("SIGKILL");
  page = service = undefined;
  assert.deepEqual(problems, []);
});

const ids = (count) => Array.from({ length: count },
  (_, index) => `rocket-${String(index).padStart(4, "0")}`);

// Rockets whose speeds rise with their ids.
const fleet = (count) => ids(count).map((id, index) => launched(id, 1000 + index));

describe("the empty dashboard", () => {
  beforeEach(async () => {
    service = await startService();
    page = await open(browser, service.origin);
  });

  it("says how to send the first message to this very address", async () => {
    await page.getByRole("heading", { name: "No rockets yet" }).waitFor();
    const lines = await page.locator(".step code").allInnerTexts();
    assert.equal(lines.length, 2);
    for (const line of lines) {
      assert.ok(line.includes(`${service.origin}/messages`), line);
    }
  });

  it("becomes the fleet by itself", async () => {
    await page.getByText("Waiting for the first message").waitFor();
    await post(service.origin, [launched("first")]);
    await isColumn(page, "id", ["first"]);
    await isFigure(page, "rockets", "1");
    assert.match(await page.title(), /^1 rocket – lunar$/);
  });
});

describe("the fleet while it flies", () => {
  let flight;

  beforeEach(async () => {
    service = await startService();
    flight = launch(service.origin, "--message-delay=5ms");
    page = await open(browser, service.origin);
  });
  afterEach(async () => { await flight.stop(); });

  it("shows numbers that move, in rows that do not", async () => {
    const rate = page.locator(".tile-rate");
    await until(() => rate.innerText(), (text) => number(text) > 0, "messages a second");
    await isFigure(page, "rockets", "20");
    const order = await until(() => column(page, "id"), (now) => now.length === 20, "rows");
    const speeds = await column(page, "speed");
    await until(() => column(page, "speed"),
      (now) => now.filter((speed, index) => speed !== speeds[index]).length > 5, "speeds");
    assert.deepEqual(await column(page, "id"), order);
  });

  it("sorts the rows again when it is asked to", async () => {
    const button = page.getByRole("button", { name: /moved: re-sort$/ });
    await button.waitFor();
    await flight.stop();
    await button.click();
    await button.waitFor({ state: "detached" });
    const speeds = (await column(page, "speed")).map(number);
    assert.deepEqual(speeds, speeds.toSorted((a, b) => b - a));
  });

  it("keeps a selection, and a text that is being typed", async () => {
    await until(() => column(page, "id"), (now) => now.length === 20, "rows");
    const before = await page.evaluate(() => {
      const cells = document.querySelectorAll(".rockets-table tbody .cell-speed");
      getSelection().setBaseAndExtent(cells[2].firstChild, 0, cells[5].firstChild, 1);
      return getSelection().toString();
    });
    await page.getByText("Paused while text is selected").waitFor();
    await until(async () => (await fetch(`${service.origin}/rockets`)).headers.get("etag"),
      ((first) => (etag) => etag !== (first ??= etag))(), "changes");
    assert.equal(await page.evaluate(() => getSelection().toString()), before);
    await page.evaluate(() => getSelection().removeAllRanges());
    const type = page.getByRole("group", { name: "Filters" }).getByLabel("Type");
    await type.pressSequentially("Atl");
    const speeds = await column(page, "speed");
    await until(() => column(page, "speed"),
      (now) => now.join() !== speeds.join(), "speeds");
    assert.equal(await type.inputValue(), "Atl");
  });
});

describe("the feed", () => {
  beforeEach(async () => {
    service = await startService();
    await post(service.origin, fleet(3));
    page = await open(browser, service.origin);
    await isFigure(page, "rockets", "3");
  });

  const feed = () => page.getByRole("region", { name: "Launches and explosions" });

  it("has an explosion as it happens, with its reason", async () => {
    await post(service.origin, [exploded("rocket-0001", 2, "FROZEN_O_RINGS")]);
    const entry = feed().getByRole("listitem").filter({ hasText: "FROZEN_O_RINGS" });
    await entry.waitFor();
    assert.match(await entry.innerText(), /Exploded/);
    await isFigure(page, "exploded", "1");
    await isColumn(page, "status", ["active", "exploded", "active"]);
    assert.equal(await page.title(), "3 rockets, 1 exploded – lunar");
    await entry.getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: "rocket-0001" }).waitFor();
  });

  it("shows text that looks like markup as text", async () => {
    const evil = "<img src=x onerror=alert(1)>";
    let dialogs = 0;
    page.on("dialog", () => dialogs++);
    await post(service.origin, [
      launched(evil, 5000, evil, evil), exploded(evil, 2, `</script>${evil}`),
    ]);
    await feed().getByRole("listitem").filter({ hasText: `</script>${evil}` }).waitFor();
    await page.keyboard.press("r");
    await until(() => column(page, "id"), (now) => now[0] === evil, "ids");
    assert.equal((await column(page, "type"))[0], evil);
    await page.getByRole("link", { name: evil }).first().click();
    await page.getByRole("heading", { level: 1, name: evil }).waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    assert.equal(dialogs, 0);
    await page.getByText(`</script>${evil}`).first().waitFor();
  });
});

describe("the table", () => {
  const rocketIds = ids(120);

  beforeEach(async () => {
    service = await startService();
    await post(service.origin, [
      ...fleet(120),
      exploded("rocket-0007", 2, "HEAT"),
      faster("rocket-0008", 5, 1), // three are missing
      message("unlaunched", 4, "RocketSpeedIncreased", { by: 1 }),
    ]);
    page = await open(browser, service.origin);
    await until(() => column(page, "id"), (now) => now.length === 50, "rows");
  });

  it("is sorted by its headers, which say so", async () => {
    assert.equal((await column(page, "id"))[0], "rocket-0119");
    assert.equal(await header(page, "Speed").getAttribute("aria-sort"), "descending");
    await header(page, "Speed").getByRole("button").click();
    await until(() => column(page, "id"), (now) => now[0] === "unlaunched", "first row");
    assert.equal(await header(page, "Speed").getAttribute("aria-sort"), "ascending");
    assert.equal(search(page), "?order=asc");
    await header(page, "ID").getByRole("button").click();
    await until(() => column(page, "id"), (now) => now[0] === "rocket-0000", "first row");
    assert.equal(await header(page, "Speed").getAttribute("aria-sort"), null);
    assert.equal(search(page), "?sort=id&order=asc");
  });

  it("is filtered by the totals, and says what is not there", async () => {
    for (const [tile, parameter, expected] of [
      ["Exploded", "?status=exploded", ["rocket-0007"]],
      ["Incomplete", "?incomplete=true", ["rocket-0008", "unlaunched"]],
    ]) {
      const button = page.getByRole("region", { name: "Totals" })
        .getByRole("button", { name: tile, exact: true });
      await button.click();
      await isColumn(page, "id", expected);
      assert.equal(search(page), parameter);
      assert.equal(await button.getAttribute("aria-pressed"), "true");
      await button.click();
      await until(() => column(page, "id"), (now) => now.length === 50, "rows");
      assert.equal(search(page), "");
    }
    const type = page.getByRole("group", { name: "Filters" }).getByLabel("Type");
    await type.fill("Saturn-V");
    await type.press("Enter");
    await page.getByText("No rocket matches.").waitFor();
    await page.getByRole("button", { name: "Clear filters" }).first().click();
    await until(() => column(page, "id"), (now) => now.length === 50, "rows");
  });

  it("shows why rockets exploded if it shows no others", async () => {
    await page.goto(`${service.origin}/?status=exploded`);
    await isColumn(page, "id", ["rocket-0007"]);
    const cell = page.locator("tbody .cell-status");
    assert.equal(await cell.textContent(), "exploded: HEAT");
    await post(service.origin, [launched("rocket-0007", 1, "Atlas-V", "GEMINI")]
      .map((one) => ({ ...one, metadata: { ...one.metadata, messageNumber: 3 } })));
    await isColumn(page, "status", ["active"]);
  });

  it("is where a search on a phone shows what it found", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("button", { name: "Charts" }).click();
    await page.getByRole("table").waitFor({ state: "hidden" });
    await page.getByRole("searchbox").pressSequentially("rocket-0007");
    await page.getByRole("link", { name: "rocket-0007" }).waitFor();
  });

  it("keeps the id that is searched if other filters hide the rocket", async () => {
    await page.goto(`${service.origin}/?status=exploded&idPrefix=rocket-0008`);
    await page.getByRole("button", { name: "Clear the other filters" }).click();
    await isColumn(page, "id", ["rocket-0008"]);
  });

  it("has pages, by buttons, by keys and by back", async () => {
    const range = page.getByRole("navigation", { name: "Pages of the table" });
    const isPage = async (text, first) => {
      await range.getByText(text).waitFor();
      await until(() => column(page, "id"), (now) => now[0] === first, text);
    };
    await isPage("1–50 of 121", "rocket-0119");
    await range.getByRole("button", { name: "Next" }).click();
    await isPage("51–100 of 121", "rocket-0069");
    await page.keyboard.press("n");
    await isPage("101–121 of 121", "rocket-0019");
    await page.reload();
    await isLive(page);
    await isPage("101–121 of 121", "rocket-0019");
    await page.keyboard.press("p");
    await isPage("51–100 of 121", "rocket-0069");
    await page.goBack();
    await isPage("101–121 of 121", "rocket-0019");
    await page.goBack();
    await page.goBack();
    await isPage("1–50 of 121", "rocket-0119");
    await page.goForward();
    await isPage("51–100 of 121", "rocket-0069");
  });

  it("is found by a link, with its sort and its filters", async () => {
    const query = "?sort=id&order=desc&status=active&mission=ARTEMIS&idPrefix=rocket-00";
    await page.goto(`${service.origin}/${query}`);
    await until(() => column(page, "id"), (now) => now[0] === "rocket-0099", "first row");
    assert.equal(await page.getByRole("searchbox").inputValue(), "rocket-00");
    await page.getByText(/^1–50 of 99$/).waitFor(); // without the one that has exploded
    assert.equal(search(page), query);
  });

  it("is searched by the beginning of an id, from the keyboard", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("rocket-011");
    await isColumn(page, "id", rocketIds.slice(110).reverse());
    await page.keyboard.type("7");
    await isColumn(page, "id", ["rocket-0117"]);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "rocket-0117" }).waitFor();
    await page.goBack();
    await until(() => column(page, "id"), (now) => now.length > 0, "rows");
    assert.equal(search(page), "?idPrefix=rocket-0117");
  });
});

describe("the page of a rocket", () => {
  beforeEach(async () => {
    service = await startService();
    await post(service.origin, [...fleet(3), faster("rocket-0001", 6, 10)]);
    page = await open(browser, service.origin);
  });

  it("is opened by a click and a link, and left by back and Escape", async () => {
    const title = page.getByRole("heading", { level: 1, name: "rocket-0001" });
    await page.getByRole("link", { name: "rocket-0001" }).click();
    await title.waitFor();
    assert.equal(search(page), "?rocket=rocket-0001");
    assert.match(await page.title(), /^rocket-0001 – lunar$/);
    await page.goBack();
    await until(() => column(page, "id"), (now) => now.length === 3, "rows");
    await page.goto(`${service.origin}/?rocket=rocket-0001`);
    await title.waitFor();
    await page.keyboard.press("Escape");
    await until(() => column(page, "id"), (now) => now.length === 3, "rows");
  });

  it("follows the rocket: its state, its gaps, and what changed last", async () => {
    await page.goto(`${service.origin}/?rocket=rocket-0001`);
    await isLive(page);
    const fact = (name) => page.locator(".rocket-fact").filter({ hasText: name }).locator("dd");
    await until(() => fact("Missing").innerText(), (text) => text === "4", "missing");
    await page.getByText("Missing ranges as a table").click();
    await page.getByRole("row", { name: "2 5 4", exact: true }).waitFor();
    await post(service.origin, [faster("rocket-0001", 3, 5)]);
    await until(() => fact("Missing").innerText(), (text) => text === "3", "missing");
    await until(() => fact("Speed").innerText(), (text) => text === "1,016", "speed");
    await post(service.origin, [exploded("rocket-0001", 7, "HEAT")]);
    await page.getByLabel("Changes").getByText("exploded: HEAT").waitFor();
  });

  it("waits for a rocket that nobody knows yet", async () => {
    await page.goto(`${service.origin}/?rocket=unborn`);
    await page.getByText("No message of this rocket has arrived.").waitFor();
    await post(service.origin, [launched("unborn", 77)]);
    await page.locator(".rocket-fact").filter({ hasText: "Speed" }).getByText("77").waitFor();
    forgetProblems(page); // the answer was 404 before, as it has to be
  });
});

describe("the connection", () => {
  it("is the only live region, and is live", async () => {
    service = await startService();
    await post(service.origin, fleet(2));
    page = await open(browser, service.origin);
    assert.equal(await page.locator("[aria-live], [role=status], [role=alert], [role=log]")
      .count(), 1);
    assert.match(await connection(page).innerText(), /Live/);
  });

  it("has a quiet line about the topic, and a notice while it has to", async () => {
    service = await startService();
    await post(service.origin, fleet(2));
    const replica = {
      topic: "moon", position: 1234567, end: 1234567, lagSeconds: 0.3, caughtUp: true,
      halted: null,
    };
    page = await browser.newPage();
    await page.route("**/health", (route) => route.fulfill({
      json: { version: "1", store: { kept: true }, problems: [], replica },
    }));
    await page.goto(service.origin);
    await isLive(page);
    const line = page.getByRole("contentinfo");
    await line.getByText("Topic moon, record 1,234,567, up to date").waitFor();
    const notice = page.locator(".replica-notice");
    assert.equal(await notice.count(), 0);
    replica.halted = "memory is full: start it with a larger -max-memory";
    await notice.getByText("memory is full").waitFor();
    assert.match(await connection(page).innerText(), /memory is full/);
    replica.halted = null;
    await notice.waitFor({ state: "detached" });
  });
});
