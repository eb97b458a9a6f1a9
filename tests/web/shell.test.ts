// SPDX-License-Identifier: Apache-2.0
//
// What people copy into a shell does what it says, whatever the id of a rocket is.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { curlOf, encodeSegment, quoteForShell, tokenArgument } from "../../web/src/text/shell.js";
import { forAll } from "./random.js";

const hostile = [
  "$(touch broken)", "`touch broken`", "'; touch broken; '", "' || touch broken #",
  "\\'; touch broken; \\'", "\"$HOME\"", "!!", "!$", "*", "~", "a b", "-e", "--help", "'", "''",
  "\\", "\\\\'", "%s%n", "$'\\n'", "${IFS}", "a\u202eb", "日本", "🚀", "<img src=x onerror=alert(1)>",
  "&", "|", ";", "#", "(", ")", "{a,b}", "[a-z]", "?", "=", "\n", "a\nb\n",
];

// The words that sh makes of these command lines' arguments.
function wordsOf(quoted: readonly string[]): string[] {
  const script = `for word in ${quoted.join(" ")}; do printf '%s\\0' "$word"; done`;
  const { stdout, stderr, status } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
  assert.equal(stderr, "");
  assert.equal(status, 0);
  return stdout.split("\0").slice(0, -1);
}

test("a shell reads a quoted word as it is", () => {
  assert.deepEqual(wordsOf(hostile.map(quoteForShell)), hostile);
});

test("a shell reads any quoted word as it is", () => {
  forAll(5, (random) => {
    const words = Array.from({ length: 300 }, () => random.text(20));
    assert.deepEqual(wordsOf(words.map(quoteForShell)), words);
  });
});

test("a segment has only characters that are safe everywhere, and is the id again", () => {
  forAll(2000, (random) => {
    const id = random.text(20);
    assert.match(encodeSegment(id), /^[A-Za-z0-9._~%-]+$/);
    assert.equal(decodeURIComponent(encodeSegment(id)), id);
  });
});

test("half of a surrogate pair does not throw", () => {
  assert.equal(encodeSegment("a\ud800b"), "a%EF%BF%BDb");
  assert.equal(encodeSegment("🚀"), "%F0%9F%9A%80");
});

test("a command line of curl has the URL as its only argument", () => {
  for (const id of hostile) {
    const url = `http://localhost:8088/a'b/rockets/${encodeSegment(id)}`;
    const line = curlOf(url, false).replace(/^curl /, "");
    assert.deepEqual(wordsOf([line]), [url]);
  }
});

test("curl finds no pattern in the URL but that of an address", () => {
  assert.equal(curlOf("http://[::1]:8088/{a,b}/[1-9]", false), "curl 'http://[::1]:8088/%7Ba,b%7D/%5B1-9%5D'");
});

test("the token comes from a variable of the shell, as one word with its scheme", () => {
  const { stdout } = spawnSync("sh", ["-c", `printf '%s|'${tokenArgument(true)}`], {
    encoding: "utf8", env: { ...process.env, TOKEN: "lunar_a$(id)" },
  });
  assert.equal(stdout, "-H|Authorization: Bearer lunar_a$(id)|");
  assert.equal(curlOf("http://a/b", true), `curl${tokenArgument(true)} 'http://a/b'`);
});
