// SPDX-License-Identifier: Apache-2.0
//
// Of a service on a topic: up to where the instance has it. That is a quiet line
// at the end of the page; if what is shown may be old for longer, a notice above.
import { computed } from "@preact/signals";
import { replica } from "../state/replica.js";
import { Alert } from "./icons.js";
import { replicaNotice, replicaText } from "./replica_text.js";

const text = computed(() => replica.value === null ? null : replicaText(replica.value));

// What is wrong; null: nothing. The state of the connection has it read out.
export const notice = computed(() => replica.value === null ? null : replicaNotice(replica.value));

export function ReplicaNotice() {
  return notice.value === null ? null : (
    <p class="replica replica-notice breakable">
      <Alert /><span>{notice}. <a href="health">More</a></span>
    </p>
  );
}

export function ReplicaLine() {
  return text.value === null
    ? null : <footer class="replica note tabular breakable">{text}</footer>;
}
