// SPDX-License-Identifier: Apache-2.0
//
// The colours of tokens.css can be read in both themes: the contrast of WCAG 2.1
// of each pair that the page uses.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const sheet = readFileSync("web/src/style/tokens.css", "utf8");

// The declarations of the block after `selector`.
function blockOf(selector: string): string[] {
  const start = sheet.indexOf(`${selector} {`);
  assert.notEqual(start, -1, selector);
  const block = sheet.slice(sheet.indexOf("{", start) + 1, sheet.indexOf("}", start));
  return block.split("\n").map((line) => line.replace(/\/\*.*\*\//, "").trim())
    .filter((line) => line !== "");
}

function coloursOf(selector: string): Map<string, string> {
  return new Map(blockOf(selector).flatMap((line) => {
    const [, name, value] = /^--([\w-]+):\s*(#[0-9a-f]{6});$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  }));
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const grounds = ["surface", "surface-raised", "page"];
const pairs: readonly (readonly [least: number, colour: string, on: readonly string[]])[] = [
  [7, "text", [...grounds, "accent-soft", "alert-soft"]],
  [7, "text-soft", grounds],
  [4.5, "text-soft", ["accent-soft", "alert-soft"]],
  [4.5, "accent", [...grounds, "accent-soft"]],
  [4.5, "alert", [...grounds, "alert-soft", "accent-soft"]],
  [4.5, "on-accent", ["accent", "accent-strong"]],
  [3, "line-strong", grounds],
];

for (const [theme, selector] of [["light", ":root"], ["dark", ":root[data-theme=\"dark\"]"]]) {
  test(`text_and_controls_have_sufficient_contrast_in_${theme}`, () => {
    const colours = coloursOf(selector ?? "");
    for (const [least, colour, on] of pairs) {
      for (const ground of on) {
        const ratio = contrast(colours.get(colour) ?? "", colours.get(ground) ?? "");
        assert.ok(ratio >= least, `--${colour} on --${ground}: ${ratio.toFixed(2)}`);
      }
    }
  });
}

test("dark_is_the_same_by_choice_and_by_the_system", () => {
  assert.deepEqual(blockOf(":root:not([data-theme])"), blockOf(":root[data-theme=\"dark\"]"));
});

test("each_colour_has_a_dark_one", () => {
  assert.deepEqual([...coloursOf(":root[data-theme=\"dark\"]").keys()],
    [...coloursOf(":root").keys()]);
});
