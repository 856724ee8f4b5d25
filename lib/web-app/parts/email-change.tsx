// Changing the e-mail address: a code from the old mailbox, or a recovery code, and one from the new mailbox.
import { useState } from 'preact/hooks';
import { usePlayer, useWords } from '../context.ts';
import { rememberName } from '../player.ts';
import { Problem, useAct } from './basics.tsx';
import { AddressField, CodeField } from './fields.tsx';

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
        <AddressField id="new-email" label={text.account.newEmail} value={email} onChange={setEmail} />
      ) : (
        <>
          <p role="status">{text.account.codesSent}</p>
          <CodeField
            mayHaveLetters
            id="old-code"
            label={`${text.account.oldCode} / ${text.signIn.recoveryCode}`}
            value={oldCode}
            onChange={setOldCode}
          />
          <CodeField id="new-code" label={text.account.newCode} value={newCode} onChange={setNewCode} />
        </>
      )}
      <Problem error={error} />
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
