// SPDX-License-Identifier: Apache-2.0
//
// The style sheets use the scales of tokens.css: no colour, size of text or font
// of their own, no name that is not defined, and no class that no component has.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

interface Sheet {
  readonly file: string;
  readonly head: string | undefined;
  readonly code: string; // without comments
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(file) : [file];
  });
}

const files = filesBelow("web/src");

const sheets = files.filter((file) => file.endsWith(".css")).map((file): Sheet => {
  const text = readFileSync(file, "utf8");
  const code = text.replaceAll(/\/\*[^]*?\*\//g, "");
  return { file, head: text.split("\n")[0], code };
});
const others = sheets.filter(({ file }) => !file.endsWith("/tokens.css"));

// What matches in the other sheets, with the file's name in front.
function matches(pattern: RegExp): string[] {
  return others.flatMap(({ file, code }) =>
    [...code.matchAll(pattern)].map(([match]) => `${file}: ${match}`));
}

test("every_sheet_begins_with_the_licence", () => {
  assert.ok(sheets.length > 0);
  for (const { file, head } of sheets) {
    assert.equal(head, "/* SPDX-License-Identifier: Apache-2.0 */", file);
  }
});

test("only_tokens_have_colours", () => {
  assert.deepEqual(matches(/#[0-9a-f]{3,8}\b(?=[^{}]*[;}])|\b(rgb|hsl|oklch)a?\([^)]*\)/gi), []);
  assert.deepEqual(matches(/\b(color|background|fill|stroke):\s*(white|black|red|gr[ae]y)\b/g), []);
});

test("only_tokens_have_fonts_and_sizes_of_text", () => {
  assert.deepEqual(matches(/font(-family|-size|-weight)?:(?!\s*(var\(|inherit))[^;]+/g), []);
});

test("every_name_that_is_used_is_defined", () => {
  const code = sheets.map((sheet) => sheet.code).join("\n");
  const defined = new Set([...code.matchAll(/(--[\w-]+)\s*:/g)].map(([, name]) => name));
  const used = new Set([...code.matchAll(/var\((--[\w-]+)/g)].map(([, name]) => name));
  assert.deepEqual([...used].filter((name) => !defined.has(name)), []);
});

test("every_class_is_used", () => {
  const components = [...files.filter((file) => file.endsWith(".tsx")), "web/index.html"]
    .map((file) => readFileSync(file, "utf8")).join("\n");
  const words = new Set(components.match(/[\w-]+/g));
  // class={`pill pill-${status}`}
  const beginnings = [...components.matchAll(/([a-z][\w-]*-)\$\{/g)].map(([, text]) => text ?? "");
  const classes = new Set(sheets.flatMap(({ code }) =>
    [...code.matchAll(/\.([a-z][\w-]*)/g)].map(([, name]) => name ?? "")));
  assert.ok(beginnings.length > 0 && classes.size > 0);
  assert.deepEqual([...classes].filter((name) => !/^u(-|plot$)/.test(name) // of uPlot
    && !words.has(name) && !beginnings.some((beginning) => name.startsWith(beginning))), []);
});
