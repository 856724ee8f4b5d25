// What docs/engine-interface.md says, word for word; a test compares it with the page. Bars and marks of tables are left
// out.

export type Saying = { readonly section: string; readonly text: string };

function sayings<Key extends string>(
  section: string,
  texts: Readonly<Record<Key, string>>,
): Record<Key, Saying> {
  return Object.fromEntries(
    Object.entries<string>(texts).map(([key, text]) => [key, { section, text }]),
  ) as Record<Key, Saying>;
}

export const says = {
  ...sayings('How it is started, and how it ends', {
    started: 'The engine has to respond to GET /healthz within the time that the operator allows',
    connections:
      'Several connections are open at once, and some of them idle: none may keep the engine from responding on another.',
    output:
      'What it writes to standard output and standard error is kept for the operator, so it must contain no orders and no seed.',
    stopped: 'It is stopped with SIGTERM, and with SIGKILL when it has not ended some seconds later.',
    killed:
      'It may be killed at any time, and be started again with the same environment (the port may be another).',
    listens:
      'Only the platform can reach an engine; it listens where it is told to and nowhere else, and asks for no token.',
    folder: "a folder that is this game's alone and stays until the game is stopped",
  }),
  ...sayings('What an engine must hold', {
    durable:
      'When a 200 to a set-up, a turn or a vacated seat is sent, a kill -9 or a loss of power changes nothing of it any more.',
    allOrNothing: 'After a crash in the middle of a turn that turn was played or it was not.',
    repeated:
      'Requests are repeated whenever a response was lost, also while the first is still running and after a restart. A repeat plays nothing again.',
    contradicts: 'What contradicts an earlier request is a 409.',
    chance: 'One source of chance: the seed. The same seed and the same orders make the same game.',
    viewStays: 'For one audience and one turn it is the same for ever; players keep it.',
    viewHolds:
      'A view holds what its audience may see, and nothing else: no orders of the open turn, no seed, nothing that only another seat knows.',
    changeNothing: 'GET and validate change nothing.',
    unreadable:
      'An engine that finds data it cannot read, or of another game or an incompatible version, must not begin again from turn 0: it should not start, with a sentence about why.',
    withoutData: 'An engine without its data responds 404',
  }),
  ...sayings('In general', {
    json: 'Requests and responses are JSON in UTF-8 (Content-Type: application/json).',
    seats: 'Seats are numbers from 1 to 1,100; they need not be consecutive.',
    fields:
      'A request has exactly the fields shown here: refuse others, since an engine that skips a field plays another game.',
    redirects: 'Redirects are not followed.',
    storable:
      'No response may hold NUL or half of a surrogate pair in a text, or be nested more than 100 levels deep.',
    ordersBytes: 'orders of one seat 64 KiB, nested at most 50 levels deep',
    viewBytes: 'a view 256 KiB',
    turnBytes: 'the response to a turn, with its events 8 MiB',
    otherBytes: 'any other response 1 MiB',
    problems: 'problems in one response 100; each path and message at most 1,000 characters',
    events: 'events 20 per seat and turn; type 1 to 64 of a-z0-9_.; payload 4 KiB',
    lateToValidate: 'time for validate 2 s',
    lateView: 'time for a view that a player asks for 5 s',
    late: 'time for any other request, a turn included GM_ENGINE_TIMEOUT',
  }),
  ...sayings('GET /healthz', {
    health: '200 {"status":"ok"} once the engine can be used.',
    healthSoon: 'It is asked often: respond at once.',
  }),
  ...sayings('GET /api/v1/manifest', {
    manifest: 'Asked before the set-up, and always the same for one version.',
    schemas: "JSON Schemas (2020-12) of a game's options and of what a seat orders in a turn.",
    catalogue:
      'Platforms offer the engine with an engine catalogue, which takes no other version, and no options_schema that could keep the lobby busy.',
    spectators: 'whether there is a view for spectators',
  }),
  ...sayings('PUT /api/v1/game', {
    setUp:
      '200 with the state, turn 0 the game is set up; for the same body again the state as it is by then',
    otherSetUp: '409 another game, or another body',
    badSetUp:
      '400 the body is not as described, the options are not valid, the number of seats is not one of this game',
  }),
  ...sayings('GET /api/v1/game', {
    state: '200 with the state, 404 before the set-up.',
    turn: 'number of the last turn that was played; 0 before the first',
    awaiting: 'At least one while the game runs, none afterwards',
    allAwaited: 'all in a simultaneous game, who is to move in a sequential one, bots included.',
    stats: 'every seat once, those who have lost, too',
    shipsBuilt: 'all that the seat has built so far; it never falls',
    result: 'with finished, and only then',
    placements: 'every seat once: rank from 1, equal ranks allowed; optional team and score',
  }),
  ...sayings('POST /api/v1/game/orders/validate', {
    validOrders: 'Orders without problems get {"problems":[]}.',
    staysValid:
      "Orders that are valid now must be valid when the turn is played: other seats' orders cannot make them wrong.",
    path: 'path leads to a value in the orders (RFC 6901); it is empty for the orders as a whole',
    validateOk: "200 always when the turn is the state's turn + 1",
    validateTurn: '409 another turn, or the game has finished',
    validateBad: "400 the body is not as described, there is no such seat, or it is a bot's",
  }),
  ...sayings('POST /api/v1/game/turns', {
    rows: 'orders has every seat that is awaited or has given orders, in the order of seats, without bots, whose orders the engine makes itself',
    draft: 'draft an object the player had not said so when the turn closed. The orders count all the same',
    missing: 'missing null the seat was awaited and gave none; your rules say what happens',
    vacant: 'vacant null nobody holds the seat any more',
    nobody:
      'In a sequential game nobody can be waited for who is not there: where the next seats to move are bots or vacant, play on within the turn until a person is to move.',
    eventTo:
      'The response is the state after the turn, and events: what the engine has to say to the holders of the seats in to, which names each at most once.',
    played: '200 the turn was played, now or by the same request earlier: the response is the same',
    otherTurn:
      '409 the turn was played with other orders, is not the next one, or the game has finished. Before the response nothing has changed',
    badTurn: '400 the body is not as described',
  }),
  ...sayings('GET /api/v1/game/view', {
    noView:
      '404 before the set-up, for a seat that there is not, for a turn that was not played, and for spectators if there is no view for them.',
    finalViews:
      'Of the last turn it asks for the views of every seat, and of spectators, before it declares the game over.',
  }),
  ...sayings('PUT /api/v1/game/seats/{seat}', {
    vacated: "200 with the state, also for a repeat; 404 for a seat that there is not, 409 for a bot's.",
    open: 'Nothing else happens before the next turn is played',
  }),
  ...sayings('Refusals', {
    refusal: 'Every response that is not a 200 has this body:',
    notFound: '404 not_found the game was not set up, or there is no such route, seat, turn or view',
    tooLarge: '413 payload_too_large the body is larger than any may be (9 MiB)',
    failed: '500 internal_error the engine failed; the same request may be sent again',
    unchanged: 'Nothing has changed on any of them.',
  }),
};
