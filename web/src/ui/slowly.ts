// SPDX-License-Identifier: Apache-2.0
//
// A signal that follows another one, but changes at most once a period: a first
// change is shown at once, and those after it together.
import { useSignal, type ReadonlySignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

export function useSlowly<T>(source: ReadonlySignal<T>, period: number): ReadonlySignal<T> {
  const slow = useSignal(source.peek());
  useEffect(() => {
    let last = -Infinity;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const follow = () => {
      timer = undefined;
      last = performance.now();
      slow.value = source.peek();
    };
    const unsubscribe = source.subscribe(() => {
      timer ??= setTimeout(follow, Math.max(0, last + period - performance.now()));
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [source, slow, period]);
  return slow;
}
