import { boundedText } from '../games/fields.ts';

/** Why an operator acts. */
export const reason = boundedText(1, 500).openapi({ description: 'Why, for the records.' });
