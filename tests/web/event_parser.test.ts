// SPDX-License-Identifier: Apache-2.0
//
// The parser of server-sent events against the standard's algorithm (WHATWG HTML,
// section 9.2.6), which is applied here to the whole text at once.
import assert from "node:assert/strict";
import test from "node:test";
import { EventParser, type ServerSentEvent } from "../../web/src/api/event_parser.js";
import { forAll, type Random } from "./random.js";

const encoder = new TextEncoder();

function parse(text: string): ServerSentEvent[] {
  return [...new EventParser().push(encoder.encode(text))];
}

function parseInParts(bytes: Uint8Array, random: Random): ServerSentEvent[] {
  const parser = new EventParser();
  const events: ServerSentEvent[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + random.integer(0, random.chance(0.5) ? 2 : 40);
    events.push(...parser.push(bytes.subarray(at, end)));
    at = end;
  }
  return events;
}

// Each step is one of the standard's.
function model(text: string): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  let type = "";
  let data = "";
  let id: string | null = null;
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  for (const line of lines.slice(0, -1)) {
    const [, field, value] = /^([^:]*)(?:: ?)?([^]*)$/.exec(line) ?? [];
    if (line === "") {
      if (data !== "") {
        events.push({ type: type === "" ? "message" : type, data: data.slice(0, -1), id });
        id = null;
      }
      data = type = "";
    } else if (field === "event") {
      type = value ?? "";
    } else if (field === "data") {
      data += `${value ?? ""}\n`;
    } else if (field === "id" && !line.includes("\0")) {
      id = value ?? "";
    }
  }
  return events;
}

test("the events of the service are read", () => {
  assert.deepEqual(
    parse('id: a-1\nevent: hello\nretry: 2000\ndata: {"start":"a"}\n\n:\n\n'
      + "event: rockets\ndata: []\n\nid: a-2\nevent: summary\ndata: {}\n\n"),
    [
      { type: "hello", data: '{"start":"a"}', id: "a-1" },
      { type: "rockets", data: "[]", id: null },
      { type: "summary", data: "{}", id: "a-2" },
    ],
  );
});

test("the examples of the standard are read as it says", () => {
  assert.deepEqual(parse("data: YHOO\ndata: +2\ndata: 10\n\n").map(({ data }) => data),
    ["YHOO\n+2\n10"]);
  assert.deepEqual(
    parse(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
      + "data:  third event\n\ndata"),
    [
      { type: "message", data: "first event", id: "1" },
      { type: "message", data: "second event", id: "" },
      { type: "message", data: " third event", id: null },
    ],
  );
  assert.deepEqual(parse("data\n\ndata\ndata\n\ndata:").map(({ data }) => data), ["", "\n"]);
  assert.deepEqual(parse("data:test\n\ndata: test\n\n").map(({ data }) => data),
    ["test", "test"]);
});

const oddities: readonly (readonly [string, string, readonly string[]])[] = [
  ["an event without an end is none", "data: a\n\ndata: b\n", ["a"]],
  ["an event without data is none", "event: a\n\ndata: b\n\n", ["b"]],
  ["a byte order mark at the start is dropped", "\uFEFFdata: a\n\n", ["a"]],
  ["a second byte order mark is text", "\uFEFF\uFEFFdata: a\n\ndata: b\n\n", ["b"]],
  ["names of fields have one case, and no space before", "Data: a\n data: b\ndata: c\n\n", ["c"]],
  ["a line that is only a colon is a comment", ":\ndata: a\n:\n\n", ["a"]],
  ["lines end in any of three ways", "data: a\r\rdata: b\r\n\r\ndata: c\n\n", ["a", "b", "c"]],
];

for (const [claim, text, expected] of oddities) {
  test(claim, () => assert.deepEqual(parse(text).map(({ data }) => data), expected));
}

test("an id with NUL is ignored", () => {
  assert.deepEqual(parse("id: a\nid: b\0\ndata: x\n\n").map(({ id }) => id), ["a"]);
});

test("a type is that of one event only", () => {
  assert.deepEqual(parse("event: a\n\ndata: x\n\nevent: b\ndata: y\n\n").map(({ type }) => type),
    ["message", "b"]);
});

test("an event comes with the end of its line, not with the next byte", () => {
  for (const end of ["\n\n", "\r\r", "\r\n\r"]) {
    assert.equal(parse(`data: a${end}`).length, 1, JSON.stringify(end));
  }
});

test("a character of several bytes may come byte by byte", () => {
  const parser = new EventParser();
  const events = [...encoder.encode("data: é日🚀\n\n")]
    .flatMap((byte) => [...parser.push(Uint8Array.of(byte))]);
  assert.deepEqual(events.map(({ data }) => data), ["é日🚀"]);
});

test("bytes that are not UTF-8 are replaced, and the stream goes on", () => {
  const bytes = encoder.encode("data: ?\n\ndata: b\n\n");
  bytes[6] = 0xff;
  assert.deepEqual(new EventParser().push(bytes).map(({ data }) => data), ["\ufffd", "b"]);
});

test("any text in any parts is read as the standard's algorithm reads it", () => {
  const pieces = ["data", "event", "id", "retry", ":", ": ", " ", "\n", "\n", "\n\n", "\r", "\r\n",
    "\r\n\r\n", "\0", "\uFEFF", "a", "é", "日", "🚀", "data: x", "event: y", "id: z"];
  forAll(2000, (random) => {
    const text = Array.from({ length: random.integer(0, 60) }, () => random.pick(pieces)).join("");
    assert.deepEqual(parseInParts(encoder.encode(text), random), model(text), JSON.stringify(text));
  });
});
