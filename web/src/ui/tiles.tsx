// SPDX-License-Identifier: Apache-2.0
//
// The totals of the fleet. Those of rockets filter the table when they are
// pressed. Their figures are signals in the text, which change each second
// without a component being rendered.
import "./tiles.css";
import { computed, type ReadonlySignal } from "@preact/signals";
import type { Summary } from "../api/types.js";
import { defaultQuery, navigate, view, type ListQuery } from "../state/address.js";
import { summary } from "../state/fleet.js";
import { replica } from "../state/replica.js";
import { formatNumber, formatShare } from "../text/numbers.js";
import { noFilters } from "./filter_list.js";
import { useFocusLeft } from "./focus.js";
import { Alert } from "./icons.js";
import { tab } from "./shown.js";
import { MemoryTile, MessagesTile } from "./traffic_tiles.js";
import { refusedText } from "./totals.js";

type Filter = Partial<ListQuery>;

// The text of a total, "–" until it is known.
function total(text: (summary: Summary) => string): ReadonlySignal<string> {
  return computed(() => (summary.value === null ? "–" : text(summary.value)));
}

const rockets = total(({ rockets }) => formatNumber(rockets.total));
const active = total(({ rockets }) => formatNumber(rockets.active));
const exploded = total(({ rockets }) => formatNumber(rockets.exploded));
const incomplete = total(({ rockets }) => formatNumber(rockets.incomplete));

const explodedShare = total(({ rockets }) =>
  (rockets.total === 0 ? "" : formatShare(rockets.exploded / rockets.total)));
const missing = total(({ messages }) =>
  `${formatNumber(messages.missing)} missing`);
const missingTitle = total(({ messages }) =>
  `${formatNumber(messages.missing)} missing messages`
  + (messages.givenUp === 0 ? "" : `, ${formatNumber(messages.givenUp)} no longer waited for`));
const unlaunched = total(({ rockets }) =>
  (rockets.unlaunched === 0 ? "" : `${formatNumber(rockets.unlaunched)} not launched`));
const refused = computed(() =>
  summary.value === null ? "" : refusedText(summary.value, replica.value !== null));

function matches(filter: Filter): boolean {
  const { query } = view.value;
  return Object.entries(filter)
    .every(([name, value]) => query[name as keyof ListQuery] === value);
}

// What a press does: it sets the filter, or takes it away if it is set.
function toggle(filter: Filter): void {
  const none = Object.fromEntries(Object.keys(filter)
    .map((name) => [name, defaultQuery[name as keyof ListQuery]])) as Filter;
  navigate({ query: matches(filter) ? none : filter });
  tab.value = "rockets"; // on a phone, which shows one part at a time
}

interface TileProps {
  readonly name: string; // of the tile in class names and ids
  readonly label: string;
  readonly hint: string;
  readonly filter: Filter;
  readonly figure: ReadonlySignal<string>;
  readonly note?: ReadonlySignal<string>;
  readonly noteTitle?: ReadonlySignal<string>;
  readonly noteFilter?: Filter; // the note is a toggle as well
}

function Tile({ name, label, hint, filter, figure, note, noteTitle, noteFilter }: TileProps) {
  const noteId = `tile-${name}-note`;
  const figureId = `tile-${name}-figure`;
  return (
    <div class={`tile tile-${name}`}>
      <button class="tile-button" type="button" title={hint} aria-pressed={matches(filter)}
        aria-describedby={`${figureId} ${noteId}`} onClick={() => toggle(filter)}>
        {label}
      </button>
      <p class="figure" id={figureId}>{figure}</p>
      {noteFilter === undefined
        ? <p class="note tabular" id={noteId} title={noteTitle}>{note}</p>
        : <p class="note" id={noteId}><NoteToggle filter={noteFilter} text={note} /></p>}
    </div>
  );
}

interface NoteToggleProps {
  readonly filter: Filter;
  readonly text: ReadonlySignal<string> | undefined;
}

function NoteButton({ filter, text }: NoteToggleProps) {
  const button = useFocusLeft<HTMLButtonElement>(() =>
    document.querySelector<HTMLElement>(".tile:has(.tile-note-button) .tile-button")?.focus());
  return (
    <button ref={button} class="tile-note-button tabular" type="button"
      aria-pressed={matches(filter)}
      title="Show only rockets whose launch has not arrived" onClick={() => toggle(filter)}>
      {text}
    </button>
  );
}

function NoteToggle({ filter, text }: NoteToggleProps) {
  if (text === undefined || text.value === "" || text.value === "–") {
    return null;
  }
  return <NoteButton filter={filter} text={text} />;
}

function Refused() {
  if (refused.value === "") {
    return null;
  }
  return (
    <p class="tiles-alert">
      <Alert /><span>{refused}. <a href="health">What is wrong now</a></span>
    </p>
  );
}

export function Tiles() {
  return (
    <section class="panel" aria-labelledby="tiles-title">
      <h2 class="visually-hidden" id="tiles-title">Totals</h2>
      <div class="tiles">
        <Tile name="rockets" label="Rockets" hint="Show all rockets, without filters"
          filter={noFilters} figure={rockets} note={unlaunched} noteFilter={{ launched: false }} />
        <Tile name="active" label="Active" hint="Show only active rockets"
          filter={{ status: "active" }} figure={active} />
        <Tile name="exploded" label="Exploded" hint="Show only exploded rockets"
          filter={{ status: "exploded" }} figure={exploded} note={explodedShare} />
        <Tile name="incomplete" label="Incomplete"
          hint="Show only rockets of which messages are missing"
          filter={{ incomplete: true }} figure={incomplete} note={missing}
          noteTitle={missingTitle} />
        <MessagesTile />
        <MemoryTile />
      </div>
      <Refused />
    </section>
  );
}
