// SPDX-License-Identifier: Apache-2.0
//
// What has changed of the rocket while its page is open, the newest first.
import "./changes.css";
import { changes } from "../state/rocket.js";
import { changeLines, type ChangeLine } from "./change_text.js";
import { Time } from "./time.js";

function Line({ line }: { readonly line: ChangeLine }) {
  return (
    <li class="changes-line">
      <Time time={line.at} class="note tabular" />
      <span class={line.kind === "exploded" ? "pill pill-exploded" : undefined}>
        <bdi>{line.text}</bdi>
      </span>
    </li>
  );
}

export function Changes() {
  const lines = changeLines(changes.value);
  return (
    <section class="panel" aria-labelledby="changes-title">
      <div class="panel-head">
        <h2 class="panel-title" id="changes-title">Changes</h2>
        <span class="note">since this page was opened</span>
      </div>
      <div class="panel-body">
        {lines.length === 0
          ? <p class="note">None yet.</p>
          : <ol class="changes">{lines.map((line) => <Line key={line.key} line={line} />)}</ol>}
      </div>
    </section>
  );
}
