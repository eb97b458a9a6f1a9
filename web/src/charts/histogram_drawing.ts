// SPDX-License-Identifier: Apache-2.0
//
// Draws the bars of the histogram, its axis and the one line that says how high
// they are.
import type { SpeedBin } from "../api/types.js";
import { formatNumber } from "../text/numbers.js";
import type { Surface } from "./canvas.js";
import { axisLabels, placeLabels, roundUp } from "./speed_bins.js";

const lineHeight = 16; // of a label
const gap = 4; // between a label and the bars

// `read`: the index of the bar that is read, which is marked; or null.
export function drawHistogram(
  surface: Surface, bars: readonly SpeedBin[], read: number | null,
): void {
  const { height } = surface;
  const top = lineHeight + gap, bottom = height - lineHeight - gap;
  if (bars.length === 0 || bottom <= top) {
    return;
  }
  const most = roundUp(Math.max(...bars.map(({ rockets }) => rockets)));
  drawScale(surface, top, most);
  bars.forEach(({ rockets }, i) => {
    // A bar that is not empty is seen, however few its rockets are.
    const tall = rockets === 0 ? 0 : Math.max(2, rockets / most * (bottom - top));
    drawBar(surface, { from: i / bars.length, to: (i + 1) / bars.length, bottom, tall, top },
      read === i);
  });
  drawAxis(surface, bars, bottom);
}

function drawScale({ context, width, pixel, palette }: Surface, top: number, most: number) {
  context.fillStyle = palette.lineSoft;
  context.fillRect(0, top, width, pixel);
  context.fillStyle = palette.textSoft;
  context.textBaseline = "bottom";
  context.fillText(formatNumber(most), 0, top - 1);
}

interface BarBox {
  readonly from: number; // 0 to 1 of the width
  readonly to: number;
  readonly top: number;
  readonly bottom: number;
  readonly tall: number;
}

function drawBar({ context, width, pixel, palette }: Surface, bar: BarBox, read: boolean) {
  const snap = (value: number) => Math.round(value / pixel) * pixel;
  const left = snap(bar.from * width);
  const space = (bar.to - bar.from) * width >= 4 ? 1 : 0;
  const wide = snap(bar.to * width) - left - space;
  if (read) {
    context.fillStyle = palette.accentSoft;
    context.fillRect(left, bar.top, wide, bar.bottom - bar.top);
  }
  context.fillStyle = read ? palette.text : palette.accent;
  const high = snap(bar.tall);
  context.fillRect(left, bar.bottom - high, wide, high);
}

function drawAxis({ context, width, pixel, palette }: Surface,
  bars: readonly SpeedBin[], bottom: number) {
  context.fillStyle = palette.lineStrong;
  context.fillRect(0, bottom, width, pixel);
  context.fillStyle = palette.textSoft;
  context.textBaseline = "top";
  const labels = placeLabels(axisLabels(bars), bars.length, width,
    (text) => context.measureText(text).width);
  for (const { x, text } of labels) {
    context.fillText(text, x, bottom + gap);
  }
}
