// SPDX-License-Identifier: Apache-2.0
//
// The lines that bring the first rocket, as a shell reads them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import { curlOfLaunch, launchOf } from "../../web/src/ui/first_steps.js";

// The words that a shell makes of `line`.
function wordsOf(line: string): string[] {
  const script = `set -- ${line}\nprintf '%s\\0' "$@"`;
  return execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
}

const urls = [
  "http://127.0.0.1:8088/messages",
  "http://[::1]:8088/it's/$(id)/a%20b/messages",
  "https://example.org/a;b&c/messages",
];

test("the line of curl posts one valid launch to this address", () => {
  for (const url of urls) {
    const line = curlOfLaunch(url, new Date(0), false);
    assert.ok(!line.includes("\n"));
    const [curl, address, field, type, data, body, ...more] = wordsOf(line);
    assert.deepEqual([curl, address, field, type, data], [
      "curl", url, "-H", "Content-Type: application/json", "-d",
    ]);
    assert.deepEqual(more, []);
    assert.deepEqual(JSON.parse(body ?? ""), {
      metadata: {
        channel: "07498283-aa94-4b46-a933-0c44e1a3ff7a", messageNumber: 1,
        messageTime: "1970-01-01T00:00:00.000Z", messageType: "RocketLaunched",
      },
      message: { type: "Falcon-9", launchSpeed: 500, mission: "ARTEMIS" },
    });
  }
});

test("the line of rockets has this address as one word", () => {
  for (const url of urls) {
    assert.deepEqual(wordsOf(launchOf(url, false)), [
      "rockets", "launch", url, "--message-delay=20ms",
    ]);
  }
});

test("an address without special characters is not quoted", () => {
  assert.ok(launchOf("http://127.0.0.1:8088/messages", false).includes(" http://127.0.0.1:8088/messages "));
});

test("both lines send a token where one is needed", () => {
  assert.match(curlOfLaunch("http://a/", new Date(0), true), /^curl -H "Authorization: Bearer \$TOKEN" '/);
  assert.match(launchOf("http://a/", true), / --token-file=FILE$/);
});
