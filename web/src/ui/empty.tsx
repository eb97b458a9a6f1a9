// SPDX-License-Identifier: Apache-2.0
//
// What to do first, while the service has no rocket. With the first one app.tsx
// shows the fleet instead.
import "./empty.css";
import { useMemo, useRef } from "preact/hooks";
import { needsToken, session } from "../state/access.js";
import { CopyButton } from "./copy_button.js";
import { curlOfLaunch, launchOf } from "./first_steps.js";

function Step({ title, line, label, note }: {
  readonly title: string; readonly line: string; readonly label: string; readonly note?: string;
}) {
  const code = useRef<HTMLElement>(null);
  return (
    <li class="step">
      <div class="step-head">
        <h2>{title}</h2>
        <CopyButton text={line} label={label} shown={code} />
      </div>
      <code ref={code} class="code-line step-line">{line}</code>
      {note && <p class="note step-note">{note}</p>}
    </li>
  );
}

export function Empty() {
  const messages = new URL("messages", document.baseURI).href;
  const isTokenNeeded = needsToken(session.value, "ingest");
  const curl = useMemo(() => curlOfLaunch(messages, new Date(), isTokenNeeded),
    [messages, isTokenNeeded]);
  return (
    <section class="panel empty" aria-labelledby="empty-title">
      <h1 id="empty-title">No rockets yet</h1>
      <p class="empty-lead">
        A rocket appears here with its first message. Send one, or launch a whole fleet.
        {isTokenNeeded && " Both need a token with the scope “ingest”."}
      </p>
      <ol class="steps">
        <Step title="Launch one rocket" line={curl} label="Copy curl" />
        <Step title="Launch 20 rockets that fly for ten minutes"
          line={launchOf(messages, isTokenNeeded)} label="Copy command"
          note="Built from the sources, rockets is build/release/rockets." />
      </ol>
      <p class="waiting">Waiting for the first message</p>
    </section>
  );
}
