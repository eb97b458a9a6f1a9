// SPDX-License-Identifier: Apache-2.0
//
// The speed of a rocket since its page was opened. A speed holds until the next
// message, so the curve has steps. The pointer and the arrow keys read it; the
// last points are in a table below.
import "./curve.css";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { utc } from "../state/settings.js";
import { formatNumber } from "../text/numbers.js";
import { formatTime } from "../text/times.js";
import { changesOnly, curveLabel, thinned, type SpeedPoint } from "./curve_data.js";
import { createPlot, type CurvePlot } from "./curve_plot.js";

function Plot({ points, onRead }: {
  readonly points: readonly SpeedPoint[];
  readonly onRead: (point: SpeedPoint | null) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<CurvePlot | null>(null);
  useLayoutEffect(() => {
    if (box.current === null) {
      return;
    }
    plot.current = createPlot(box.current, { utc: () => utc.peek(), onRead });
    return plot.current.destroy;
  }, []);
  useLayoutEffect(() => plot.current?.setPoints(points), [points]);
  useLayoutEffect(() => plot.current?.redraw(), [utc.value]);
  const press = (event: KeyboardEvent) => {
    if (!event.ctrlKey && !event.altKey && !event.metaKey && plot.current?.press(event.key)) {
      event.preventDefault();
    }
  };
  return (
    <div ref={box} class="curve-plot" role="img" aria-label={curveLabel(points, utc.value)}
      tabIndex={0} onKeyDown={press} onBlur={() => plot.current?.leave()} />
  );
}

const tableLength = 50;

// Made when it is opened, and left as it is, so that it can be read.
function SpeedTable({ points }: { readonly points: readonly SpeedPoint[] }) {
  const [shown, setShown] = useState<readonly SpeedPoint[] | null>(null);
  const read = () => setShown([...thinned(changesOnly(points), tableLength)].reverse());
  return (
    <details onToggle={(event) => event.currentTarget.open ? read() : setShown(null)}>
      <summary class="note">Speeds as a table</summary>
      {shown !== null && (
        <>
          <table class="plain-table curve-table">
            <thead>
              <tr><th scope="col">From</th><th class="number" scope="col">Speed</th></tr>
            </thead>
            <tbody>
              {shown.map((point) => {
                const time = formatTime(point.at, utc.value);
                return (
                  <tr key={point.at}>
                    <td class="tabular">
                      <time dateTime={time.machine ?? undefined} title={time.full}>{time.text}</time>
                    </td>
                    <td class="number">{formatNumber(point.speed)}</td>
                  </tr>
                );
              })}
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
    <section class="panel curve" aria-labelledby="curve-title">
      <div class="panel-head">
        <h2 class="panel-title" id="curve-title">Speed</h2>
        <span class="note">since this page was opened</span>
        <span class="spacer" />
        {reading !== null && (
          <span class="note tabular">
            {formatTime(reading.at, utc.value).text} <b>{formatNumber(reading.speed)}</b>
          </span>
        )}
      </div>
      <div class="panel-body stack">
        {points.length > 1
          ? <Plot points={points} onRead={setReading} />
          : <p class="curve-plot curve-none note">
            Speed changes show here while this page is open.
          </p>}
        <SpeedTable points={points} />
      </div>
    </section>
  );
}
