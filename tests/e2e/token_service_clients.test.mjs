// A token service without users: tokens for programs alone.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {scoped} from './harness/scope.mjs';
import {startTokenService} from './harness/token_service.mjs';
import {secretTexts} from './harness/tokens.mjs';

const client = {id: 'batch', secret: 'a secret of 32 bytes and more: batch', grants: ['client_credentials']};
const watcher = {id: 'watcher', secret: 'a secret of 32 bytes and more: watcher', introspect: true};
for (const {secret} of [client, watcher]) secretTexts.add(secret);
const basic = ({id, secret}) => ['Authorization', `Basic ${Buffer.from(`${id}:${encodeURIComponent(secret)}`).toString('base64')}`];

describe('a token service without users', () => {
  const suiteScope = scoped();
  let service;
  before(async () => {
    service = await startTokenService(suiteScope, {
      users: {}, service: {users_file: undefined, access_claims: undefined, clients: [client, watcher]},
    });
  });

  const ask = (endpoint, members, fields = []) => service.post(`/auth/${endpoint}`, new URLSearchParams(members), fields);
  const newToken = async () => {
    const response = await ask('token', {grant_type: 'client_credentials'}, [basic(client)]);
    assert.equal(response.status, 200, response.text);
    return response.json.access_token;
  };

  it('gives clients tokens that routes accept, until they are revoked', async () => {
    const token = await newToken();
    assert.equal(jose.decodeJwt(token).sub, 'batch');
    await service.assertAccepted(token);
    assert.equal((await ask('introspect', {token}, [basic(watcher)])).json.active, true);
    assert.equal((await ask('revoke', {token}, [basic(client)])).status, 200);
    await service.assertRevoked(token);
    assert.equal((await ask('introspect', {token}, [basic(watcher)])).json.active, false);
  });

  it('has no login, no refresh and no logout: these paths are the file\'s', async () => {
    for (const endpoint of ['login', 'refresh', 'logout']) {
      const response = await ask(endpoint, {username: 'alice', password: 'x', refresh_token: 'x'});
      assert.deepEqual([response.status, response.json.reason], [404, 'route_not_found'], endpoint);
    }
  });

  it('refreshes nothing, and says so', async () => {
    const response = await ask('token', {grant_type: 'refresh_token', refresh_token: 'x'});
    assert.deepEqual([response.status, response.json.error], [400, 'unsupported_grant_type']);
    assert.equal((await ask('token', {grant_type: 'client_credentials'})).json.error, 'invalid_client');
  });

  it('tells in its metadata what there is and nothing else', async () => {
    const metadata = (await service.get('/.well-known/oauth-authorization-server')).json;
    assert.deepEqual(metadata.grant_types_supported, ['client_credentials']);
    const proofs = ['client_secret_basic', 'client_secret_post'];
    for (const endpoint of ['token', 'revocation', 'introspection']) {
      assert.deepEqual(metadata[`${endpoint}_endpoint_auth_methods_supported`], proofs);
    }
  });
});
