// Applications that come to nothing: rejected by those who decide, withdrawn by those who sent them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  apply,
  approve,
  column,
  makeOpenGame,
  noSuchApplication,
  notTheOwner,
  refusal,
} from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
let owner: Client;
beforeAll(async () => {
  lobby = await createTestLobby();
  owner = lobby.player();
});
afterAll(() => lobby.close());

const decidedAlready = (status: string, decision: string) =>
  refusal(
    409,
    'invalid_state',
    `The application is ${status} already; only a pending one can be ${decision}.`,
    { application_status: status },
  );

describe.each([
  ['reject', 'rejected'],
  ['withdraw', 'withdrawn'],
] as const)('%s', (verb, status) => {
  const decider = (applicant: Client) => (verb === 'reject' ? owner : applicant);

  test('ends an application, takes no name, and lets the applicant apply again', async () => {
    const bob = lobby.player();
    const gameId = await makeOpenGame(owner);
    const applicationId = await apply(bob, gameId, `Again ${verb}`);
    lobby.clock.advance(1_000);
    expect(await decider(bob).post(`/applications/${applicationId}/${verb}`)).toEqual({
      status: 200,
      body: {
        application_id: applicationId,
        game_id: gameId,
        user_id: bob.userId,
        race_name: `Again ${verb}`,
        status,
        submitted_at: new Date(lobby.clock.now().getTime() - 1_000).toISOString(),
        decided_at: lobby.clock.now().toISOString(),
      },
      etag: null,
    });
    expect(await lobby.pool.query('select from lobby.race_names where game_id = $1', [gameId])).toMatchObject(
      { rowCount: 0 },
    );
    await apply(bob, gameId, `Again ${verb}`);
    expect(column(await owner.get(`/games/${gameId}/applications`), 'status')).toEqual([status, 'pending']);
  });

  test('is followed by a pause that grows, and then by no further application', async () => {
    const bob = lobby.player();
    const gameId = await makeOpenGame(owner);
    const end = async () => {
      const id = await apply(bob, gameId, `Looping ${verb}`);
      expect(await decider(bob).post(`/applications/${id}/${verb}`)).toMatchObject({ status: 200 });
    };
    const again = () => bob.post(`/games/${gameId}/applications`, { body: { race_name: `Looping ${verb}` } });
    await end();
    for (const seconds of [0, 60, 240, 960, 3_840, 15_360, 61_440, 86_400, 86_400]) {
      if (seconds > 0) {
        const message = `You can apply to this game again in ${seconds} seconds.`;
        expect(await again()).toEqual(
          refusal(429, 'rate_limited', message, { retry_after_seconds: seconds }),
        );
        lobby.clock.advance(seconds * 1_000);
      }
      await end();
    }
    lobby.clock.advance(7 * 86_400_000);
    const message = 'You have tried to apply to this game 10 times, which is the most.';
    expect(await again()).toEqual(refusal(403, 'forbidden', message, { reason: 'too_many_attempts' }));
    // Another applicant is not affected.
    await apply(lobby.player(), gameId, `Looping ${verb}`);
  });

  test('changes nothing that is decided', async () => {
    const bob = lobby.player();
    const gameId = await makeOpenGame(owner);
    const ended = await apply(bob, gameId, `Ended ${verb}`);
    await decider(bob).post(`/applications/${ended}/${verb}`);
    const approved = await apply(bob, gameId, `Ended ${verb}`);
    await approve(owner, approved);
    const before = await lobby.tables();
    expect(await decider(bob).post(`/applications/${ended}/${verb}`)).toEqual(decidedAlready(status, status));
    expect(await owner.post(`/applications/${ended}/approve`)).toEqual(decidedAlready(status, 'approved'));
    expect(await decider(bob).post(`/applications/${approved}/${verb}`)).toEqual(
      decidedAlready('approved', status),
    );
    expect(await lobby.tables()).toEqual(before);
  });

  test('does not find an application that is not there, or is not for the caller to see', async () => {
    const gameId = await makeOpenGame(owner);
    const applicationId = await apply(lobby.player(), gameId, `Unseen ${verb}`);
    const before = await lobby.tables();
    expect(await lobby.player().post(`/applications/${applicationId}/${verb}`)).toEqual(noSuchApplication);
    expect(await owner.post(`/applications/${gameId}/${verb}`)).toEqual(noSuchApplication);
    expect(await lobby.tables()).toEqual(before);
  });

  test('that comes twenty times at once happens once', async () => {
    const bob = lobby.player();
    const applicationId = await apply(bob, await makeOpenGame(owner), `Twenty ${verb}`);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => decider(bob).post(`/applications/${applicationId}/${verb}`)),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    for (const answer of answers.filter((answer) => answer.status !== 200)) {
      expect(answer).toEqual(decidedAlready(status, status));
    }
  });
});

test('an admin rejects, too', async () => {
  const applicationId = await apply(lobby.player(), await makeOpenGame(owner), 'By Admin');
  expect(await lobby.admin().post(`/applications/${applicationId}/reject`)).toMatchObject({
    status: 200,
    body: { status: 'rejected' },
  });
});

test('an applicant cannot reject, nor the owner or an admin withdraw', async () => {
  const bob = lobby.player();
  const applicationId = await apply(bob, await makeOpenGame(owner), 'Not Theirs');
  const before = await lobby.tables();
  expect(await bob.post(`/applications/${applicationId}/reject`)).toEqual(notTheOwner);
  expect(await owner.post(`/applications/${applicationId}/withdraw`)).toEqual(
    refusal(403, 'forbidden', 'Only the applicant can withdraw an application; reject it instead.'),
  );
  expect(await lobby.admin().post(`/applications/${applicationId}/withdraw`)).toMatchObject({ status: 404 });
  expect(await lobby.tables()).toEqual(before);
});

test('whichever comes first, an application that is approved and withdrawn at once ends in one way', async () => {
  for (let round = 0; round < 5; round++) {
    const bob = lobby.player();
    const gameId = await makeOpenGame(owner);
    const applicationId = await apply(bob, gameId, `Both ${round}`);
    const answers = await Promise.all([
      owner.post(`/applications/${applicationId}/approve`),
      bob.post(`/applications/${applicationId}/withdraw`),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const members = column(await owner.get(`/games/${gameId}/memberships`), 'user_id');
    expect(members).toEqual(answers[0].status === 200 ? [bob.userId] : []);
  }
});
