// SPDX-License-Identifier: Apache-2.0
//
// How many rockets have each type and each mission. A press on a name filters the
// table by it.
import "./names.css";
import type { ReadonlySignal } from "@preact/signals";
import { useState } from "preact/hooks";
import type { NameCounts } from "../api/types.js";
import { navigate, view } from "../state/address.js";
import { missions, types } from "../state/fleet.js";
import { formatNumber } from "../text/numbers.js";
import { tab } from "./shown.js";

const rowsAtFirst = 5; // as many as there is place for

// What all bars of a list are measured by.
function longestBar({ top, otherRockets, unknown }: NameCounts): number {
  return Math.max(1, ...top.map(({ rockets }) => rockets), otherRockets, unknown);
}

function Bar({ rockets, longest }: { rockets: number; longest: number }) {
  const width = `${(rockets / longest * 100).toFixed(1)}%`;
  return <span class="bar"><span class="bar-fill" style={{ inlineSize: width }} /></span>;
}

function BarText({ name, rockets }: { name: string; rockets: number }) {
  return (
    <>
      <span class="bar-name truncate">{name}</span>
      <span class="number">{formatNumber(rockets)}</span>
    </>
  );
}

interface NameBarProps {
  readonly field: "type" | "mission";
  readonly name: string;
  readonly rockets: number;
  readonly longest: number;
}

function NameBar({ field, name, rockets, longest }: NameBarProps) {
  const pressed = view.value.query[field] === name;
  const toggle = () => {
    navigate({ query: { [field]: pressed ? null : name } });
    tab.value = "rockets"; // on a phone, which shows one part at a time
  };
  return (
    <li>
      <button class="bar-row" type="button" title={name} aria-pressed={pressed} onClick={toggle}>
        <BarText name={name} rockets={rockets} />
        <Bar rockets={rockets} longest={longest} />
      </button>
    </li>
  );
}

// Rockets that no filter of the API selects.
function RestBar({ name, rockets, longest }: Omit<NameBarProps, "field">) {
  if (rockets === 0) {
    return null;
  }
  return (
    <li class="bar-row bar-rest">
      <BarText name={name} rockets={rockets} />
      <Bar rockets={rockets} longest={longest} />
    </li>
  );
}

function otherText(count: number): string {
  return `${formatNumber(count)} ${count === 1 ? "other name" : "other names"}`;
}

interface BarsProps {
  readonly field: "type" | "mission";
  readonly title: string;
  readonly counts: ReadonlySignal<NameCounts | null>;
}

function Bars({ field, title, counts }: BarsProps) {
  const [all, setAll] = useState(false);
  const names = counts.value;
  const id = `names-${field}`;
  const heading = <h3 class="bars-title" id={id}>{title}</h3>;
  if (names === null || names.top.length + names.unknown === 0) {
    return (
      <div>
        <div class="bars-head">{heading}</div>
        <p class="note">{names === null ? "" : "None yet"}</p>
      </div>
    );
  }
  const longest = longestBar(names);
  // One more than the first ones is shown at once: a button would take its place.
  const shownAtFirst = rowsAtFirst - (names.unknown > 0 ? 1 : 0);
  const more = names.top.length - shownAtFirst;
  const shown = all || more <= 1 ? names.top : names.top.slice(0, shownAtFirst);
  return (
    <div>
      <div class="bars-head">
        {heading}
        {more > 1 && (
          <button class="link-button bars-more" type="button" aria-expanded={all}
            onClick={() => setAll(!all)}>
            {all ? "Fewer" : `${formatNumber(more + names.otherNames)} more`}
          </button>
        )}
      </div>
      <ul aria-labelledby={id}>
        {shown.map(({ name, rockets }) => (
          <NameBar key={name} field={field} name={name} rockets={rockets} longest={longest} />
        ))}
        {shown.length === names.top.length && (
          <RestBar name={otherText(names.otherNames)} rockets={names.otherRockets}
            longest={longest} />
        )}
        <RestBar name="Not known yet" rockets={names.unknown} longest={longest} />
      </ul>
    </div>
  );
}

export function Names() {
  return (
    <section class="panel names" aria-labelledby="names-title">
      <div class="panel-head">
        <h2 class="panel-title" id="names-title">Types and missions</h2>
      </div>
      <div class="panel-body names-body">
        <Bars field="type" title="Type" counts={types} />
        <Bars field="mission" title="Mission" counts={missions} />
      </div>
    </section>
  );
}
