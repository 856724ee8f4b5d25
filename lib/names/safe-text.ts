// Which texts of users can be stored and shown as they are.

/** Unicode's explicit marks of direction, which reach beyond the text that has them. */
export const turningMarks = /[\u202A-\u202E\u2066-\u2069]/g;

export const unreadableProblem = 'must not contain control characters or characters that could not be read';
export const turningProblem = 'must not contain marks that turn the direction of what follows';

/** Whether every character can be read; line breaks and tabs can. */
export function isReadable(text: string): boolean {
  return text.isWellFormed() && !/[^\P{Cc}\n\t]|\uFFFD/u.test(text);
}

export function turnsDirection(text: string): boolean {
  return text.search(turningMarks) !== -1;
}
