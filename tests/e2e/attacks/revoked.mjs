// Row 22: ECDSA allows two signatures of one message, (r, s) and (r, n - s), and who has one can write down the other. What is
// revoked must therefore not be the token's bytes.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {join} from 'node:path';

import {issuer, makeKey, mint} from '../harness/tokens.mjs';
import {eventually} from '../harness/waiting.mjs';
import {badToken, goodToken, withSignature} from './forging.mjs';
import {startWorld} from './world.mjs';

export const title = 'revoked tokens';

// {byId, byHash, kept}: a token that is revoked by its jti, one without jti that is revoked by its hash, one that is not.
export async function start(scope) {
  const ec = await makeKey('ES256', {kid: 'ec'});
  const [byId, byHash, kept] = await Promise.all([mint(ec, {jti: 'revoked'}), mint(ec, {jti: undefined}), mint(ec)]);
  const revocations = {store: {sqlite: join(scope.directory, 'revocations.db')}};
  const world = await startWorld(scope, {keys: [ec], revocations}, {byId, byHash, kept});
  await eventually('the gateway is ready', async () => (await world.gateway.admin('/readyz')).status === 200);
  for (const jti of ['revoked', hashOf(byHash)]) await revoke(world.gateway, jti);
  return world;
}

// What stands for the jti of a token without one: what its signature is made of, not the signature.
const hashOf = (token) => createHash('sha256').update(token.slice(0, token.lastIndexOf('.'))).digest('base64url');

async function revoke(gateway, jti) {
  const body = JSON.stringify({issuer, jti});
  const {status, text} = await gateway.admin('/revocations', {method: 'POST', headers: {'Content-Type': 'application/json'}, body});
  assert.equal(status, 200, text);
}

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const negated = (token) => withSignature(token, (bytes) => {
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  return Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
});

const revoked = (what, token) => badToken(22, what, token, 'token_revoked');

export const attacks = [
  revoked('a revoked token', ({byId}) => byId),
  revoked('a revoked token re-sent as (r, n - s)', ({byId}) => negated(byId)),
  revoked('a token without jti, revoked by its hash', ({byHash}) => byHash),
  revoked('a token without jti, revoked by its hash, re-sent as (r, n - s)', ({byHash}) => negated(byHash)),
  goodToken(22, 'a token that is not revoked', ({kept}) => kept),
  // So what is refused above is the revoked token, and not the other signature.
  goodToken(22, 'a token that is not revoked, re-sent as (r, n - s)', ({kept}) => negated(kept)),
];
