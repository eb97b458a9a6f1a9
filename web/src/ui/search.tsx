// SPDX-License-Identifier: Apache-2.0
export const searchInputId = "search"; // the key "/" puts the focus there

export function Search() {
  return (
    <input id={searchInputId} class="input search-input" type="search"
      placeholder="Search by id" aria-label="Search by the beginning of an id" />
  );
}
