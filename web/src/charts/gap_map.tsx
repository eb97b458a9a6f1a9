// SPDX-License-Identifier: Apache-2.0
//
// All message numbers of a rocket as a picture: what has arrived, what is missing,
// and what the service no longer waits for. The more gaps, the more rows, so that
// neighbours stay apart. The pointer and the arrow keys read it; the ranges are
// in a table below.
import "./chart.css";
import "./gap_map.css";
import { useMemo, useRef, useState } from "preact/hooks";
import { formatNumber } from "../text/numbers.js";
import { useCanvas, type Surface } from "./canvas.js";
import {
  eachRow, readingAt, rowsFor, spanOf, spansOf, stepAt, stepCount, stepFrom,
  type GapData, type GapScale, type Reading,
} from "./gap_scale.js";
import { GapTable } from "./gap_table.js";
import { gapLabel, gapSentence, readingText } from "./gap_text.js";
import { takeKey } from "./take_key.js";
import { useLabel } from "./use_label.js";

// Where the reader is: at a pixel of a row, or, by keys, at a number.
type Cursor =
  | { readonly by: "pointer"; readonly row: number; readonly x: number; readonly width: number;
    readonly slack: number }
  | { readonly by: "keys"; readonly number: number };

const slack = 3; // CSS pixels
const usualWidth = 800; // device pixels, of which the number of rows is made

function readCursor(cursor: Cursor | null, data: GapData, rows: number): Reading | null {
  if (cursor === null) {
    return null;
  }
  if (cursor.by === "keys") {
    return stepAt(data, stepFrom(data, cursor.number));
  }
  const scale: GapScale = { last: data.last, width: cursor.width, rows };
  return readingAt(scale, data, cursor.row * cursor.width + cursor.x, cursor.slack);
}

interface Box { readonly height: number; readonly step: number } // of a row, device pixels

function boxOf(height: number, rows: number, ratio: number): Box {
  const space = rows === 1 ? 0 : Math.max(1, Math.round(ratio));
  const step = Math.floor((height + space) / rows);
  return { height: step - space, step };
}

// Diagonal lines over the rows' parts of a span.
function hatch(surface: Surface, scale: GapScale, box: Box, end: number, ratio: number): void {
  const { context, palette } = surface;
  context.save();
  context.beginPath();
  eachRow(scale, { start: 0, end }, (row, x, width) => {
    context.rect(x, row * box.step, width, box.height);
  });
  context.clip();
  context.fillStyle = palette.surface;
  context.fillRect(0, 0, scale.width, box.step * scale.rows);
  context.strokeStyle = palette.alert;
  context.lineWidth = ratio;
  context.beginPath();
  const bottom = box.step * scale.rows;
  const right = Math.min(end, scale.width);
  for (let x = -bottom; x < right; x += 6 * ratio) {
    context.moveTo(x, bottom);
    context.lineTo(x + bottom, 0);
  }
  context.stroke();
  context.restore();
}

function drawMap(
  surface: Surface, data: GapData, rows: number, reading: Reading | null,
): void {
  const { context, palette } = surface;
  const ratio = 1 / surface.pixel;
  const scale: GapScale = { last: data.last, width: Math.round(surface.width * ratio), rows };
  const box = boxOf(Math.round(surface.height * ratio), rows, ratio);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = data.last > 0 ? palette.received : palette.lineSoft;
  for (let row = 0; row < rows; row++) {
    context.fillRect(0, row * box.step, scale.width, box.height);
  }
  if (data.last < 1) {
    return;
  }
  const fill = (from: number, to: number) =>
    eachRow(scale, spanOf(scale, from, to), (row, x, width) => {
      context.fillRect(x, row * box.step, width, box.height);
    });
  if (data.known < data.last) {
    context.fillStyle = palette.lineSoft;
    fill(data.known + 1, data.last);
  }
  if (data.givenUp.upTo > 0) {
    hatch(surface, scale, box, spanOf(scale, 1, data.givenUp.upTo).end, ratio);
  }
  context.fillStyle = palette.alert;
  for (const span of spansOf(scale, data.gaps)) {
    eachRow(scale, span, (row, x, width) => {
      context.fillRect(x, row * box.step, width, box.height);
    });
  }
  if (reading !== null) {
    mark(surface, scale, box, reading, ratio);
  }
}

// A frame around what is read.
function mark(
  { context, palette }: Surface, scale: GapScale, box: Box, reading: Reading, ratio: number,
): void {
  const line = Math.max(1, Math.min(Math.round(2 * ratio), Math.floor(box.height / 4)));
  context.fillStyle = palette.text;
  eachRow(scale, spanOf(scale, reading.from, reading.to), (row, x, width) => {
    const top = row * box.step;
    context.fillRect(x, top, width, line);
    context.fillRect(x, top + box.height - line, width, line);
  });
}

// The cursor after `key`, null if nothing is read any more, undefined if it is
// none of the map's keys.
function cursorAfter(
  key: string, data: GapData, reading: Reading | null,
): Cursor | null | undefined {
  const end = stepCount(data) - 1;
  const at = reading === null ? null : stepFrom(data, reading.from);
  const steps: Record<string, number> = {
    ArrowRight: at === null ? 0 : Math.min(end, at + 1),
    ArrowLeft: at === null ? end : Math.max(0, at - 1),
    Home: 0,
    End: end,
  };
  const step = steps[key];
  if (step === undefined) {
    return key === "Escape" && reading !== null ? null : undefined;
  }
  const found = stepAt(data, step);
  return found === null ? undefined : { by: "keys", number: found.from };
}

// The number of rows that the gaps need, or needed before: it never shrinks, as
// what is below would jump.
function useRows(gaps: number): number {
  const most = useRef(1);
  while (most.current < rowsFor(gaps, usualWidth)) {
    most.current *= 2;
  }
  return most.current;
}

interface Props {
  readonly data: GapData;
  readonly failure: string | null; // why the ranges could not be read
}

export function GapMap({ data, failure }: Props) {
  const [cursor, setCursor] = useState<Cursor | null>(null);
  const rows = useRows(data.gaps.length);
  const reading = readCursor(cursor, data, rows);
  const gist = useMemo(() => gapLabel(data), [data]);
  const text = reading === null ? null : readingText(reading);
  const picture = useRef<HTMLDivElement>(null);
  const label = useLabel(picture, gist, text);
  const canvas = useCanvas(
    (surface) => drawMap(surface, data, rows, reading),
    [data, rows, reading?.from, reading?.to, reading?.kind],
  );

  const point = (event: PointerEvent & { readonly currentTarget: HTMLCanvasElement }) => {
    const { width, height } = event.currentTarget;
    const box = event.currentTarget.getBoundingClientRect();
    const ratio = width / box.width;
    const step = boxOf(height, rows, ratio).step;
    setCursor({
      by: "pointer", width, slack: Math.round(slack * ratio),
      x: Math.min(width - 1, Math.max(0, Math.floor((event.clientX - box.left) * ratio))),
      row: Math.min(rows - 1, Math.max(0, Math.floor((event.clientY - box.top) * ratio / step))),
    });
  };
  const leave = () => setCursor(null);
  const press = (key: string) => {
    const next = cursorAfter(key, data, reading);
    if (next !== undefined) {
      setCursor(next);
    }
    return next !== undefined;
  };

  return (
    <section class="panel chart" aria-labelledby="gap-map-title">
      <div class="panel-head">
        <h2 class="panel-title" id="gap-map-title">Messages</h2>
        <span class="note tabular chart-reading">{text}</span>
      </div>
      <div class="panel-body stack">
        <p>{gapSentence(data)}</p>
        <div>
          <div ref={picture} class={`gap-map-picture gap-map-rows-${rows}`} role="img"
            aria-label={label} tabIndex={0} onKeyDown={(event) => takeKey(event, press)}
            onBlur={leave}>
            <canvas ref={canvas} class="gap-map-canvas" onPointerMove={point}
              onPointerDown={point} onPointerLeave={leave} />
          </div>
          <p class="gap-map-ends note tabular" aria-hidden="true">
            <span>1</span>
            {rows > 1 && <span>{rows} rows, read like lines of text</span>}
            <span>{data.last > 1 ? formatNumber(data.last) : ""}</span>
          </p>
        </div>
        {failure !== null && <p class="note">The ranges could not be read: {failure}</p>}
        <GapTable data={data} />
      </div>
    </section>
  );
}
