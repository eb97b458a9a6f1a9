// SPDX-License-Identifier: Apache-2.0
//
// Light, dark, or what the system says. The sheet follows the system by itself;
// a choice stands in `data-theme` of the root. The script runs before the body
// is parsed, so a choice is there before anything is shown.
import { effect } from "@preact/signals";
import { theme, type Theme } from "../state/settings.js";

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

export function followTheme(): void {
  effect(() => {
    const root = document.documentElement;
    if (theme.value === "system") {
      delete root.dataset.theme;
    } else {
      root.dataset.theme = theme.value;
    }
  });
}

// From the system's theme to the other one, so that each step but the last one
// changes what is shown.
function themeAfter(shown: Theme): Theme {
  const [same, other] = systemIsDark.matches
    ? ["dark", "light"] as const : ["light", "dark"] as const;
  return shown === "system" ? other : shown === other ? same : "system";
}

export function switchTheme(): void {
  theme.value = themeAfter(theme.value);
}
