// SPDX-License-Identifier: Apache-2.0
//
// How many rockets have which speed: bars that can be read by the pointer and by
// the arrow keys, a line that says what they show or which bar is read, and the
// same as a table.
import "./histogram.css";
import { useMemo, useState } from "preact/hooks";
import type { SpeedBin } from "../api/types.js";
import { formatNumber } from "../text/numbers.js";
import { useCanvas } from "./canvas.js";
import { drawHistogram } from "./histogram_drawing.js";
import { barsOf, barText, gistOf, modeText, rangeText } from "./speed_bins.js";
import { takeKey } from "./take_key.js";
import { useLabel } from "./use_label.js";

interface Props {
  readonly speeds: readonly SpeedBin[];
}

// The index after `key`, null if nothing is read any more, undefined if it is
// none of the chart's keys.
function indexAfter(key: string, read: number | null, count: number): number | null | undefined {
  switch (key) {
    case "ArrowRight": return read === null ? 0 : Math.min(count - 1, read + 1);
    case "ArrowLeft": return read === null ? count - 1 : Math.max(0, read - 1);
    case "Home": return 0;
    case "End": return count - 1;
    case "Escape": return read === null ? undefined : null;
    default: return undefined;
  }
}

// Which bar is read. It is known by its speed, as its place may change.
function useReading(bars: readonly SpeedBin[]) {
  const [from, setFrom] = useState<number | null | undefined>(undefined);
  const found = from === undefined ? -1 : bars.findIndex((bar) => bar.from === from);
  const read = (index: number | null) =>
    setFrom(index === null ? undefined : bars[index]?.from);
  return [found < 0 ? null : found, read] as const;
}

export function Histogram({ speeds }: Props) {
  const content = speeds.map(({ from, rockets }) => `${from ?? ""}:${rockets}`).join();
  // eslint-disable-next-line react-hooks/exhaustive-deps -- each summary has new arrays
  const bars = useMemo(() => barsOf(speeds), [content]);
  const [reading, read] = useReading(bars);
  const canvas = useCanvas((surface) => drawHistogram(surface, bars, reading), [bars, reading]);
  const bar = reading === null ? undefined : bars[reading];
  const text = bar === undefined ? null : barText(bar);
  const label = useLabel(canvas, gistOf(bars), text);

  const onPointerMove = (event: PointerEvent & { currentTarget: HTMLCanvasElement }) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const index = Math.floor((event.clientX - left) / width * bars.length);
    read(Math.max(0, Math.min(bars.length - 1, index)));
  };
  const press = (key: string) => {
    const index = indexAfter(key, reading, bars.length);
    if (index !== undefined) {
      read(index);
    }
    return index !== undefined;
  };
  return (
    <>
      <p class="note tabular truncate">{text ?? modeText(bars)}</p>
      <canvas ref={canvas} class="histogram" role="img" tabIndex={0} aria-label={label}
        onPointerMove={onPointerMove} onPointerDown={onPointerMove}
        onPointerLeave={() => read(null)} onBlur={() => read(null)}
        onKeyDown={(event) => takeKey(event, press)} />
      <BarsTable bars={bars} />
    </>
  );
}

// Its rows are there only while it is open, as they change each second.
function BarsTable({ bars }: { bars: readonly SpeedBin[] }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="histogram-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="note">As a table</summary>
      {open && (
        <table class="plain-table">
          <thead>
            <tr><th scope="col">Speed</th><th scope="col" class="number">Rockets</th></tr>
          </thead>
          <tbody>
            {bars.filter(({ rockets }) => rockets > 0).map((bar) => (
              <tr key={bar.from}>
                <td class="tabular">{rangeText(bar)}</td>
                <td class="number">{formatNumber(bar.rockets)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  );
}
