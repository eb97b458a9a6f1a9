// SPDX-License-Identifier: Apache-2.0
//
// The topic of a service with several instances, as the instance sees it that
// answers. A service without a topic is asked once, when the page is live.
import { signal } from "@preact/signals";
import { getJson } from "../api/client.js";
import type { Health, Replica } from "../api/types.js";

// Null: the service has no topic, or has not said so.
export const replica = signal<Replica | null>(null);

const period = 5000; // milliseconds between two reads

let reading: AbortController | null = null;

async function read(signal: AbortSignal): Promise<void> {
  const { data } = await getJson<Health>("health", signal).catch(() => ({ data: null }));
  if (signal.aborted) {
    return;
  }
  // If it does not answer, the last answer is all there is: the page says so.
  if (data !== null) {
    replica.value = data.replica ?? null;
  }
  if (replica.value !== null) {
    setTimeout(() => {
      if (!signal.aborted) {
        void read(signal);
      }
    }, period);
  }
}

// The page is live.
export function startReplica(): void {
  if (reading === null) {
    reading = new AbortController();
    void read(reading.signal);
  }
}

export function stopReplica(): void {
  reading?.abort();
  reading = null;
}
