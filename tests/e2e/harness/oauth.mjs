// A token service with OAuth clients, and how the tests ask its endpoints.
import assert from 'node:assert/strict';

import {audience, startTokenService} from './token_service.mjs';
import {secretTexts} from './tokens.mjs';

export const secretOf = (id) => `a secret of 32 bytes and more: ${id}`;
export const basic = (id, secret = secretOf(id)) => {
  const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
  return ['Authorization', `Basic ${Buffer.from(pair).toString('base64')}`];
};
export const form = (members) => new URLSearchParams(members);
const client = (id, more) => {
  secretTexts.add(secretOf(id));
  return {id, secret: secretOf(id), ...more};
};

export const own = {grant_type: 'client_credentials'};
export const clients = [
  client('batch', {grants: ['client_credentials'], scopes: ['read', 'write'], audiences: ['orders-api', audience]}),
  client('job', {grants: ['client_credentials']}),
  client('https://api.example.com/?a=b&c', {grants: ['client_credentials'], audiences: 'orders-api'}),
];
export const settings = {audiences: [audience, 'orders-api'], clients};

// With those clients and `watcher`, who may ask about tokens and whose secret stands in a file.
export function startOAuthService(scope) {
  const file = scope.file('watcher.secret', `${client('watcher').secret}\n`);
  return startTokenService(scope, {
    service: {...settings, clients: [...clients, {id: 'watcher', secret_file: file, introspect: true}]},
    env: {POSTERN_LOG_LEVEL: 'trace'},
  });
}

// Requests to the endpoints of the service that `of` gives, or of another one.
export function asking(of) {
  const ask = (endpoint, members, fields = [], at = of()) => at.post(`/auth/${endpoint}`, form(members), fields);
  const clientToken = async (id = 'batch', members = {}, at = of()) => {
    const response = await ask('token', {...own, ...members}, [basic(id)], at);
    assert.equal(response.status, 200, response.text);
    return response.json.access_token;
  };
  return {ask, clientToken, introspect: (token) => ask('introspect', {token}, [basic('watcher')])};
}

// RFC 6749 section 5.2, and what the gateway's refusals have beside it.
export function assertError(response, status, error, reason) {
  assert.equal(response.status, status, response.text);
  assert.equal(response.get('content-type'), 'application/json'); // strict clients read no other
  const {error: told, reason: why, error_description: description} = response.json;
  assert.deepEqual([told, why], [error, reason]);
  assert.ok(description);
  assert.equal(response.get('cache-control'), 'no-store');
  assert.equal(response.get('www-authenticate'), status === 401 ? 'Basic realm="postern"' : undefined);
}

export function assertPrivate(response) {
  assert.equal(response.status, 200, response.text);
  assert.equal(response.get('cache-control'), 'no-store');
}
