// SPDX-License-Identifier: Apache-2.0
//
// The page of one rocket: what it is, its speed since the page was opened, its
// messages, and what has changed. Its parts are in their places while the
// rocket is read, so that nothing jumps when it arrives.
import "./rocket.css";
import { computed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { Rocket } from "../api/types.js";
import { Curve } from "../charts/curve.js";
import { GapMap } from "../charts/gap_map.js";
import { gapData } from "../charts/gap_scale.js";
import { needsToken, session } from "../state/access.js";
import { defaultQuery, hrefOf, navigate, view } from "../state/address.js";
import { gaps, gapsFailure, rocket, speeds } from "../state/rocket.js";
import { formatNumber } from "../text/numbers.js";
import { curlOf, encodeSegment } from "../text/shell.js";
import { Changes } from "./changes.js";
import { isPlainClick } from "./clicks.js";
import { CopyButton } from "./copy_button.js";
import { Back } from "./icons.js";
import { Time } from "./time.js";

const known = computed(() => typeof rocket.value === "object" ? rocket.value : null);
const isUnknown = computed(() => rocket.value === "unknown");

function absolute(reference: string): string {
  return new URL(reference, document.baseURI).href;
}

function BackLink() {
  const goBack = (event: MouseEvent) => {
    if (isPlainClick(event)) {
      event.preventDefault();
      navigate({ rocket: null });
    }
  };
  return (
    <a class="rocket-back" href={hrefOf({ rocket: null })} onClick={goBack}>
      <Back />Fleet
    </a>
  );
}

function Copies({ id }: { readonly id: string }) {
  const url = absolute(`rockets/${encodeSegment(id)}`);
  return (
    <div class="row rocket-copies">
      <CopyButton label="Copy id" text={id} />
      <CopyButton label="Copy link" text={absolute(hrefOf({ query: defaultQuery, rocket: id }))} />
      <CopyButton label="Copy curl" text={curlOf(url, needsToken(session.value, "read"))} />
    </div>
  );
}

function Name({ name, what }: { readonly name: string | null; readonly what: string }) {
  return name === null
    ? <span class="rocket-none" title="Not known: its launch has not arrived">{what} unknown</span>
    : <bdi>{name}</bdi>;
}

function Description({ shown }: { readonly shown: Rocket }) {
  return (
    <>
      <Name name={shown.type} what="type" />
      <span aria-hidden="true">·</span>
      <Name name={shown.mission} what="mission" />
      <span aria-hidden="true">·</span>
      <span class={`pill pill-${shown.status}`}>
        <span>{shown.status}{shown.reason !== null && <>: <bdi>{shown.reason}</bdi></>}</span>
      </span>
    </>
  );
}

function Fact({ label, alert = false, children }: {
  readonly label: string;
  readonly alert?: boolean;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="rocket-fact" data-alert={alert}>
      <dt class="label">{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Figure({ value }: { readonly value: number | undefined }) {
  return <span class="figure">{value === undefined ? "–" : formatNumber(value)}</span>;
}

function When({ time }: { readonly time: string | null | undefined }) {
  return (
    <span class="rocket-when tabular">
      {time === undefined ? "–" : time === null ? "not known" : <Time time={time} />}
    </span>
  );
}

function Facts() {
  const shown = known.value;
  const missing = shown?.missingMessages;
  return (
    <dl class="panel rocket-facts">
      <Fact label="Speed"><Figure value={shown?.speed} /></Fact>
      <Fact label="Last number"><Figure value={shown?.lastMessageNumber} /></Fact>
      <Fact label="Missing" alert={missing !== undefined && missing > 0}>
        <Figure value={missing} />
      </Fact>
      <Fact label="Launched"><When time={shown?.createdAt} /></Fact>
      <Fact label="Updated"><When time={shown?.updatedAt} /></Fact>
    </dl>
  );
}

function Messages() {
  const last = known.value?.lastMessageNumber ?? 0;
  const missing = known.value?.missingMessages ?? 0;
  const read = gaps.value;
  const data = useMemo(() => gapData(last, missing, read), [last, missing, read]);
  return <GapMap data={data} failure={gapsFailure.value} />;
}

function Speeds() {
  return <Curve points={speeds.value} />;
}

function Unknown() {
  return (
    <section class="panel rocket-unknown">
      <p>No message of this rocket has arrived.</p>
      <p class="note">It appears here by itself when the first one does.</p>
    </section>
  );
}

export function RocketPage() {
  const id = view.value.rocket ?? "";
  const shown = known.value;
  return (
    <>
      <BackLink />
      <div class="rocket-head">
        <h1 class="rocket-id"><bdi>{id}</bdi></h1>
        <Copies id={id} />
        <p class="row rocket-description">{shown !== null && <Description shown={shown} />}</p>
      </div>
      {isUnknown.value ? <Unknown /> : (
        <div class="rocket-parts" key={id}>
          <Facts />
          <div class="rocket-pictures">
            <Speeds />
            <Messages />
          </div>
          <Changes />
        </div>
      )}
    </>
  );
}
