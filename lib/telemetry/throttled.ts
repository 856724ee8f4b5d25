/**
 * For events that would otherwise fill the log with the same line: reports the first one at once, and then at most once
 * in every `intervalMs` while they continue.
 * @param report gets how many events there were since the last report.
 */
export function throttled(intervalMs: number, report: (times: number) => void): () => void {
  let times = 0;
  let reportedAt = -Infinity;
  return () => {
    times += 1;
    const now = performance.now();
    if (now - reportedAt < intervalMs) return;
    report(times);
    times = 0;
    reportedAt = now;
  };
}
