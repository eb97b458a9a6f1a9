// SPDX-License-Identifier: Apache-2.0
//
// The tiles of the messages, with what became of them, and of the memory.
import { computed, useComputed, type ReadonlySignal } from "@preact/signals";
import { Sparkline } from "../charts/sparkline.js";
import { rateHistory, rateHistorySeconds, rates, summary, type Rates } from "../state/fleet.js";
import { formatBytes, formatNumber, formatShare } from "../text/numbers.js";

const perSecond = computed(() =>
  (rates.value === null ? "–" : formatNumber(rates.value.messages)));

const memoryShare = computed(() => {
  if (summary.value === null) {
    return 0;
  }
  const { used, limit } = summary.value.memory;
  return limit === 0 ? 0 : Math.min(1, used / limit);
});
const memoryFigure = computed(() =>
  (summary.value === null ? "–" : formatShare(memoryShare.value)));
const memoryNote = computed(() => {
  if (summary.value === null) {
    return "";
  }
  const { used, limit } = summary.value.memory;
  return `${formatBytes(used)} of ${formatBytes(limit)}`;
});
const memoryWidth = computed(() => `inline-size: ${(memoryShare.value * 100).toFixed(1)}%`);
const memoryClass = computed(() =>
  `meter-fill${memoryShare.value >= 0.9 ? " meter-fill-high" : ""}`);

type Result = "duplicate" | "stale" | "rejected";

const meanings: Record<Result, string> = {
  duplicate: "Applied before",
  stale: "From a range whose missing messages are no longer waited for",
  rejected: "Not a message",
};

function Share({ label, result }: { label: string; result: Result & keyof Rates }) {
  const share: ReadonlySignal<string> = useComputed(() =>
    (rates.value === null ? "–" : formatShare(rates.value[result])));
  const title = useComputed(() => `${meanings[result]}. Share of the last minute; `
    + `${formatNumber(summary.value?.messages[result] ?? 0)} since the service was started`);
  return (
    <div class="share" title={title}>
      <dt>{label}</dt><dd class="share-value tabular">{share}</dd>
    </div>
  );
}

function Recent() {
  return <Sparkline samples={rateHistory.value} seconds={rateHistorySeconds} />;
}

export function MessagesTile() {
  return (
    <div class="tile tile-messages">
      <h3 class="tile-label">Messages a second</h3>
      <span class="tile-span note" aria-hidden="true">last {rateHistorySeconds / 60} min</span>
      <div class="tile-line">
        <p class="figure tile-rate">{perSecond}</p>
        <Recent />
      </div>
      <dl class="shares note">
        <Share label="duplicate" result="duplicate" />
        <Share label="late" result="stale" />
        <Share label="rejected" result="rejected" />
      </dl>
    </div>
  );
}

export function MemoryTile() {
  return (
    <div class="tile tile-memory">
      <h3 class="tile-label">Memory</h3>
      <p class="figure">{memoryFigure}</p>
      <p class="note tabular">{memoryNote}</p>
      <div class="meter" aria-hidden="true"><div class={memoryClass} style={memoryWidth} /></div>
    </div>
  );
}
