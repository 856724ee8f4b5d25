// Which mails about games the player wants. Those about the account, and codes, are always sent.
import type { Schemas } from '../../client/browser.ts';
import { usePlayer, useWords } from '../context.ts';
import { useLoad } from '../use-load.ts';
import { Async, Problem, useAct } from './basics.tsx';

type Kind = Schemas['commands']['user.mail_opt_outs.set']['payload']['opted_out'][number];
type Group = 'turns' | 'games' | 'people' | 'names';

/** Few enough to choose from. */
const groupOf: Readonly<Record<Kind, Group>> = {
  'lobby.application.submitted': 'people',
  'lobby.application.approved': 'people',
  'lobby.application.rejected': 'people',
  'lobby.invite.created': 'people',
  'lobby.invite.redeemed': 'people',
  'lobby.invite.declined': 'people',
  'lobby.invite.revoked': 'people',
  'lobby.invite.expired': 'people',
  'lobby.membership.left': 'people',
  'lobby.membership.removed': 'people',
  'lobby.membership.blocked': 'people',
  'lobby.membership.unblocked': 'people',
  'lobby.enrollment.closed': 'games',
  'lobby.enrollment.underfilled': 'games',
  'lobby.enrollment.reopened': 'games',
  'lobby.game.started': 'games',
  'lobby.game.start_failed': 'games',
  'lobby.game.paused': 'games',
  'lobby.game.resumed': 'games',
  'lobby.game.turn_advanced': 'turns',
  'lobby.game.finished': 'games',
  'lobby.game.cancelled': 'games',
  'lobby.runtime_paused_after_start': 'games',
  'lobby.race_name.registration_eligible': 'names',
  'lobby.race_name.registration_denied': 'names',
  'lobby.race_name.registered': 'names',
  'lobby.race_name.expired': 'names',
  'game.turn.due_soon': 'turns',
  'game.turn.waiting_for_you': 'turns',
  'game.engine.failing': 'games',
};
const groups: readonly Group[] = ['turns', 'games', 'people', 'names'];

export function Mails() {
  const { client } = usePlayer();
  const { text } = useWords();
  const { busy, error, act } = useAct();
  const stored = useLoad('mail-opt-outs', () => client.user.mailOptOuts.get());
  const choose = (optedOut: readonly string[], group: Group, wanted: boolean) => async () => {
    const kinds = Object.keys(groupOf) as Kind[];
    const others = kinds.filter((kind) => groupOf[kind] !== group && optedOut.includes(kind));
    const unwanted = wanted ? [] : kinds.filter((kind) => groupOf[kind] === group);
    await client.user.mailOptOuts.set({ opted_out: [...others, ...unwanted] });
    await stored.reload();
  };
  return (
    <section class="card">
      <h2>{text.mails.title}</h2>
      <p class="help">{text.mails.help}</p>
      <Async of={stored}>
        {({ opted_out: optedOut }) =>
          groups.map((group) => (
            <label key={group} class="check">
              <input
                type="checkbox"
                disabled={busy}
                checked={!optedOut.some((kind) => groupOf[kind as Kind] === group)}
                onChange={({ currentTarget: { checked } }) => act(choose(optedOut, group, checked))}
              />
              {text.mails.groups[group]}
            </label>
          ))
        }
      </Async>
      <Problem error={error} />
    </section>
  );
}
