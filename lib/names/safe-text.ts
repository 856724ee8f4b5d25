// Which texts of users can be stored and shown as they are.

/** Unicode's explicit marks of direction, which reach beyond the text that has them. */
const turningMarks = /[\u202A-\u202E\u2066-\u2069]/;

export const unreadableProblem = 'must not contain control characters or characters that could not be read';
export const turningProblem = 'must not contain marks that turn the direction of what follows';

/** Whether every character means something; line breaks and tabs do. */
export function isReadable(text: string): boolean {
  return text.isWellFormed() && !/[^\P{Cc}\n\t]|\uFFFD|\p{Noncharacter_Code_Point}/u.test(text);
}

export function turnsDirection(text: string): boolean {
  return turningMarks.test(text);
}
