// SPDX-License-Identifier: Apache-2.0
//
// What is around the parts of the dashboard: themes, keys, the help, where the
// focus goes, and that no width and no text from messages makes the page wider.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { exploded, launched, open, post, problemsOf, search, until } from "./dashboard.mjs";
import { startBrowser, startService } from "./support.mjs";

let browser, service, page;

before(async () => {
  browser = await startBrowser();
  service = await startService();
  await post(service.origin, [
    launched("first", 500), launched("second", 900),
    launched("i".repeat(128), 1e9, "T".repeat(256), "M".repeat(256)),
    exploded("i".repeat(128), 3, "R".repeat(256)),
    launched("ملاحظة-١", 123456, "صاروخ فضائي", "مهمة إلى القمر"),
  ]);
});
after(async () => {
  await browser?.close();
  service?.child.kill("SIGKILL");
});
afterEach(async () => {
  const problems = problemsOf(page);
  await page.context().close();
  assert.deepEqual(problems, []);
});

const background = () =>
  page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
const themeButton = () => page.getByRole("button", { name: /^Theme: / });

describe("the theme", () => {
  it("is the system's, and follows it", async () => {
    page = await open(browser, service.origin, { colorScheme: "light" });
    const light = await background();
    await page.emulateMedia({ colorScheme: "dark" });
    await until(background, (now) => now !== light, "the background");
  });

  it("changes with each press, and is the system's again after the third", async () => {
    page = await open(browser, service.origin, { colorScheme: "dark" });
    const backgrounds = [await background()];
    const names = [];
    for (let press = 0; press < 3; press++) {
      await themeButton().click();
      names.push(await themeButton().getAttribute("aria-label"));
      backgrounds.push(await background());
    }
    assert.deepEqual(names, ["Theme: light", "Theme: dark", "Theme: system"]);
    assert.notEqual(backgrounds[0], backgrounds[1]);
    assert.deepEqual(backgrounds.slice(2), [backgrounds[0], backgrounds[0]]);
  });

  it("is there before the body, so that a chosen one does not flash", async () => {
    page = await open(browser, service.origin, { colorScheme: "light" });
    await themeButton().click();
    await page.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (document.body !== null) {
          window.themeAtFirst = document.documentElement.dataset.theme ?? "none";
          observer.disconnect();
        }
      }).observe(document, { childList: true, subtree: true });
    });
    await page.reload();
    assert.equal(await page.evaluate(() => window.themeAtFirst), "dark");
  });
});

describe("the keys", () => {
  beforeEach(async () => { page = await open(browser, service.origin); });

  const help = () => page.getByRole("dialog", { name: "Help and settings" });
  const isUtc = () => page.getByRole("button", { name: "UTC", exact: true }).getAttribute("aria-pressed");

  it("open the help, which Escape closes", async () => {
    await page.keyboard.press("?");
    await help().waitFor();
    await page.keyboard.press("u"); // nothing happens below a dialog
    await page.keyboard.press("Escape");
    await help().waitFor({ state: "detached" });
    assert.equal(await isUtc(), "false");
  });

  it("are text while somebody types", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("ut");
    assert.equal(await page.getByRole("searchbox").inputValue(), "ut");
    assert.equal(await isUtc(), "false");
  });

  it("do nothing with a modifier", async () => {
    for (const modifier of ["Control", "Alt", "Meta"]) {
      await page.keyboard.press(`${modifier}+u`);
      assert.equal(await isUtc(), "false", modifier);
    }
    await page.keyboard.press("u");
    assert.equal(await isUtc(), "true");
  });

  it("can be switched off, also after a reload", async () => {
    await page.keyboard.press("?");
    await help().getByRole("checkbox", { name: /keys/ }).uncheck();
    await page.keyboard.press("Escape");
    await page.reload();
    await page.getByRole("button", { name: "UTC", exact: true }).waitFor();
    await page.keyboard.press("u");
    assert.equal(await isUtc(), "false");
  });
});

describe("the focus", () => {
  it("goes to the rocket's heading, and back to its link", async () => {
    page = await open(browser, service.origin);
    const focused = () => page.evaluate(() =>
      `${document.activeElement.tagName} ${document.activeElement.textContent}`);
    await page.getByRole("link", { name: "second" }).press("Enter");
    await until(focused, (now) => now === "H1 second", "the focus");
    await page.keyboard.press("Escape");
    await until(focused, (now) => now === "A second", "the focus");
    assert.equal(search(page), "");
  });
});

describe("the page is as wide as the window", () => {
  // 640 by 400: a window of 1280 by 800 at 200 %.
  for (const [width, height] of [[390, 844], [640, 400], [800, 600], [1280, 800]]) {
    for (const path of ["/", `/?rocket=${"i".repeat(128)}`]) {
      it(`at ${width} by ${height}: ${path.slice(0, 12)}`, async () => {
        page = await open(browser, service.origin + path, { viewport: { width, height } });
        await page.getByText(/^i{128}$/).first().waitFor();
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      });
    }
  }
});
