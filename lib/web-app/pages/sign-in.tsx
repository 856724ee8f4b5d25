// Signing in: an address, then the code that was mailed to it. There is no password.
import { useEffect, useState } from 'preact/hooks';
import { PublicHttpError } from '../../client/browser.ts';
import { useWords } from '../context.ts';
import { problemWords } from '../errors.ts';
import { Labelled, useAct } from '../parts/basics.tsx';
import { AddressField, CodeField } from '../parts/fields.tsx';
import { openPlayer, type Player, peopleHere, type SigningIn, signingIn } from '../player.ts';
import type { Texts } from '../texts/en.ts';

type Sent = { readonly email: string; readonly challengeId: string; readonly signIn: SigningIn };

/** `npm start` writes mails to its terminal. */
const isLocal = ['127.0.0.1', 'localhost'].includes(location.hostname);

export function SignInPage({ onPlayer }: { onPlayer: (player: Player, isStored: boolean) => void }) {
  const { text } = useWords();
  const [sent, setSent] = useState<Sent>();
  const [isLost, setIsLost] = useState(false);
  return (
    <main class="narrow">
      <h1>{text.signIn.title}</h1>
      <p>{text.signIn.intro}</p>
      {isLost && <RecoveryForm onPlayer={onPlayer} />}
      {!isLost && sent === undefined && <AddressForm onSent={setSent} />}
      {!isLost && sent !== undefined && (
        <CodeForm sent={sent} onPlayer={onPlayer} onBack={() => setSent(undefined)} />
      )}
      <p>
        <button type="button" class="quiet" onClick={() => setIsLost(!isLost)}>
          {isLost ? text.signIn.backToMail : text.signIn.lost}
        </button>
      </p>
      {sent === undefined && <PeopleHere onPlayer={onPlayer} />}
    </main>
  );
}

function AddressForm({ onSent }: { onSent: (sent: Sent) => void }) {
  const { language, text } = useWords();
  const { busy, error, act } = useAct();
  const [email, setEmail] = useState('');
  const send = async () => {
    const signIn = await signingIn();
    onSent({ email, signIn, challengeId: await signIn.sendCode(email, language) });
  };
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        act(send);
      }}
    >
      <AddressField
        id="email"
        label={text.signIn.email}
        problem={problemWords(error, text)}
        value={email}
        onChange={setEmail}
      />
      <button type="submit" class="primary" disabled={busy}>
        {text.signIn.sendCode}
      </button>
    </form>
  );
}

function CodeForm(props: {
  sent: Sent;
  onPlayer: (player: Player, isStored: boolean) => void;
  onBack: () => void;
}) {
  const { sent, onPlayer, onBack } = props;
  const { text } = useWords();
  const { busy, error, act } = useAct();
  const [code, setCode] = useState('');
  const confirm = async () => {
    const { player, isStored } = await sent.signIn.confirm(sent.challengeId, code.trim());
    onPlayer(player, isStored);
  };
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        act(confirm);
      }}
    >
      <p role="status">{isLocal ? text.signIn.local : text.signIn.sentTo(sent.email)}</p>
      <CodeField
        isAlone
        id="code"
        label={text.signIn.code}
        problem={problemWithCode(error, text)}
        value={code}
        onChange={setCode}
      />
      <div class="buttons">
        <button type="submit" class="primary" disabled={busy}>
          {text.signIn.confirm}
        </button>
        <button type="button" onClick={onBack}>
          {text.signIn.otherAddress}
        </button>
      </div>
    </form>
  );
}

function RecoveryForm({ onPlayer }: { onPlayer: (player: Player, isStored: boolean) => void }) {
  const { text } = useWords();
  const { busy, error, act } = useAct();
  const [email, setEmail] = useState('');
  const [code, setCode] = useState('');
  const recover = async () => {
    const { player, isStored } = await (await signingIn()).recover(email.trim(), code.trim());
    onPlayer(player, isStored);
  };
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        act(recover);
      }}
    >
      <AddressField id="email" label={text.signIn.email} value={email} onChange={setEmail} />
      <Labelled id="recovery-code" label={text.signIn.recoveryCode} problem={problemWithCode(error, text)}>
        <input
          id="recovery-code"
          required
          autocomplete="off"
          value={code}
          onInput={({ currentTarget }) => setCode(currentTarget.value)}
        />
      </Labelled>
      <button type="submit" class="primary" disabled={busy}>
        {text.signIn.recover}
      </button>
    </form>
  );
}

function problemWithCode(error: unknown, text: Texts): string | undefined {
  const isWrong = error instanceof PublicHttpError && error.code === 'challenge_failed';
  return isWrong ? text.signIn.wrong : problemWords(error, text);
}

function PeopleHere({ onPlayer }: { onPlayer: (player: Player, isStored: boolean) => void }) {
  const { text } = useWords();
  const [people, setPeople] = useState<Awaited<ReturnType<typeof peopleHere>>>([]);
  useEffect(() => {
    void peopleHere().then(setPeople);
  }, []);
  const goOn = async (deviceSessionId: string) => {
    const player = await openPlayer(deviceSessionId);
    if (player !== undefined) onPlayer(player, true);
  };
  if (people.length === 0) return null;
  return (
    <section>
      <h2>{text.signIn.here}</h2>
      <ul class="plain">
        {people.map(({ deviceSessionId, name }) => (
          <li key={deviceSessionId}>
            <button type="button" onClick={() => void goOn(deviceSessionId)}>
              {text.signIn.goOnAs(name ?? text.signIn.unknownPerson)}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
