// SPDX-License-Identifier: Apache-2.0
//
// The speed of a rocket since its page was opened. A speed holds until the next
// message, so the curve has steps. The pointer and the arrow keys read it; the
// last points are in a table below.
import "./chart.css";
import "./curve.css";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { utc } from "../state/settings.js";
import type { SpeedPoint } from "../state/speed_points.js";
import { formatNumber } from "../text/numbers.js";
import { formatTime } from "../text/times.js";
import { changesOnly, curveLabel, thinned } from "./curve_data.js";
import { CurvePlot } from "./curve_plot.js";
import { takeKey } from "./take_key.js";
import { useLabel } from "./use_label.js";

function readingText(point: SpeedPoint, inUtc: boolean): string {
  return `${formatTime(point.at, inUtc).text}, ${formatNumber(point.speed)}`;
}

function Plot({ points, reading, onRead }: {
  readonly points: readonly SpeedPoint[];
  readonly reading: SpeedPoint | null;
  readonly onRead: (point: SpeedPoint | null) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<CurvePlot | null>(null);
  const inUtc = utc.value;
  useLayoutEffect(() => {
    if (box.current === null) {
      return;
    }
    const made = new CurvePlot(box.current, { utc: () => utc.peek(), onRead });
    plot.current = made;
    return () => made.destroy();
  }, [onRead]);
  useLayoutEffect(() => plot.current?.setPoints(points), [points]);
  useLayoutEffect(() => plot.current?.redraw(), [inUtc]);
  const label = useLabel(box, curveLabel(points, inUtc),
    reading === null ? null : readingText(reading, inUtc));
  const press = (key: string) => plot.current?.press(key) ?? false;
  return (
    <div ref={box} class="curve-plot" role="img" aria-label={label} tabIndex={0}
      onKeyDown={(event) => takeKey(event, press)} onBlur={() => plot.current?.leave()} />
  );
}

function SpeedRow({ point }: { readonly point: SpeedPoint }) {
  const { text, full, machine } = formatTime(point.at, utc.value);
  return (
    <tr>
      <td class="tabular"><time dateTime={machine ?? undefined} title={full}>{text}</time></td>
      <td class="number">{formatNumber(point.speed)}</td>
    </tr>
  );
}

const tableLength = 50;

// Made when it is opened, and left as it is, so that it can be read.
function SpeedTable({ points }: { readonly points: readonly SpeedPoint[] }) {
  const [shown, setShown] = useState<readonly SpeedPoint[] | null>(null);
  const read = () => setShown([...thinned(changesOnly(points), tableLength)].reverse());
  return (
    <details class="chart-table"
      onToggle={(event) => event.currentTarget.open ? read() : setShown(null)}>
      <summary class="note">Speeds as a table</summary>
      {shown !== null && (
        <>
          <table class="plain-table curve-table">
            <thead>
              <tr><th scope="col">From</th><th class="number" scope="col">Speed</th></tr>
            </thead>
            <tbody>
              {shown.map((point) => <SpeedRow key={point.at} point={point} />)}
            </tbody>
          </table>
          <button type="button" class="link-button" onClick={read}>Read again</button>
        </>
      )}
    </details>
  );
}

export function Curve({ points }: { readonly points: readonly SpeedPoint[] }) {
  const [reading, setReading] = useState<SpeedPoint | null>(null);
  return (
    <section class="panel chart" aria-labelledby="curve-title">
      <div class="panel-head">
        <h2 class="panel-title" id="curve-title">Speed</h2>
        <span class="note not-phone">since this page was opened</span>
        <span class="note tabular chart-reading">
          {reading !== null && readingText(reading, utc.value)}
        </span>
      </div>
      <div class="panel-body stack">
        {points.length > 1
          ? <Plot points={points} reading={reading} onRead={setReading} />
          : <p class="curve-plot curve-none note">
            Speed changes show here while this page is open.
          </p>}
        <SpeedTable points={points} />
      </div>
    </section>
  );
}
