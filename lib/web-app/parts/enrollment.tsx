// A game that takes players: applying, deciding about applications, inviting.
import { useState } from 'preact/hooks';
import type { Invite } from '../../client/browser.ts';
import { usePlayer, useWords } from '../context.ts';
import { problemWords } from '../errors.ts';
import type { GameState } from '../game-state.ts';
import { addressOf } from '../router.ts';
import { timeWords } from '../time-words.ts';
import { about, useLoad } from '../use-load.ts';
import { Act, Async, Labelled, Problem, useAct } from './basics.tsx';
import { RaceNameField } from './race-name-field.tsx';

type Props = { readonly state: GameState; readonly isOwner: boolean; readonly reload: () => Promise<void> };

export function Enrollment(props: Props) {
  const { state, isOwner } = props;
  const { userId } = usePlayer();
  const { language, text } = useWords();
  const { game, members } = state;
  const isMember = members.some((member) => member.user_id === userId && member.status === 'active');
  return (
    <>
      <p class="notice">
        {text.card.players(game.active_members, game.max_players)} ·{' '}
        {text.card.endsAt(timeWords(game.enrollment_ends_at, language))}
      </p>
      {!isMember && (game.game_type === 'public' || isOwner) && <Apply {...props} />}
      {!isMember && game.game_type === 'private' && !isOwner && <MyInvite {...props} />}
      {isOwner && <Applications {...props} />}
      {isOwner && game.game_type === 'private' && <Invites {...props} />}
    </>
  );
}

function Apply({ state: { game }, reload }: Props) {
  const { client } = usePlayer();
  const { text } = useWords();
  const { busy, error, act } = useAct();
  const [name, setName] = useState('');
  const gameId = game.game_id;
  const mine = useLoad(
    `application ${gameId}`,
    async () => {
      const { items } = await client.lobby.application.listMine({ status: 'pending', page_size: 200 });
      return items.find(({ game_id: id }) => id === gameId) ?? null;
    },
    about(gameId),
  );
  const apply = async () => {
    await client.lobby.application.submit({ game_id: gameId, race_name: name.trim() });
    await Promise.all([mine.reload(), reload()]);
  };
  return (
    <Async of={mine}>
      {(pending) =>
        pending === null ? (
          <form
            class="card"
            onSubmit={(event) => {
              event.preventDefault();
              act(apply);
            }}
          >
            <h2>{text.game.apply}</h2>
            <RaceNameField value={name} onChange={setName} />
            <Problem error={error} />
            <button type="submit" class="primary" disabled={busy}>
              {text.game.sendApplication}
            </button>
          </form>
        ) : (
          <section class="card">
            <p role="status">{text.game.pending(pending.race_name)}</p>
            <Act
              label={text.game.withdraw}
              onAct={async () => {
                await client.lobby.application.withdraw({ application_id: pending.application_id });
                await mine.reload();
              }}
            />
          </section>
        )
      }
    </Async>
  );
}

function Applications({ state: { game }, reload }: Props) {
  const { client } = usePlayer();
  const { text } = useWords();
  const gameId = game.game_id;
  const pending = useLoad(
    `applications ${gameId}`,
    () => client.lobby.application.list({ game_id: gameId, status: 'pending', page_size: 200 }),
    about(gameId),
  );
  const decide = (decision: 'approve' | 'reject', id: string) => async () => {
    await client.lobby.application[decision]({ application_id: id });
    await Promise.all([pending.reload(), reload()]);
  };
  if (game.game_type === 'private' && pending.value?.items.length === 0) return null;
  return (
    <section class="card" aria-live="polite">
      <h2>{text.game.applications}</h2>
      <Async of={pending}>
        {({ items }) => (
          <>
            {items.length === 0 && <p class="nothing">{text.game.noApplications}</p>}
            <ul class="plain rows">
              {items.map(({ application_id: id, race_name: name }) => (
                <li key={id}>
                  <bdi>{name}</bdi>
                  <span class="buttons">
                    <Act primary label={text.game.approve} about={name} onAct={decide('approve', id)} />
                    <Act label={text.game.reject} about={name} onAct={decide('reject', id)} />
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Async>
    </section>
  );
}

/** Of the person who was invited. */
function MyInvite({ state: { game }, reload }: Props) {
  const { client } = usePlayer();
  const { text } = useWords();
  const { busy, error, act } = useAct();
  const [name, setName] = useState('');
  const invites = useLoad(`my invite ${game.game_id}`, async () => {
    const { items } = await client.lobby.invite.listMine({ status: 'pending', page_size: 200 });
    return items.find(({ game_id: id }) => id === game.game_id) ?? null;
  });
  const invite = invites.value;
  if (invite === undefined || invite === null) return null;
  const { invite_id } = invite;
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        act(async () => {
          await client.lobby.invite.redeem({ invite_id, race_name: name.trim() });
          await reload();
        });
      }}
    >
      <h2>{text.game.apply}</h2>
      <RaceNameField value={name} onChange={setName} />
      <Problem error={error} />
      <div class="buttons">
        <button type="submit" class="primary" disabled={busy}>
          {text.game.accept}
        </button>
        <Act
          label={text.game.decline}
          onAct={async () => {
            await client.lobby.invite.decline({ invite_id });
            await invites.reload();
          }}
        />
      </div>
    </form>
  );
}

function Invites({ state: { game } }: Props) {
  const { client } = usePlayer();
  const { text } = useWords();
  const { busy, error, act } = useAct();
  const [handle, setHandle] = useState('');
  const gameId = game.game_id;
  const invites = useLoad(
    `invites ${gameId}`,
    () => client.lobby.invite.list({ game_id: gameId, page_size: 200 }),
    about(gameId),
  );
  const invite = async () => {
    const { user_id } = await client.user.player.lookup({ handle: handle.trim() });
    await client.lobby.invite.create({ game_id: gameId, user_id });
    setHandle('');
    await invites.reload();
  };
  const makeLink = async () => {
    await client.lobby.invite.create({ game_id: gameId, max_uses: game.max_players });
    await invites.reload();
  };
  const links =
    invites.value?.items.filter(({ code, status }) => code !== null && status === 'pending') ?? [];
  return (
    <section class="card">
      <h2>{text.game.invite}</h2>
      <form
        class="inline"
        onSubmit={(event) => {
          event.preventDefault();
          act(invite);
        }}
      >
        <Labelled id="handle" label={text.game.inviteByHandle} problem={problemWords(error, text)}>
          <input
            id="handle"
            required
            autocomplete="off"
            value={handle}
            onInput={({ currentTarget }) => setHandle(currentTarget.value)}
          />
        </Labelled>
        <button type="submit" disabled={busy}>
          {text.game.inviteSend}
        </button>
      </form>
      <p class="help">{text.game.inviteLinkHelp}</p>
      <Act label={text.game.inviteLink} onAct={makeLink} />
      {links.map((link) => (
        <InviteLink key={link.invite_id} link={link} onRevoked={invites.reload} />
      ))}
    </section>
  );
}

function InviteLink({ link, onRevoked }: { link: Invite; onRevoked: () => Promise<void> }) {
  const { client } = usePlayer();
  const { text } = useWords();
  const [copied, setCopied] = useState(false);
  const { invite_id, code, uses, max_uses: max } = link;
  const address = `${location.origin}/${addressOf({ page: 'invite', code: code ?? '' })}`;
  return (
    <div class="link">
      <input readOnly value={address} aria-label={text.game.inviteLinks} />
      <div class="buttons">
        <button
          type="button"
          onClick={() => void navigator.clipboard.writeText(address).then(() => setCopied(true))}
        >
          {copied ? text.game.copied : text.game.copy}
        </button>
        <Act
          label={text.game.revoke}
          onAct={async () => {
            await client.lobby.invite.revoke({ invite_id });
            await onRevoked();
          }}
        />
      </div>
      <p class="help">{text.game.uses(uses, max)}</p>
    </div>
  );
}
