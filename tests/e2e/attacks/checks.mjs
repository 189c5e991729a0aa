// What must come of an attack: the reply, one log line, one more on the counters, nothing at the upstream, and a connection
// that is closed where it is not known where the next request begins.
//
// An attack is {row, what, send(world) -> bytes}, with
// - {status, reason} where it is refused: `closes` says what becomes of the connection where the status does not; `later`
//   are bytes that the client sends after the reply; `begun`: its head went on before the fault was seen;
// - {arrives(got, response, world)} where it goes on to the upstream, made harmless;
// - {answer} where the attacker is the upstream: what it answers;
// - {check(world, response)} for what is told by its row alone, {method} for the method that is answered, or
// - {run(scope, world)} instead of all that, where it takes more than one request.
import assert from 'node:assert/strict';

import {connect} from '../harness/raw_client.mjs';
import {assertErrorReply} from '../harness/refusals.mjs';
import {eventually} from '../harness/waiting.mjs';

const closingStatuses = [400, 408, 413, 417, 501];
const pieceBytes = 16 * 1024;

export async function perform(scope, world, attack) {
  if (attack.run) return attack.run(scope, world);
  return attack.status ? assertRefused(scope, world, attack) : assertArrives(scope, world, attack);
}

async function assertRefused(scope, world, attack) {
  const [from, to] = await world.inTurn(async () => {
    const honest = await connect(scope, world.gateway.port);
    const from = await world.mark(honest);
    const counted = await counts(world, attack);
    const {client, response} = await exchange(scope, world, attack);
    assertErrorReply(response, attack);
    if (attack.later) client.send(attack.later);
    const closes = attack.closes ?? (closingStatuses.includes(attack.status) || attack.reason === 'header_too_large');
    assert.equal(response.get('connection'), closes ? 'close' : undefined, 'what the reply says of its connection');
    if (closes) await assertClosed(client);
    await assertUntouched(world, attack);
    const to = await world.mark(closes ? honest : client);
    assert.deepEqual(world.upstream.requests.map(({target}) => target), attack.answer ? [world.upstream.requests[0].target, to] : [to]);
    assert.deepEqual(await counts(world, attack), counted.map((count) => count + 1), 'one more on each counter');
    await attack.check?.(world, response);
    return [from, to];
  });
  const lines = await world.linesBetween(from, to);
  assert.deepEqual(lines.map(({status, reason}) => ({status, reason})), [{status: attack.status, reason: attack.reason}]);
  assert.equal(lines[0].side, attack.answer ? 'upstream' : 'downstream');
}

const assertArrives = (scope, world, attack) => world.inTurn(async () => {
  const {client, response} = await exchange(scope, world, attack);
  assert.equal(response.status, 200, response.text);
  assert.equal(world.upstream.requests.length, 1, world.upstream.bytes);
  await attack.arrives(world.upstream.last, response, world, client);
});

// Sends the attack on a connection of its own; what the upstream got before is forgotten.
async function exchange(scope, world, attack) {
  const {upstream} = world;
  const usual = upstream.answer;
  upstream.forget();
  const client = await connect(scope, world.gateway.port);
  if (attack.answer) upstream.answer = attack.answer;
  try {
    await sendInPieces(client, await attack.send(world));
    return {client, response: await client.response(attack.method)};
  } finally {
    upstream.answer = usual;
  }
}

// A client that looks for an answer between the pieces of what it sends: one that sent megabytes at once could lose the
// reply to a reset.
async function sendInPieces(client, bytes) {
  const answered = () => client.received.length > 0 || client.isOver;
  for (let at = 0; at < bytes.length && !answered(); at += pieceBytes) {
    client.send(bytes.slice(at, at + pieceBytes));
    if (at + pieceBytes < bytes.length) await oneRound(answered);
  }
}

// Waits for an answer for about as long as one takes.
async function oneRound(answered) {
  const end = performance.now() + 5;
  while (performance.now() < end && !answered()) await new Promise(setImmediate);
}

async function assertClosed(client) {
  await client.ended();
  assert.equal(client.text, '', 'there is more than one reply');
}

// Nothing reached the upstream. Where something had to, it was no whole request, or the upstream is the attacker: then
// its connection is dropped.
async function assertUntouched({upstream}, attack) {
  if (!attack.begun && !attack.answer) return assert.equal(upstream.bytes, '');
  if (attack.begun) assert.deepEqual(upstream.requests, [], 'a message that looks whole reached the upstream');
  const touched = upstream.connections.filter(({bytes}) => bytes.length > 0);
  assert.equal(touched.length, 1);
  await eventually('that upstream connection is gone', () => touched[0].over);
}

const isJudgement = ({status, reason}) => status === 401 || reason.startsWith('token_');

async function counts({gateway}, attack) {
  const requests = gateway.metric('postern_http_requests_total', {code: attack.status});
  if (!isJudgement(attack)) return [await requests];
  return Promise.all([requests, gateway.metric('postern_auth_decisions_total', {reason: attack.reason})]);
}
