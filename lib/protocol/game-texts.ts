/** Lengths of what owners write about their games, in characters, inclusive: for the lobby's schemas and for forms. */
export const gameTextBounds = {
  gameName: { min: 3, max: 60 },
  description: { max: 2_000 },
} as const;
