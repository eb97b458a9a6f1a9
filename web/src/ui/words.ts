// SPDX-License-Identifier: Apache-2.0
//
// What the words of the page mean, as openapi.yaml says it, but shorter.
export const words: readonly (readonly [word: string, meaning: string])[] = [
  ["Rocket", "What sends messages under one id, numbered from 1. Its state is that of its "
    + "messages in the order of their numbers, whatever order they arrive in."],
  ["Active, exploded", "A rocket has exploded when one of its messages says so."],
  ["Last number", "The highest number that has arrived from a rocket."],
  ["Missing", "Numbers below the last one that have not arrived. A message that arrives later "
    + "than others is put in its place."],
  ["Incomplete", "A rocket with missing messages. If its first message is missing, its type and "
    + "mission are unknown."],
  ["Duplicate", "A message that had arrived before. It changes nothing."],
  ["Given up", "If a rocket has too many gaps, the service forgets the lowest of them. Their "
    + "messages stay counted as missing."],
  ["Late", "A message from a gap that was given up. It changes nothing. The API calls it stale."],
  ["Rejected", "What was posted and is no valid message."],
  ["Re-sort", "Rows change in place and keep their order, so that you can read them. This sorts "
    + "them as they are now."],
  ["≈", "The number is so large that the browser rounds it."],
];
