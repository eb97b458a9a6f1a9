// SPDX-License-Identifier: Apache-2.0
//
// What is around the parts of the dashboard: themes, keys, the help, where the
// focus goes, and that no width and no text from messages makes the page wider.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import {
  column, exploded, isLive, launched, open, post, problemsOf, search, until,
} from "./dashboard.mjs";
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

describe("a page that does not start", () => {
  const words = () => page.getByText("The dashboard has not started");

  for (const [what, options, keepScript] of [
    ["its script cannot be loaded", {}, (route) => route.abort()],
    ["its script is none", {}, (route) => route.fulfill({ body: "<!DOCTYPE html>" })],
    ["scripts are off", { javaScriptEnabled: false }, (route) => route.continue()],
  ]) {
    it(`says so, and goes on where it was to be: ${what}`, async () => {
      page = await browser.newPage(options);
      await page.route("**/dashboard.js", keepScript);
      await page.goto(`${service.origin}/?rocket=second`);
      await words().waitFor();
      await page.unroute("**/dashboard.js");
      await Promise.all([
        page.waitForEvent("load"),
        page.getByRole("link", { name: "Load the page again" }).click(),
      ]);
      assert.equal(page.url(), `${service.origin}/?rocket=second`);
      if (options.javaScriptEnabled !== false) {
        await isLive(page);
        assert.equal(await words().count(), 0);
      }
    });
  }
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

describe("an address that somebody has typed", () => {
  it("opens with a percent sign that encodes nothing", async () => {
    page = await open(browser, `${service.origin}/?idPrefix=50%`);
    await page.getByText("No rocket matches.").waitFor();
    assert.equal(await page.getByRole("searchbox").inputValue(), "50%");
  });
});

// What the canvas has drawn, as the colour that most of its opaque pixels have.
const drawn = () => page.locator("canvas").first().evaluate((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const counts = new Map();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 255) {
      const colour = `rgb(${data.slice(at, at + 3).join(", ")})`;
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
  }
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
});

describe("the pictures", () => {
  it("have the colours of the theme, also of another one", async () => {
    page = await open(browser, service.origin, { colorScheme: "light" });
    const accent = () => page.getByRole("link", { name: "second" })
      .evaluate((link) => getComputedStyle(link).color);
    const isDrawn = () => until(async () => [await drawn(), await accent()],
      ([now, wanted]) => now === wanted, "the colour of the bars");
    const [light] = await isDrawn();
    await themeButton().click(); // dark
    const [dark] = await isDrawn();
    assert.notEqual(light, dark);
  });
});

describe("the columns of the table", () => {
  // The header of one was cut, and names had room for two letters.
  for (const path of ["/", "/?status=exploded"]) {
    it(`have room for their names on a tablet: ${path}`, async () => {
      page = await open(browser, service.origin + path, { viewport: { width: 768, height: 1024 } });
      await until(() => column(page, "id"), ({ length }) => length > 0, "rows");
      const cut = await page.locator("thead th:visible").evaluateAll((all) => all
        .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText));
      assert.deepEqual(cut, []);
      for (const name of ["Type", "Mission"]) {
        const { width } = await page.getByRole("columnheader", { name }).boundingBox();
        assert.ok(width >= 96, `${name}: ${width}`);
      }
    });
  }
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
