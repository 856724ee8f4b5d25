// The account of the player: what others see of it, language and zone, and where they are signed in.
import { useState } from 'preact/hooks';
import type { Account } from '../../client/browser.ts';
import { usePlayer, useWords } from '../context.ts';
import { Act, Async, Labelled, Problem, useAct } from '../parts/basics.tsx';
import { EmailChange } from '../parts/email-change.tsx';
import { Mails } from '../parts/mails.tsx';
import { RecoveryCodes } from '../parts/recovery-codes.tsx';
import { forgetHere, signOut } from '../player.ts';
import { addressOf } from '../router.ts';
import { isLanguage, type Language, languages } from '../texts/languages.ts';
import { timeWords } from '../time-words.ts';
import { useLoad } from '../use-load.ts';

export function AccountPage(props: {
  onLanguage: (language: Language) => void;
  /** The tab has no person any more. */
  onSignedOut: () => void;
}) {
  const { onLanguage, onSignedOut } = props;
  const player = usePlayer();
  const { text } = useWords();
  const account = useLoad('account', () => player.client.user.account.get());
  return (
    <main class="narrow">
      <h1>{text.account.title}</h1>
      <Async of={account}>
        {(value) => <AccountForm account={value} onLanguage={onLanguage} onSaved={account.reload} />}
      </Async>
      <section class="card">
        <p>
          <a href={addressOf({ page: 'names' })}>{text.names.title}</a>
        </p>
      </section>
      <Mails />
      <Devices />
      <EmailChange onChanged={account.reload} />
      <RecoveryCodes />
      <section class="card buttons">
        <button type="button" onClick={onSignedOut}>
          {text.account.another}
        </button>
        <Act
          label={text.account.signOut}
          onAct={async () => {
            await signOut(player);
            onSignedOut();
          }}
        />
      </section>
      <section class="card">
        <p class="help">{text.account.deleteHelp}</p>
        <Act
          asks
          label={text.account.delete}
          onAct={async () => {
            await player.client.user.account.delete();
            await forgetHere(player.deviceSessionId);
            onSignedOut();
          }}
        />
      </section>
    </main>
  );
}

function AccountForm(props: {
  account: Account;
  onLanguage: (language: Language) => void;
  onSaved: () => Promise<void>;
}) {
  const { account, onLanguage, onSaved } = props;
  const { client } = usePlayer();
  const { language, text } = useWords();
  const { busy, error, act } = useAct();
  const [draft, setDraft] = useState(account);
  const [saved, setSaved] = useState(false);
  const change = (changed: Partial<Account>) => {
    setSaved(false);
    setDraft({ ...draft, ...changed });
  };
  const save = async () => {
    const { handle, display_name: name, time_zone } = draft;
    await client.user.account.update({
      time_zone,
      locale: language,
      ...(handle !== null && handle !== account.handle && { handle }),
      ...(name !== null && name !== account.display_name && { display_name: name }),
    });
    await onSaved();
    setSaved(true);
  };
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        act(save);
      }}
    >
      <p>
        {text.account.email}: <bdi>{account.email}</bdi>
      </p>
      <Labelled id="handle" label={text.account.handle} help={text.account.handleHelp}>
        <input
          id="handle"
          autocomplete="off"
          aria-describedby="handle-help"
          value={draft.handle ?? ''}
          onInput={({ currentTarget: { value } }) => change({ handle: value === '' ? null : value })}
        />
      </Labelled>
      <Labelled id="display-name" label={text.account.displayName}>
        <input
          id="display-name"
          maxLength={60}
          autocomplete="nickname"
          value={draft.display_name ?? ''}
          onInput={({ currentTarget: { value } }) => change({ display_name: value === '' ? null : value })}
        />
      </Labelled>
      <Labelled id="language" label={text.account.language}>
        <select
          id="language"
          value={language}
          onChange={({ currentTarget: { value } }) => isLanguage(value) && onLanguage(value)}
        >
          {Object.entries(languages).map(([tag, { language: name }]) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
      </Labelled>
      <Labelled id="zone" label={text.account.zone}>
        <select
          id="zone"
          value={draft.time_zone}
          onChange={({ currentTarget: { value } }) => change({ time_zone: value })}
        >
          {[...new Set([draft.time_zone, ownZone, ...Intl.supportedValuesOf('timeZone')])].map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </select>
      </Labelled>
      <Problem error={error} />
      <div class="buttons">
        <button type="submit" class="primary" disabled={busy}>
          {text.save}
        </button>
        <span role="status">{saved && text.saved}</span>
      </div>
    </form>
  );
}

const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function Devices() {
  const { client, deviceSessionId } = usePlayer();
  const { language, text } = useWords();
  const sessions = useLoad('sessions', () => client.user.session.list({ page_size: 100 }));
  return (
    <section class="card">
      <h2>{text.account.devices}</h2>
      <Async of={sessions}>
        {({ items }) => (
          <ul class="plain rows">
            {items
              .filter(({ status }) => status === 'active')
              .map(({ device_session_id: id, device_name: name, created_at: since }) => (
                <li key={id}>
                  <span>
                    <bdi>{name ?? text.account.unnamed}</bdi>
                    {id === deviceSessionId && ` (${text.account.thisDevice})`}
                    <small> {text.account.since(timeWords(since, language))}</small>
                  </span>
                  {id !== deviceSessionId && (
                    <Act
                      label={text.account.signOut}
                      about={name ?? text.account.unnamed}
                      onAct={async () => {
                        await client.user.session.revoke({ device_session_id: id });
                        await forgetHere(id);
                        await sessions.reload();
                      }}
                    />
                  )}
                </li>
              ))}
          </ul>
        )}
      </Async>
      <Act asks label={text.account.signOutEverywhere} onAct={() => client.user.session.revokeAll()} />
    </section>
  );
}
