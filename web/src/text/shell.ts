// SPDX-License-Identifier: Apache-2.0
//
// Command lines for people to copy. Ids and URLs come from anywhere, so they
// are quoted such that no shell reads more in them than a word.

// `word` as one word of a POSIX shell.
export function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

// `id` as a segment of a path: encodeURIComponent, and what it leaves but a
// shell or a careless proxy may not.
export function encodeSegment(id: string): string {
  return encodeURIComponent(id).replace(
    /[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

// curl of a URL of the service.
export function curlOf(url: string): string {
  return `curl ${quoteForShell(url)}`;
}
