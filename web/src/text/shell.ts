// SPDX-License-Identifier: Apache-2.0
//
// Command lines for people to copy. Ids come from anywhere, so they are quoted
// such that a shell reads nothing but a word in them.

// `word` as one word of a POSIX shell. Nothing is special within single quotes but
// the quote itself.
export function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

// `id` as a segment of a path. What encodeURIComponent leaves is safe in a URL, but
// not wherever a URL is pasted; and it throws if half of a surrogate pair is missing.
export function encodeSegment(id: string): string {
  return encodeURIComponent(id.replace(/[\ud800-\udfff]/gu, "\ufffd")).replace(
    /[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

// The argument of curl that sends a token, which whoever copies it has in a variable;
// with a space in front. "": no token is needed.
export function tokenArgument(needsToken: boolean): string {
  return needsToken ? ' -H "Authorization: Bearer $TOKEN"' : "";
}

// A command that reads `url`. curl takes brackets and braces for patterns, but for
// those around an address of IPv6.
export function curlOf(url: string, needsToken: boolean): string {
  const [, host = "", rest = ""] = /^([a-z]+:\/\/[^/]*)?(.*)$/s.exec(url) ?? [];
  const path = rest.replace(/[[\]{}]/g, encodeURIComponent);
  return `curl${tokenArgument(needsToken)} ${quoteForShell(host + path)}`;
}
