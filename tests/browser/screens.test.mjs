// SPDX-License-Identifier: Apache-2.0
//
// The Swagger UI in a real Chromium on small screens, and for readers of dark
// pages. See support.mjs.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { Tokens } from "./login.mjs";
import { operations, startBrowser, startService, tryOut } from "./support.mjs";

// The texts on the page whose contrast with their background is below `least`
// (WCAG 2.1, "contrast ratio"), each kind of element once.
function faintTexts(page, scope, least) {
  return page.evaluate(([scope, least]) => {
    const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
    const blend = ([r, g, b, alpha = 1], below) =>
      [r, g, b].map((value, i) => value * alpha + below[i] * (1 - alpha));
    const background = (element) => element === null
      ? (matchMedia("(prefers-color-scheme: dark)").matches
        ? [18, 18, 18] : [255, 255, 255])
      : blend(numbers(getComputedStyle(element).backgroundColor),
        background(element.parentElement));
    const luminance = (colour) => {
      const [r, g, b] = colour.map((value) => value / 255).map(
        (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = new Map();
    for (const part of document.querySelectorAll(scope)) {
      const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const { parentElement: element, textContent } = walker.currentNode;
        if (textContent.trim() === "" || !element.checkVisibility()) {
          continue;
        }
        const below = background(element);
        const text = blend(numbers(getComputedStyle(element).color), below);
        const [dark, light] = [text, below].map(luminance).sort((a, b) => a - b);
        const ratio = (light + 0.05) / (dark + 0.05);
        if (ratio < least) {
          found.set(`${element.tagName} ${element.className}`,
            `${ratio.toFixed(1)}: ${textContent.trim().slice(0, 30)}`);
        }
      }
    }
    return Object.fromEntries(found);
  }, [scope, least]);
}

describe("Swagger UI on other screens", () => {
  let service, browser;

  before(async () => {
    service = await startService();
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    service?.child.kill("SIGKILL");
  });

  async function open(options) {
    const page = await browser.newPage(options);
    await page.goto(service.api);
    await page.locator("#operations-messages-postMessage").waitFor();
    return page;
  }

  const openNotes = (page) => page.evaluate(() =>
    document.querySelectorAll("details").forEach((note) => { note.open = true; }));

  it("does not overflow small ones", async () => {
    const page = await open();
    const check = async (what) => {
      for (const width of [375, 320]) {
        await page.setViewportSize({ width, height: 700 });
        assert.equal(await page.evaluate(
          () => document.scrollingElement.scrollWidth), width, what);
      }
    };
    await check("closed");
    for (const [tag, operation] of operations) {
      const block = await tryOut(page, tag, operation);
      await openNotes(page);
      await check(operation);
      // The response to this one ends with the service.
      if (operation !== "followEvents") {
        await block.getByRole("button", { name: "Execute" }).click();
        await block.locator(".live-responses-table .response").first().waitFor();
        await check(`${operation}, executed`);
      }
      for (const tab of await block.getByRole("tab", { name: "Schema" }).all()) {
        await tab.click();
      }
      await check(`${operation}, schemas`);
      await block.locator(".opblock-summary-control").click();
    }
    await page.locator(".models-control").click();
    await page.locator(".models .json-schema-2020-12").first().waitFor();
    await check("all schemas");
    await page.close();
  });

  it("follows the colour scheme, also while it is open", async () => {
    const page = await open({ colorScheme: "dark" });
    const background = () => page.evaluate(() =>
      getComputedStyle(document.documentElement).backgroundColor);
    assert.ok(await page.locator("html.dark-mode").count());
    const dark = await background();
    await page.emulateMedia({ colorScheme: "light" });
    await page.locator("html:not(.dark-mode)").waitFor();
    assert.notEqual(await background(), dark);
    // Of index.html itself: what is seen until the scripts have come.
    assert.equal(await page.evaluate(() =>
      getComputedStyle(document.documentElement).colorScheme), "light dark");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.locator("html.dark-mode").waitFor();
    assert.equal(await background(), dark);
    await page.close();
  });

  // Swagger UI's own light scheme has texts below 3.
  it("has enough contrast", async () => {
    const page = await open({ colorScheme: "dark" });
    for (const [tag, operation] of operations.slice(0, 3)) {
      const block = await tryOut(page, tag, operation);
      await block.getByRole("button", { name: "Execute" }).click();
      await block.locator(".live-responses-table .response").first().waitFor();
    }
    await openNotes(page);
    assert.deepEqual(await faintTexts(page, "body", 3), {});
    assert.deepEqual(await faintTexts(page, "footer, summary", 4.5), {});
    await page.emulateMedia({ colorScheme: "light" });
    await page.locator("html:not(.dark-mode)").waitFor();
    assert.deepEqual(await faintTexts(page, "footer, summary", 4.5), {});
    await page.close();
  });

  it("says who has logged in, also on small ones and in dark", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "lunar-swagger-"));
    const tokens = new Tokens(folder, { ["n".repeat(64)]: "ingest,read,metrics,admin" });
    const guarded = await startService(`-tokens=${tokens.file}`);
    try {
      const page = await browser.newPage({ colorScheme: "dark" });
      for (const name of [null, ...tokens.names]) {
        await page.goto(guarded.api);
        if (name !== null) {
          await page.evaluate((token) => fetch("login", {
            method: "POST", body: JSON.stringify({ token }),
            headers: { "Content-Type": "application/json" },
          }), tokens.of(name));
          await page.reload();
        }
        await page.locator("#session").getByText(name ?? "Not logged in").waitFor();
        await page.locator("#operations-messages-postMessage").waitFor();
        for (const width of [375, 320]) {
          await page.setViewportSize({ width, height: 700 });
          assert.equal(await page.evaluate(
            () => document.scrollingElement.scrollWidth), width);
        }
        for (const colorScheme of ["dark", "light"]) {
          await page.emulateMedia({ colorScheme });
          assert.deepEqual(await faintTexts(page, "#session", 4.5), {}, colorScheme);
        }
      }
      await page.close();
    } finally {
      guarded.child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
