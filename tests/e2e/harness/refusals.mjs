// What every refusal must look like, from the client's side, the operator's and the upstream's.
import assert from 'node:assert/strict';

import {exchange} from './raw_client.mjs';

const oauthError = {400: 'invalid_request', 401: 'invalid_token', 403: 'insufficient_scope'};
// What is wrong with a grant is RFC 6749's to name, in the body; the challenge stays bare.
const grantReasons = ['credentials_invalid', 'refresh_token_invalid', 'refresh_token_expired'];
// Clients are not told which key names exist.
const shownReason = {key_unknown: 'signature_invalid'};
let refusals = 0;

// Sends `bytesFor(path)` and checks the reply's form, the log line, the metric, and that no byte reached the upstream.
export async function assertRefused(scope, {gateway, upstream}, bytesFor, {status, reason, prefix = '/orders'}) {
  const path = `${prefix}/refusal-${++refusals}`;
  const countedBefore = await gateway.metric('postern_auth_decisions_total', {reason});
  upstream.forget();
  const {response, client} = await exchange(scope, gateway.port, bytesFor(path));
  assertErrorReply(response, {status, reason});
  const line = await gateway.lineOf(path);
  assert.equal(line.reason, reason);
  assert.equal(line.status, status);
  assert.equal(upstream.bytes, '');
  assert.equal(await gateway.metric('postern_auth_decisions_total', {reason}), countedBefore + 1);
  return {response, client, line};
}

// The reply alone: problem+json (RFC 6749's JSON at OAuth's endpoints) with the status and the reason that a client may know, and the challenge.
export function assertErrorReply(response, {status, reason, type = 'application/problem+json'}) {
  assert.equal(response.status, status, response.text);
  assert.equal(response.get('content-type'), type);
  assert.equal(response.json.status, status);
  assert.equal(response.json.code, status);
  assert.equal(response.json.reason, shownReason[reason] ?? reason);
  assertChallenge(response, status, reason);
}

function assertChallenge(response, status, reason) {
  const challenge = response.get('www-authenticate');
  if (reason === 'token_missing') {
    assert.match(challenge, /^Bearer/);
    assert.doesNotMatch(challenge, /error=/);
  } else if (grantReasons.includes(reason)) {
    assert.equal(challenge, 'Bearer');
    assert.equal(response.json.error, 'invalid_grant');
  } else if (status === 401 || (status === 403 && reason === 'scope_insufficient')) {
    assert.match(challenge, new RegExp(`^Bearer .*error="${oauthError[status]}"`));
    assert.equal(response.json.error, oauthError[status]);
    assert.ok(response.json.error_description);
  } else if (reason === 'token_multiple') {
    assert.equal(response.json.error, oauthError[status]);
  }
}
