// Changing the e-mail address: a code from the old mailbox, or a recovery code, and one from the new mailbox.
import { useState } from 'preact/hooks';
import { usePlayer, useWords } from '../context.ts';
import { wordsFor } from '../errors.ts';
import { rememberName } from '../player.ts';
import { Labelled, useAct } from './basics.tsx';

export function EmailChange({ onChanged }: { onChanged: () => Promise<void> }) {
  const { client, deviceSessionId } = usePlayer();
  const { text } = useWords();
  const { busy, error, act } = useAct();
  const [email, setEmail] = useState('');
  const [changeId, setChangeId] = useState<string>();
  const [oldCode, setOldCode] = useState('');
  const [newCode, setNewCode] = useState('');
  const start = async () => {
    const { email_change_id: id } = await client.user.email.startChange({ new_email: email.trim() });
    setChangeId(id);
  };
  const confirm = async (id: string) => {
    const account = await client.user.email.confirmChange({
      email_change_id: id,
      new_code: newCode.trim(),
      ...(isRecoveryCode(oldCode) ? { recovery_code: oldCode.trim() } : { old_code: oldCode.trim() }),
    });
    rememberName(deviceSessionId, account.email);
    setChangeId(undefined);
    setOldCode('');
    setNewCode('');
    setEmail('');
    await onChanged();
  };
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        act(() => (changeId === undefined ? start() : confirm(changeId)));
      }}
    >
      <h2>{text.account.changeEmail}</h2>
      {changeId === undefined ? (
        <Labelled id="new-email" label={text.account.newEmail}>
          <input
            id="new-email"
            type="email"
            autocomplete="email"
            required
            value={email}
            onInput={({ currentTarget }) => setEmail(currentTarget.value)}
          />
        </Labelled>
      ) : (
        <>
          <p role="status">{text.account.codesSent}</p>
          <Labelled id="old-code" label={`${text.account.oldCode} / ${text.signIn.recoveryCode}`}>
            <input
              id="old-code"
              required
              autocomplete="one-time-code"
              value={oldCode}
              onInput={({ currentTarget }) => setOldCode(currentTarget.value)}
            />
          </Labelled>
          <Labelled id="new-code" label={text.account.newCode}>
            <input
              id="new-code"
              required
              autocomplete="one-time-code"
              value={newCode}
              onInput={({ currentTarget }) => setNewCode(currentTarget.value)}
            />
          </Labelled>
        </>
      )}
      {error !== undefined && (
        <p class="problem" role="alert">
          {wordsFor(error, text)}
        </p>
      )}
      <button type="submit" disabled={busy}>
        {text.account.changeEmail}
      </button>
    </form>
  );
}

/** Codes of mails are digits. */
function isRecoveryCode(code: string): boolean {
  return /[^\d\s]/.test(code.trim());
}
