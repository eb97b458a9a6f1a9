// SPDX-License-Identifier: Apache-2.0
//
// The icons: strokes of 1.5 on a grid of 16, in the colour of the text around
// them. They are never the only thing that says what something means.
import type { ComponentChildren } from "preact";

function icon(children: ComponentChildren) {
  return function Icon() {
    return <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">{children}</svg>;
  };
}

export const Close = icon(<path d="M4 4l8 8M12 4l-8 8" />);
export const Copy = icon(<path d="M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z" />);
export const Done = icon(<path d="M3 8.5l3.5 3.5L13 5" />);
export const Search = icon(<><circle cx="7" cy="7" r="4.5" /><path d="M10.5 10.5L14 14" /></>);
export const Up = icon(<path d="M8 13V3M4 7l4-4 4 4" />); // ascending
export const Down = icon(<path d="M8 3v10M4 9l4 4 4-4" />); // descending
export const Left = icon(<path d="M10 3L5 8l5 5" />);
export const Right = icon(<path d="M6 3l5 5-5 5" />);
export const Back = icon(<path d="M14 8H2M7 3L2 8l5 5" />);
export const Filter = icon(<path d="M2 3.5h12M4.5 8h7M6.5 12.5h3" />);
export const Sort = icon(<path d="M5 3v10M2 10l3 3 3-3M11 13V3M8 6l3-3 3 3" />);
export const Launch = icon(
  <>
    <path d="M8 1.5c2.5 2 3 4.5 3 7L9.5 11h-3L5 8.5c0-2.5.5-5 3-7zM5.5 9L4 12" />
    <path d="M10.5 9l1.5 3M8 13v1.5" />
  </>);
export const Notice = icon(<><circle cx="8" cy="8" r="6" /><path d="M8 7.5v3.5M8 5v.5" /></>);
export const Alert = icon(<path d="M8 2L1.5 13.5h13zM8 6.5v3M8 11.2v.5" />);
export const Dot = icon(<circle cx="8" cy="8" r="3.5" fill="currentColor" />);
export const Ring = icon(<circle cx="8" cy="8" r="4" />);
export const Pause = icon(<path d="M5.5 3.5v9M10.5 3.5v9" />);
export const Lock = icon(<path d="M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5" />);
export const Person = icon(
  <><circle cx="8" cy="5.5" r="3" /><path d="M2.5 14c.5-3 2.5-4.5 5.5-4.5s5 1.5 5.5 4.5" /></>);
export const Bars = icon(<path d="M3 13V9M8 13V3M13 13V6" />);
export const List = icon(<path d="M2.5 4h1M2.5 8h1M2.5 12h1M6.5 4h7M6.5 8h7M6.5 12h7" />);
export const Sun = icon(
  <>
    <circle cx="8" cy="8" r="3" />
    <path d="M8 1v1.5M8 13.5V15M1 8h1.5" />
    <path d="M13.5 8H15M3 3l1.1 1.1M11.9 11.9L13 13M13 3l-1.1 1.1M4.1 11.9L3 13" />
  </>);
export const Moon = icon(<path d="M13.5 9.5a6 6 0 1 1-7-7 5 5 0 0 0 7 7z" />);
export const System = icon(
  <>
    <circle cx="8" cy="8" r="6" />
    <path d="M8 2v12a6 6 0 0 0 0-12z" fill="currentColor" />
  </>);
export const Help = icon(
  <>
    <circle cx="8" cy="8" r="6" />
    <path d="M6.2 6.3a1.8 1.8 0 1 1 2.6 1.6c-.5.3-.8.6-.8 1.1M8 11v.4" />
  </>);
