// SPDX-License-Identifier: Apache-2.0
//
// A canvas that is as large as its box and as sharp as the screen, in the
// colours of the page. It is drawn at most once a frame, and only if its inputs,
// its size or the colours have changed. It leaves to its users what they draw,
// its label and what stands in for it where it cannot be seen.
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

// Colours and fonts of tokens.css, ready for a context.
export interface Palette {
  readonly surface: string;
  readonly text: string;
  readonly textSoft: string;
  readonly lineSoft: string;
  readonly lineStrong: string;
  readonly accent: string;
  readonly accentSoft: string;
  readonly alert: string;
  readonly alertSoft: string;
  readonly received: string; // messages, between missing ones
  readonly font: string; // of labels
}

// What to draw on: cleared, and in CSS pixels. `pixel` is one of the screen.
export interface Surface {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly pixel: number;
  readonly palette: Palette;
}

// A canvas does not follow forced colours by itself, so it asks for them. Only
// Canvas and CanvasText are sure to differ from each other.
const forcedColours: Omit<Palette, "font"> = {
  surface: "Canvas", text: "CanvasText", textSoft: "CanvasText",
  lineSoft: "GrayText", lineStrong: "CanvasText", accent: "CanvasText",
  accentSoft: "Highlight", alert: "CanvasText", alertSoft: "Canvas", received: "Canvas",
};

// The colours of tokens.css are pairs, of which the computed colour of an element is
// the one that holds.
function readColours(): Omit<Palette, "font"> {
  const probe = document.body.appendChild(document.createElement("span"));
  const { style } = probe;
  const computed = getComputedStyle(probe);
  const colour = (name: string) => {
    style.color = `var(${name})`;
    return computed.color;
  };
  const colours = {
    surface: colour("--surface"), text: colour("--text"), textSoft: colour("--text-soft"),
    lineSoft: colour("--line-soft"), lineStrong: colour("--line-strong"),
    accent: colour("--accent"), accentSoft: colour("--accent-soft"),
    alert: colour("--alert"), alertSoft: colour("--alert-soft"),
    received: colour("--accent-soft"),
  };
  probe.remove();
  return colours;
}

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  // The size of a token is in rem, which a context does not know.
  const size = parseFloat(style.getPropertyValue("--text-small")) * parseFloat(style.fontSize);
  const font = `${size}px ${style.getPropertyValue("--font").trim()}`;
  const isForced = matchMedia("(forced-colors: active)").matches;
  return { ...isForced ? forcedColours : readColours(), font };
}

// Read once for all canvases, and again when the theme has changed.
let palette: Palette | null = null;
const canvases = new Set<() => void>();

function recolour(): void {
  palette = null;
  canvases.forEach((schedule) => schedule());
}

let watching = false;

function watchColours(): void {
  if (watching) {
    return;
  }
  watching = true;
  new MutationObserver(recolour)
    .observe(document.documentElement, { attributeFilter: ["data-theme", "style"] });
  for (const query of ["(forced-colors: active)", "(prefers-color-scheme: dark)"]) {
    matchMedia(query).addEventListener("change", recolour);
  }
}

// Calls `onSize` with the size of the element in pixels of the screen, now and
// after each change, also if only the screen has changed.
function observeSize(element: Element, onSize: (width: number, height: number) => void) {
  const observer = new ResizeObserver((entries) => {
    const entry = entries.at(-1);
    if (entry === undefined) {
      return;
    }
    const width = Math.round(entry.contentRect.width * devicePixelRatio);
    const height = Math.round(entry.contentRect.height * devicePixelRatio);
    const exact = "devicePixelContentBoxSize" in entry
      ? entry.devicePixelContentBoxSize[0] : undefined; // not in each browser
    // Of an emulated screen Chromium gives CSS pixels.
    if (exact !== undefined && Math.abs(exact.inlineSize - width) <= 1
      && Math.abs(exact.blockSize - height) <= 1) {
      onSize(exact.inlineSize, exact.blockSize);
    } else {
      onSize(width, height);
    }
  });
  try {
    observer.observe(element, { box: "device-pixel-content-box" });
  } catch { // a browser that has no such box
    observer.observe(element);
  }
  return () => observer.disconnect();
}

export type Draw = (surface: Surface) => void;

function attach(canvas: HTMLCanvasElement, draw: () => Draw) {
  const context = canvas.getContext("2d");
  let frame = 0, width = 0, height = 0;
  const redraw = () => {
    frame = 0;
    if (context === null || width === 0 || height === 0) {
      return; // it is not shown
    }
    if (canvas.width !== width) {
      canvas.width = width;
    }
    if (canvas.height !== height) {
      canvas.height = height;
    }
    palette ??= readPalette();
    const ratio = devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width / ratio, height / ratio);
    context.font = palette.font;
    draw()({ context, width: width / ratio, height: height / ratio, pixel: 1 / ratio, palette });
  };
  const schedule = () => {
    if (frame === 0) {
      frame = requestAnimationFrame(redraw);
    }
  };
  const unobserve = observeSize(canvas, (newWidth, newHeight) => {
    if (newWidth === width && newHeight === height) {
      return;
    }
    width = newWidth;
    height = newHeight;
    schedule();
  });
  canvases.add(schedule);
  return {
    schedule,
    detach: () => {
      unobserve();
      cancelAnimationFrame(frame);
      canvases.delete(schedule);
    },
  };
}

function differ(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length !== other.length || one.some((value, i) => !Object.is(value, other[i]));
}

// For `<canvas ref={…}>`, which is there from the start, and whose box is given by
// CSS, not by its content. Draws with the last `draw` whenever one of `inputs` is
// another one than before.
export function useCanvas(
  draw: Draw, inputs: readonly unknown[],
): RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(draw);
  const drawn = useRef(inputs);
  const attached = useRef<ReturnType<typeof attach> | null>(null);
  latest.current = draw;
  useLayoutEffect(() => {
    if (canvas.current === null) {
      return;
    }
    watchColours();
    attached.current = attach(canvas.current, () => latest.current);
    return attached.current.detach;
  }, []);
  useLayoutEffect(() => {
    if (differ(drawn.current, inputs)) {
      attached.current?.schedule();
    }
    drawn.current = inputs;
  });
  return canvas;
}

// For a canvas that somebody else draws: the colours as they are now, and a call
// of `redraw` when they have changed. Returns what ends that.
export function currentPalette(): Palette {
  palette ??= readPalette();
  return palette;
}

export function followColours(redraw: () => void): () => void {
  watchColours();
  canvases.add(redraw);
  return () => canvases.delete(redraw);
}
