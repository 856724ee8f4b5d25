// What engine:check prints: a line for each check and, where one failed, what is wrong, what the interface says, and the
// requests that show it.
import { type Attempt, curl } from './exchange.ts';
import type { Outcome } from './group.ts';

const page = 'docs/engine-interface.md';
const shownLength = 1_500;

/** @param before the outcome before it. */
export function linesOf(outcome: Outcome, before: Outcome | undefined): string[] {
  const lines = outcome.group === before?.group ? [] : ['', outcome.group];
  switch (outcome.kind) {
    case 'ok':
      return [...lines, `  ok      ${outcome.name}${outcome.note === undefined ? '' : ` (${outcome.note})`}`];
    case 'skipped':
      return [...lines, `  skipped ${outcome.name}: ${outcome.reason}`];
    case 'failed': {
      const { message, attempts, says = outcome.saying } = outcome.violation;
      const details = [
        message,
        `The interface says (${page}, "${says.section}"): ${says.text}`,
        ...attempts.flatMap(attemptLines),
      ];
      return [...lines, `  FAILED  ${outcome.name}`, ...details.flatMap(indented)];
    }
  }
}

function attemptLines(attempt: Attempt): string[] {
  const { status, text } = attempt;
  return [
    shown(curl(attempt)),
    status === undefined ? '  -> no response' : `  -> ${status} ${shown(text ?? '')}`,
  ];
}

function shown(text: string): string {
  return text.length > shownLength ? `${text.slice(0, shownLength)}… (${text.length} characters)` : text;
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `          ${line}`);
}

export function summaryOf(outcomes: readonly Outcome[]): string {
  const count = (kind: Outcome['kind']) => outcomes.filter((outcome) => outcome.kind === kind).length;
  return `${count('ok')} ok, ${count('failed')} failed, ${count('skipped')} skipped`;
}
