// SPDX-License-Identifier: Apache-2.0
//
// The gap map in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gapData, type Reading } from "../../web/src/charts/gap_scale.js";
import { gapLabel, gapSentence, readingText } from "../../web/src/charts/gap_text.js";

const none = { upTo: 0, count: 0 };

function reading(kind: Reading["kind"], from: number, to: number, numbers: number, ranges = 1) {
  return readingText({ kind, from, to, numbers, ranges });
}

test("a_reading_says_which_messages_and_how_many", () => {
  assert.equal(reading("missing", 2117, 2119, 3), "2,117–2,119 missing, 3 messages");
  assert.equal(reading("missing", 4000, 4000, 1), "Message 4,000 missing");
  assert.equal(reading("missing", 11, 5000, 1200, 300), "11–5,000: 1,200 missing in 300 ranges");
  assert.equal(reading("received", 1, 2116, 2116), "1–2,116 received, 2,116 messages");
  assert.equal(reading("givenUp", 1, 5000, 12), "1–5,000: 12 messages given up");
  assert.equal(reading("givenUp", 1, 5000, 1), "1–5,000: 1 message given up");
  assert.equal(reading("unknown", 11, 20, 0), "11–20: not known");
});

test("a_complete_rocket_has_all_messages", () => {
  assert.equal(gapSentence(gapData(5700, 0, null)), "All 5,700 messages have arrived.");
  assert.equal(gapSentence(gapData(1, 0, null)), "The only message has arrived.");
  assert.equal(gapSentence(gapData(0, 0, null)), "");
});

test("missing_messages_are_counted", () => {
  const one = { missingMessages: 1, gaps: [{ from: 2, to: 2 }], givenUp: none };
  assert.equal(gapSentence(gapData(6, 1, one)), "1 of 6 messages is missing: 2.");
  const three = { missingMessages: 3, gaps: [{ from: 2, to: 4 }], givenUp: none };
  assert.equal(gapSentence(gapData(6, 3, three)), "3 of 6 messages are missing: 2–4.");
});

test("a_few_ranges_are_named", () => {
  const gaps = [{ from: 2, to: 2 }, { from: 11, to: 13 }, { from: 20, to: 21 }];
  assert.equal(gapSentence(gapData(5700, 6, { missingMessages: 6, gaps, givenUp: none })),
    "6 of 5,700 messages are missing: 2, 11–13 and 20–21.");
  const more = [...gaps, { from: 30, to: 30 }];
  assert.equal(gapSentence(gapData(5700, 7, { missingMessages: 7, gaps: more, givenUp: none })),
    "7 of 5,700 messages are missing.");
  // The ranges are the first of many.
  assert.equal(gapSentence(gapData(5700, 9, { missingMessages: 9, gaps, givenUp: none })),
    "9 of 5,700 messages are missing.");
});

test("messages_that_were_given_up_are_not_counted_as_missing_again", () => {
  const givenUp = { upTo: 5000, count: 12 };
  const some = { missingMessages: 13, gaps: [{ from: 5002, to: 5002 }], givenUp };
  const text = gapSentence(gapData(5700, 13, some));
  assert.match(text, /^1–5,000: 12 messages were given up\. /);
  assert.match(text, / 1 of 5,700 messages is missing: 5,002\.$/);
  const all = gapSentence(gapData(5700, 12, { missingMessages: 12, gaps: [], givenUp }));
  assert.match(all, / No other message of 5,700 is missing\.$/);
});

test("the_label_has_the_gist", () => {
  const gaps = [{ from: 2, to: 2 }, { from: 11, to: 13 }, { from: 20, to: 21 }];
  assert.equal(gapLabel(gapData(5700, 6, { missingMessages: 6, gaps, givenUp: none })),
    "Map of messages 1 to 5,700; 6 missing in 3 ranges; the longest is 11–13.");
  assert.equal(gapLabel(gapData(5700, 0, null)), "Map of messages 1 to 5,700; none is missing.");
  assert.equal(gapLabel(gapData(5700, 6, null)),
    "Map of messages 1 to 5,700; which of them are missing is not known.");
});
