// SPDX-License-Identifier: Apache-2.0
//
// Command lines that bring the first rocket, for a service at this address.
import { quoteForShell, tokenArgument } from "../text/shell.js";

// The rocket of all examples in the documentation.
const exampleId = "07498283-aa94-4b46-a933-0c44e1a3ff7a";

export function curlOfLaunch(messages: string, now: Date, needsToken: boolean): string {
  const body = JSON.stringify({
    metadata: {
      channel: exampleId,
      messageNumber: 1,
      messageTime: now.toISOString(),
      messageType: "RocketLaunched",
    },
    message: { type: "Falcon-9", launchSpeed: 500, mission: "ARTEMIS" },
  });
  return `curl${tokenArgument(needsToken)} ${quoteForShell(messages)}`
    + ` -H 'Content-Type: application/json' -d '${body}'`;
}

// About 150 messages a second for eleven minutes.
export function launchOf(messages: string, needsToken: boolean): string {
  const safe = /^[\w:/.@%+~-]+$/.test(messages);
  const url = safe ? messages : quoteForShell(messages);
  const token = needsToken ? " --token-file=FILE" : "";
  return `rockets launch ${url} --message-delay=20ms${token}`;
}
