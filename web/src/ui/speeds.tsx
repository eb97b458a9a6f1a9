// SPDX-License-Identifier: Apache-2.0
//
// The panel of the speeds of all rockets.
import "./speeds.css";
import { computed } from "@preact/signals";
import { Histogram } from "../charts/histogram.js";
import { summary } from "../state/fleet.js";

const speeds = computed(() => summary.value?.speeds ?? []);

export function Speeds() {
  return (
    <section class="panel speeds" aria-labelledby="speeds-title">
      <div class="panel-head"><h2 class="panel-title" id="speeds-title">Speed</h2></div>
      <div class="panel-body speeds-body"><Histogram speeds={speeds.value} /></div>
    </section>
  );
}
