import { OldestUnprocessed } from '../../streams/oldest-unprocessed.ts';
import { Instruments } from '../../telemetry/instruments.ts';
import { type ConsumerName, consumerNames } from './consumer-streams.ts';

export const lobbyInstruments = new Instruments('galaxy.lobby');

/** As the outbox relay of this process saw it last; without a relay the gauges below report nothing. */
export const oldestUnprocessed = new OldestUnprocessed();

const entries: Record<ConsumerName, string> = {
  gm_events: 'event of the Game Master',
  runtime_results: 'result of a start or stop job',
  user_lifecycle: 'event of a user',
};

for (const name of consumerNames) {
  lobbyInstruments.gauge(
    `lobby.${name}.oldest_unprocessed_age_ms`,
    [],
    `How long the oldest ${entries[name]} has been in its stream that the lobby has not handled; 0 when it has ` +
      'handled all. While Redis cannot be asked, how long that may be.',
    (observe) => {
      const ageMs = oldestUnprocessed.ageMs(name);
      if (ageMs !== undefined) observe(ageMs);
    },
  );
}
