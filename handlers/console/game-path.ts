/** Of a game at the lobby, and at the Game Master. */
export const gamePath = (id: string) => `/api/v1/internal/lobby/games/${encodeURIComponent(id)}`;
export const playPath = (id: string) => `/api/v1/internal/games/${encodeURIComponent(id)}`;
