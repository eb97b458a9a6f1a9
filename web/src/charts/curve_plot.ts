// SPDX-License-Identifier: Apache-2.0
//
// The speed curve on a canvas of uPlot: its axes, colours, size and cursor. It
// draws when it is told new points, and when its size or the colours change.
import "uplot/dist/uPlot.min.css";
import uPlot from "uplot";
import { formatCompact, formatNumber } from "../text/numbers.js";
import { formatTime } from "../text/times.js";
import { currentPalette, followColours } from "./canvas.js";
import { columnsOf, indexAt, timeRange, type SpeedPoint } from "./curve_data.js";

export interface CurvePlot {
  readonly setPoints: (points: readonly SpeedPoint[]) => void;
  // Moves the cursor as this key says; false if it says nothing.
  readonly press: (key: string) => boolean;
  readonly leave: () => void;
  readonly redraw: () => void;
  readonly destroy: () => void;
}

export interface CurveOptions {
  readonly utc: () => boolean;
  readonly onRead: (point: SpeedPoint | null) => void; // where the cursor is
}

function speedText(speed: number, distance: number): string {
  // Three digits have to tell neighbours apart.
  return Math.abs(speed) >= 1e6 && Math.abs(speed) < distance * 900
    ? formatCompact(speed) : formatNumber(speed);
}

function axisWidth(plot: uPlot, values: readonly string[] | null): number {
  const widest = (values ?? []).reduce(
    (most, text) => Math.max(most, plot.ctx.measureText(text).width), 0,
  );
  return Math.ceil(widest / devicePixelRatio) + 12;
}

function plotOptions(box: HTMLElement, utc: () => boolean): uPlot.Options {
  const { font } = currentPalette();
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return {
    width: box.clientWidth,
    height: box.clientHeight,
    ms: 1,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { range: (_, first, last) => timeRange(first, last) } },
    axes: [
      {
        font, size: 28, gap: 6, space: 110, grid: { show: false }, ticks: { show: false },
        stroke: () => currentPalette().textSoft,
        values: (_, splits) => splits.map((time) => formatTime(time, utc()).text),
      },
      {
        font, gap: 8, space: 56, ticks: { show: false },
        size: axisWidth,
        stroke: () => currentPalette().textSoft,
        grid: { width: 1, stroke: () => currentPalette().lineSoft },
        values: (_, splits, _axis, _space, step) =>
          splits.map((speed) => speedText(speed, step)),
      },
    ],
    series: [
      {},
      {
        width: 1.5,
        stroke: () => currentPalette().accent,
        points: { show: false },
        ...(stepped === undefined ? {} : { paths: stepped }),
      },
    ],
  };
}

function nextIndex(key: string, at: number | null, count: number): number | null {
  const page = Math.max(1, Math.round(count / 10));
  const from = at ?? count;
  const to = {
    ArrowLeft: from - 1, ArrowRight: at === null ? 0 : from + 1,
    PageUp: from - page, PageDown: at === null ? 0 : from + page, Home: 0, End: count - 1,
  }[key];
  return to === undefined || count === 0 ? null : Math.min(count - 1, Math.max(0, to));
}

// The place of the cursor: a pixel of the pointer, or the time of a point, which
// keys have chosen and which stays chosen while the curve goes on.
type Place = { readonly left: number } | { readonly at: number } | null;

export function createPlot(box: HTMLElement, { utc, onRead }: CurveOptions): CurvePlot {
  let points: readonly SpeedPoint[] = [];
  let times: number[] = [];
  let place: Place = null;
  const plot = new uPlot(plotOptions(box, utc), [[], []], box);

  const indexOf = (): number | null => {
    if (place === null || points.length === 0) {
      return null;
    }
    const time = "at" in place ? place.at : plot.posToVal(place.left, "x");
    return Math.min(points.length - 1, indexAt(times, time));
  };
  const read = () => {
    const index = indexOf();
    onRead(index === null ? null : points[index] ?? null);
  };
  const point = (event: PointerEvent) => {
    place = { left: event.clientX - plot.over.getBoundingClientRect().left };
    read();
  };
  const leave = () => {
    place = null;
    plot.setCursor({ left: -1, top: -1 });
    read();
  };
  const moveCursor = () => {
    if (place !== null && "at" in place) {
      plot.setCursor({ left: plot.valToPos(place.at, "x"), top: 0 });
    }
  };

  plot.over.addEventListener("pointermove", point);
  plot.over.addEventListener("pointerdown", point);
  plot.over.addEventListener("pointerleave", leave);
  const redraw = () => plot.redraw(false, true);
  const unfollow = followColours(redraw);
  const size = new ResizeObserver(() => {
    if (box.clientWidth !== plot.width || box.clientHeight !== plot.height) {
      plot.setSize({ width: box.clientWidth, height: box.clientHeight });
      moveCursor();
    }
  });
  size.observe(box);

  return {
    setPoints: (next) => {
      points = next;
      const columns = columnsOf(points, Date.now());
      times = columns[0];
      plot.batch(() => plot.setData(columns)); // at once, as the cursor needs its scale
      moveCursor();
      read();
    },
    press: (key) => {
      const next = nextIndex(key, indexOf(), points.length);
      const chosen = next === null ? undefined : points[next];
      if (chosen === undefined) {
        return false;
      }
      place = { at: chosen.at };
      moveCursor();
      read();
      return true;
    },
    leave,
    redraw,
    destroy: () => {
      size.disconnect();
      unfollow();
      plot.destroy();
    },
  };
}
