// SPDX-License-Identifier: Apache-2.0
//
// A row of the table. It renders when its own rocket changes, and no other does.
// The roles are those that the elements have by themselves: on a phone `display`
// makes a card of the row, and browsers then forget them.
import { computed } from "@preact/signals";
import { hrefOf, view } from "../state/address.js";
import type { Row } from "../state/page.js";
import { utc } from "../state/settings.js";
import { formatNumber } from "../text/numbers.js";
import { formatTime } from "../text/times.js";

// Whether the rows show why their rockets exploded.
export const showsReasons = computed(() => view.value.query.status === "exploded");

function Name({ name }: { readonly name: string | null }) {
  return name === null
    ? <span class="unknown" title="Not known: its launch has not arrived">–</span>
    : <span title={name}>{name}</span>;
}

// Where all are exploded, the reason says more than that word.
function Status({ status, reason }: {
  readonly status: "active" | "exploded"; readonly reason: string | null;
}) {
  const says = showsReasons.value ? reason : null;
  return (
    <span class={`pill pill-${status}`} title={reason ?? undefined}>
      {says === null ? status
        : <><span class="visually-hidden">{status}: </span><bdi class="truncate">{says}</bdi></>}
    </span>
  );
}

// The column says that times are in UTC. On a phone, which shows no columns, each
// does, and of another day there is room for the day only.
function UpdatedTime({ time }: { readonly time: string }) {
  const { text, full, machine } = formatTime(time, utc.value);
  const [day, clock] = text.replace(/ UTC$/, "").split(/(?= \d\d:)/);
  return (
    <time dateTime={machine ?? undefined} title={full}>
      {day}{clock !== undefined && <span class="clock">{clock}</span>}
      {utc.value && <span class="zone"> UTC</span>}
    </time>
  );
}

export function TableRow({ row }: { readonly row: Row }) {
  const rocket = row.rocket.value;
  const missing = rocket.missingMessages;
  return (
    <tr role="row">
      <th role="rowheader" scope="row" class="cell-id">
        <a class="mono" href={hrefOf({ rocket: row.id })} title={row.id}>
          {row.id}
        </a>
      </th>
      <td role="cell" class="cell-type"><Name name={rocket.type} /></td>
      <td role="cell" class="cell-mission"><Name name={rocket.mission} /></td>
      <td role="cell" class="cell-status">
        <Status status={rocket.status} reason={rocket.reason} />
      </td>
      <td role="cell" class="cell-speed number">{formatNumber(rocket.speed)}</td>
      <td role="cell" class="cell-last number">{formatNumber(rocket.lastMessageNumber)}</td>
      <td role="cell" class="cell-missing number" data-some={missing > 0}>
        {formatNumber(missing)}
      </td>
      <td role="cell" class="cell-updated number">
        <UpdatedTime time={rocket.updatedAt} />
      </td>
    </tr>
  );
}
