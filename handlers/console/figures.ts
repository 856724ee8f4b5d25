// Figures as pages show them.

/** How long something lasts or is old: `0.4 s`, `12 min`, `3 h`, `5 days`. */
export function duration(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = seconds / 60;
  if (minutes < 120) return `${Math.round(minutes)} min`;
  const hours = minutes / 60;
  return hours < 72 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} days`;
}

export function mebibytes(bytes: number | null): string {
  return bytes === null ? '–' : `${Math.round(bytes / 1_048_576)} MiB`;
}

/** A number, or that there are more than were counted. */
export function upTo(count: number, isComplete: boolean): string {
  return isComplete ? String(count) : `${count}+`;
}
