// Codes that stand in for the mailbox. They are shown once.
import { useState } from 'preact/hooks';
import { usePlayer, useWords } from '../context.ts';
import { problemWords } from '../errors.ts';
import { useLoad } from '../use-load.ts';
import { Act, Async, useAct } from './basics.tsx';
import { CodeField } from './fields.tsx';

export function RecoveryCodes() {
  const { client } = usePlayer();
  const { text } = useWords();
  const { busy, error, act } = useAct();
  const left = useLoad(
    'recovery-codes',
    () => client.user.recoveryCodes.get(),
    (news) => news.kind === 'event' && news.eventType.startsWith('user.recovery_code'),
  );
  const [challengeId, setChallengeId] = useState<string>();
  const [code, setCode] = useState('');
  const [codes, setCodes] = useState<readonly string[]>([]);
  const create = async (id: string) => {
    const made = await client.user.recoveryCodes.create({ challenge_id: id, code: code.trim() });
    setCodes(made.recovery_codes);
    setChallengeId(undefined);
    setCode('');
    await left.reload();
  };
  return (
    <section class="card">
      <h2>{text.account.recovery}</h2>
      <p class="help">{text.account.recoveryHelp}</p>
      <Async of={left}>{({ recovery_codes_left: count }) => <p>{text.account.left(count)}</p>}</Async>
      {codes.length > 0 && (
        <>
          <p class="notice" role="status">
            {text.account.keepCodes}
          </p>
          <ul class="codes">
            {codes.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </>
      )}
      {challengeId === undefined ? (
        <Act
          label={text.account.makeCodes}
          onAct={async () => setChallengeId((await client.user.recoveryCodes.start()).challenge_id)}
        />
      ) : (
        <form
          class="inline"
          onSubmit={(event) => {
            event.preventDefault();
            act(() => create(challengeId));
          }}
        >
          <CodeField
            id="recovery-mail-code"
            label={text.account.codeFromMail}
            problem={problemWords(error, text)}
            value={code}
            onChange={setCode}
          />
          <button type="submit" disabled={busy}>
            {text.account.showCodes}
          </button>
        </form>
      )}
    </section>
  );
}
