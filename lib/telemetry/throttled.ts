/**
 * For what would otherwise fill the log with one and the same line: tells at once, and then at most once in every
 * `intervalMs`, while it goes on happening.
 * @param tell gets how often it has happened since it was told last.
 */
export function throttled(intervalMs: number, tell: (times: number) => void): () => void {
  let times = 0;
  let toldAt = -Infinity;
  return () => {
    times += 1;
    const now = performance.now();
    if (now - toldAt < intervalMs) return;
    tell(times);
    times = 0;
    toldAt = now;
  };
}
