// SPDX-License-Identifier: Apache-2.0
//
// The colours of tokens.css can be read in both themes: the contrast of WCAG 2.1
// of each pair that the page uses.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const sheet = readFileSync("web/src/style/tokens.css", "utf8");

type Theme = "light" | "dark";

const pair = /^ {2}--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/gm;

const colours = new Map([...sheet.matchAll(pair)]
  .map(([, name = "", light = "", dark = ""]) => [name, { light, dark }]));

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

for (const theme of ["light", "dark"] satisfies Theme[]) {
  test(`text_and_controls_have_sufficient_contrast_in_${theme}`, () => {
    for (const [least, colour, on] of pairs) {
      for (const ground of on) {
        const [text, below] = [colour, ground].map((name) => colours.get(name)?.[theme] ?? "");
        const ratio = contrast(text ?? "", below ?? "");
        assert.ok(ratio >= least, `--${colour} on --${ground}: ${ratio.toFixed(2)}`);
      }
    }
  });
}

test("each_colour_is_of_both_themes", () => {
  const alone = sheet.replaceAll(/light-dark\([^;]*\);|\/\*[^]*?\*\//g, "");
  assert.doesNotMatch(alone, /#[0-9a-f]{3,8}\b|\b(rgb|hsl|oklch)a?\(/i);
});
