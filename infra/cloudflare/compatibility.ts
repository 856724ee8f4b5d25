/** Compatibility settings: https://developers.cloudflare.com/workers/configuration/compatibility-dates/ */
export const compatibility = {
  date: '2026-07-01',
  flags: [
    'nodejs_compat',
    // Lets lobby and backend call each other when both are workers of one zone.
    'global_fetch_strictly_public',
  ],
};
