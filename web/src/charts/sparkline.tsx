// SPDX-License-Identifier: Apache-2.0
//
// A line of messages a second, without axes: its label says the values.
import "./sparkline.css";
import type { RateSample } from "../state/fleet.js";
import { sparklineLabel, sparklinePaths } from "./sparkline_path.js";

const box = { width: 240, height: 40 };

interface Props {
  readonly samples: readonly RateSample[]; // the oldest first
  readonly seconds: number; // that the width stands for
}

export function Sparkline({ samples, seconds }: Props) {
  const { line, area } = sparklinePaths(samples, seconds, box);
  return (
    <svg class="sparkline" viewBox={`0 0 ${box.width} ${box.height}`} preserveAspectRatio="none"
      role="img" aria-label={sparklineLabel(samples, seconds)}>
      <path class="sparkline-area" d={area} />
      <path class="sparkline-line" d={line} />
    </svg>
  );
}
