// SPDX-License-Identifier: Apache-2.0
//
// The speed curve on a canvas of uPlot: its axes, colours, size and cursor. It
// draws when it is told new points, and when its size or the colours change.
import uPlot from "uplot";
import type { SpeedPoint } from "../state/speed_points.js";
import { formatCompact, formatNumber } from "../text/numbers.js";
import { formatTime } from "../text/times.js";
import { currentPalette, followColours } from "./canvas.js";
import { columnsOf, indexAt, timeRange } from "./curve_data.js";

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
    padding: [8, 32, 0, 0], // at the right half of a time
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

export class CurvePlot {
  readonly #box: HTMLElement;
  readonly #options: CurveOptions;
  readonly #plot: uPlot;
  readonly #size: ResizeObserver;
  readonly #unfollow: () => void;
  #points: readonly SpeedPoint[] = [];
  #times: readonly number[] = [];
  #place: Place = null;

  constructor(box: HTMLElement, options: CurveOptions) {
    this.#box = box;
    this.#options = options;
    this.#plot = new uPlot(plotOptions(box, options.utc), [[], []], box);
    this.#unfollow = followColours(() => this.redraw());
    this.#size = new ResizeObserver(() => this.#resize());
    this.#size.observe(box);
    const point = (event: PointerEvent) => {
      this.#place = { left: event.clientX - this.#plot.over.getBoundingClientRect().left };
      this.#read();
    };
    this.#plot.over.addEventListener("pointermove", point);
    this.#plot.over.addEventListener("pointerdown", point);
    this.#plot.over.addEventListener("pointerleave", () => this.leave());
  }

  setPoints(points: readonly SpeedPoint[]): void {
    const columns = columnsOf(points, Date.now());
    this.#points = points;
    this.#times = columns[0];
    // At once, as the cursor needs the scale.
    this.#plot.batch(() => this.#plot.setData(columns));
    this.#moveCursor();
    this.#read();
  }

  // Moves the cursor as this key says; false if it says nothing.
  press(key: string): boolean {
    if (key === "Escape" && this.#place !== null) {
      this.leave();
      return true;
    }
    const next = nextIndex(key, this.#index(), this.#points.length);
    const chosen = next === null ? undefined : this.#points[next];
    if (chosen === undefined) {
      return false;
    }
    this.#place = { at: chosen.at };
    this.#moveCursor();
    this.#read();
    return true;
  }

  leave(): void {
    this.#place = null;
    this.#plot.setCursor({ left: -1, top: -1 });
    this.#read();
  }

  redraw(): void {
    this.#plot.redraw(false, true);
  }

  destroy(): void {
    this.#size.disconnect();
    this.#unfollow();
    this.#plot.destroy();
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#box;
    if (width !== this.#plot.width || height !== this.#plot.height) {
      this.#plot.setSize({ width, height });
      this.#moveCursor();
    }
  }

  #index(): number | null {
    if (this.#place === null || this.#points.length === 0) {
      return null;
    }
    const time = "at" in this.#place
      ? this.#place.at : this.#plot.posToVal(this.#place.left, "x");
    return Math.min(this.#points.length - 1, indexAt(this.#times, time));
  }

  #read(): void {
    const index = this.#index();
    this.#options.onRead(index === null ? null : this.#points[index] ?? null);
  }

  #moveCursor(): void {
    if (this.#place !== null && "at" in this.#place) {
      this.#plot.setCursor({ left: this.#plot.valToPos(this.#place.at, "x"), top: 0 });
    }
  }
}
