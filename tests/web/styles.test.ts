// SPDX-License-Identifier: Apache-2.0
//
// The style sheets use the scales of tokens.css: no colour, size of text or font
// of their own, and no name that is not defined.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

interface Sheet {
  readonly file: string;
  readonly head: string | undefined;
  readonly code: string; // without comments
}

function read(folder: string): Sheet[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      return read(file);
    }
    if (!entry.name.endsWith(".css")) {
      return [];
    }
    const text = readFileSync(file, "utf8");
    const code = text.replaceAll(/\/\*[^]*?\*\//g, "");
    return [{ file, head: text.split("\n")[0], code }];
  });
}

const sheets = read("web/src");
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
