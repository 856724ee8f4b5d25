// Passkeys, which browsers give to scripts alone; no polling of a page that nobody sees; and marking a whole page.

document.addEventListener('htmx:config:request', (event) => {
  if (document.hidden) event.preventDefault();
});

const all = document.querySelector('[data-check-all]');
all?.closest('label').removeAttribute('hidden');
all?.addEventListener('change', () => {
  for (const box of all.form.querySelectorAll('[name="id"]')) box.checked = all.checked;
});

const ceremonies = {
  'sign-in': async () => {
    const { challenge_id, options } = await send('/sign-in/begin', {});
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const credential = await navigator.credentials.get({ publicKey });
    return send('/sign-in/finish', { challenge_id, response: credential.toJSON() });
  },
  enrol: async () => {
    // In the fragment, which browsers do not send.
    const token = location.hash.slice(1);
    const { challenge_id, options } = await send('/enrol/begin', { token });
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const credential = await navigator.credentials.create({ publicKey });
    return send('/enrol/finish', { token, challenge_id, response: credential.toJSON() });
  },
};

const button = document.querySelector('[data-passkey]');
const problem = document.querySelector('[data-passkey-problem]');
button?.addEventListener('click', async () => {
  problem.hidden = true;
  button.disabled = true;
  try {
    const { location: next } = await ceremonies[button.dataset.passkey]();
    location.assign(next);
  } catch (error) {
    // The browser throws a DOMException when the person declines, or has no passkey for this site.
    const declined = error instanceof DOMException;
    problem.textContent = declined ? 'The browser has given no passkey. Try again.' : error.message;
    problem.hidden = false;
    button.disabled = false;
  }
});

async function send(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const json = await response.json();
  if (!response.ok)
    throw new Error(json.error?.message ?? `The console responded with status ${response.status}.`);
  return json;
}
