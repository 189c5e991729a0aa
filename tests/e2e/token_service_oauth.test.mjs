// OAuth's endpoints: tokens for clients, refreshing, and the metadata that leads to them.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {
  asking, assertError, assertPrivate, basic, clients, form, own, secretOf, settings, startOAuthService,
} from './harness/oauth.mjs';
import {runPostern} from './harness/program.mjs';
import {scoped} from './harness/scope.mjs';
import {audience, clockPasses, issuer, passwordOf, startTokenService} from './harness/token_service.mjs';

const metadataPath = '/.well-known/oauth-authorization-server';
const suiteScope = scoped();
let service;
before(async () => { service = await startOAuthService(suiteScope); });
const {ask, clientToken, introspect} = asking(() => service);

describe('a client that asks for a token', () => {
  for (const [way, members, fields] of [
    ['Basic', {}, [basic('batch')]],
    ['its body', {client_id: 'batch', client_secret: secretOf('batch')}, []],
    ['Basic, and its id in the body,', {client_id: 'batch'}, [basic('batch')]],
  ]) {
    it(`by ${way} gets an access token alone, for no cache to keep`, async () => {
      const response = await ask('token', {...own, ...members}, fields);
      assertPrivate(response);
      assert.match(response.get('content-type'), /^application\/json/);
      const {access_token: token, ...rest} = response.json;
      assert.deepEqual(rest, {token_type: 'Bearer', expires_in: 900, scope: 'read write'});
      assert.equal(jose.decodeJwt(token).sub, 'batch');
    });
  }

  it('gets one that npm\'s jose verifies with nothing but the metadata, and that has no session', async () => {
    const token = await clientToken();
    const metadata = (await service.get(metadataPath)).json;
    assert.equal(metadata.issuer, issuer);
    const keys = new URL(metadata.jwks_uri);
    assert.equal(keys.origin, issuer);
    const set = jose.createRemoteJWKSet(new URL(keys.pathname, service.gateway.url));
    const {payload} = await jose.jwtVerify(token, set, {issuer: metadata.issuer, audience, typ: 'at+jwt'});
    const {iat, exp, jti, ...rest} = payload;
    assert.deepEqual(rest, {iss: issuer, sub: 'batch', client_id: 'batch', aud: ['orders-api', audience], scope: 'read write'});
    assert.equal(exp - iat, 900);
    assert.match(jti, /^\S{16,}$/);
  });

  it('may ask for fewer scopes and for one of its audiences', async () => {
    const {scope, aud} = jose.decodeJwt(await clientToken('batch', {scope: 'write', audience: 'orders-api'}));
    assert.deepEqual([scope, aud], ['write', 'orders-api']);
  });

  it('without scopes and audiences in the configuration gets none, and the service\'s', async () => {
    const {scope, aud} = jose.decodeJwt(await clientToken('job'));
    assert.deepEqual([scope, aud], [undefined, [audience, 'orders-api']]);
  });

  it('may have an id of any characters', async () => {
    const id = clients[2].id;
    assert.equal(jose.decodeJwt(await clientToken(id)).client_id, id);
  });

  it('gets one that a guarded route accepts, and neither refresh nor logout', async () => {
    const token = await clientToken();
    await service.assertAccepted(token);
    const fields = [['Authorization', `Bearer ${token}`]];
    assert.equal((await service.post('/auth/refresh', {}, fields)).status, 401);
    assert.equal((await service.post('/auth/logout', {}, fields)).status, 401);
    await service.assertAccepted(token);
  });

  const refused = {
    'without a client': [own, [], 401, 'invalid_client', 'client_invalid'],
    'as the service\'s own client': [{...own, client_id: 'postern'}, [], 401, 'invalid_client', 'client_invalid'],
    'without the grant': [own, [basic('watcher')], 400, 'unauthorized_client', 'client_not_allowed'],
    'for a scope beyond its own': [{...own, scope: 'read admin'}, [basic('batch')], 400, 'invalid_scope', 'scope_invalid'],
    'for an audience that is not its own': [{...own, audience: 'shop-api'}, [basic(clients[2].id)], 400, 'invalid_request', 'request_malformed'],
    'without grant_type': [{}, [basic('batch')], 400, 'invalid_request', 'request_malformed'],
    'by another grant': [{grant_type: 'password'}, [basic('batch')], 400, 'unsupported_grant_type', 'grant_unsupported'],
  };
  for (const [how, [members, fields, ...expected]] of Object.entries(refused)) {
    it(`${how} is ${expected.slice(0, 2).join(' ')}`, async () => assertError(await ask('token', members, fields), ...expected));
  }
});

describe('a client that does not prove itself', () => {
  const ways = {
    'with an id that nobody has': [{}, [basic('nobody')]],
    'with a wrong secret': [{}, [basic('batch', secretOf('job'))]],
    'with a wrong secret in the body': [{client_id: 'batch', client_secret: 'x'}, []],
    'without a secret': [{client_id: 'batch'}, []],
    'with a secret for the service\'s own client': [{client_id: 'postern', client_secret: 'x'}, []],
    'by another scheme': [{}, [['Authorization', 'Bearer x']]],
    'by a Basic that cannot be read': [{}, [['Authorization', 'Basic %']]],
  };
  for (const [how, [members, fields]] of Object.entries(ways)) {
    it(`${how} is 401 invalid_client at every endpoint, whatever else is wrong`, async () => {
      for (const endpoint of ['token', 'revoke', 'introspect']) {
        assertError(await ask(endpoint, {grant_type: 'other', ...members}, fields), 401, 'invalid_client', 'client_invalid');
      }
    });
  }

  it('gets the same bytes for a wrong secret and for an id that nobody has', async () => {
    const answers = [await ask('token', own, [basic('batch', 'x')]), await ask('token', own, [basic('nobody', 'x')])];
    const [one, other] = answers.map((answer) => answer.headBytes.toString().replace(/^date:.*\r\n/im, '') + answer.text);
    assert.equal(one, other);
  });

  const malformed = {
    'in two ways': [form({...own, client_id: 'batch', client_secret: secretOf('batch')}), [basic('batch')]],
    'by a header of another id than the body\'s': [form({...own, client_id: 'job'}), [basic('batch')]],
    'by two headers': [form(own), [basic('batch'), basic('job')]],
    'in JSON': [{...own, client_id: 'batch', client_secret: secretOf('batch')}, []],
    'with a parameter twice': [new URLSearchParams([...Object.entries(own), ...Object.entries(own)]), [basic('batch')]],
  };
  for (const [how, [body, fields]] of Object.entries(malformed)) {
    it(`${how} is 400 invalid_request`, async () => {
      const response = await service.post('/auth/token', body, fields);
      assert.deepEqual([response.status, response.json.error], [400, 'invalid_request'], response.text);
    });
  }
});

describe('login_limits for clients', () => {
  const limited = (t, limits) => startTokenService(scoped(t), {
    users: {alice: []}, service: {...settings, login_limits: {user_and_address: 'off', address: 'off', user: 'off', ...limits}},
  });
  const wrong = (at, id = 'batch', endpoint = 'token') => ask(endpoint, own, [basic(id, 'a wrong secret')], at);
  const assertWrong = (response) => assertError(response, 401, 'invalid_client', 'client_invalid');
  const assertLimited = (response) => {
    assertError(response, 429, undefined, 'rate_limited');
    assert.match(response.get('retry-after'), /^[1-9]\d*$/);
  };

  it('user_and_address: that many wrong secrets are told, the next is 429; other clients and users are not held up', async (t) => {
    const at = await limited(t, {user_and_address: 3});
    for (const endpoint of ['token', 'revoke', 'introspect']) assertWrong(await wrong(at, 'batch', endpoint));
    assertLimited(await wrong(at));
    assertWrong(await wrong(at, 'job'));
    await at.login('alice');
  });

  it('address: wrong secrets of all clients and wrong passwords count together', async (t) => {
    const at = await limited(t, {address: 3});
    assertWrong(await wrong(at, 'batch'));
    assertWrong(await wrong(at, 'nobody'));
    assert.equal((await at.tryLogin('alice', 'a password that nobody has')).status, 401);
    assertLimited(await wrong(at, 'job'));
    assert.equal((await at.tryLogin('alice')).status, 429);
  });

  it('a right secret passes beyond the limit, and thirty at once do', async (t) => {
    const at = await limited(t, {user_and_address: 1, address: 1});
    assertWrong(await wrong(at));
    assertLimited(await wrong(at));
    const tokens = await Promise.all(Array.from({length: 30}, () => clientToken('batch', {}, at)));
    assert.equal(new Set(tokens.map((token) => jose.decodeJwt(token).jti)).size, 30);
  });
});

describe('a refresh token at /token', () => {
  const refresh = (token, members = {}, fields = [], at = service) =>
    ask('token', {grant_type: 'refresh_token', refresh_token: token, ...members}, fields, at);

  for (const [whose, members] of [['no client', {}], ['the service\'s own', {client_id: 'postern'}]]) {
    it(`of a login, by ${whose}, gives new tokens of the same session`, async () => {
      const session = await service.login();
      const response = await refresh(session.refresh_token, members);
      assertPrivate(response);
      const {access_token: access, refresh_token: next, ...rest} = response.json;
      assert.deepEqual(rest, {token_type: 'Bearer', expires_in: 900, refresh_expires_in: 432_000});
      assert.notEqual(next, session.refresh_token);
      assert.equal(jose.decodeJwt(access).sid, jose.decodeJwt(session.access_token).sid);
      await service.assertAccepted(access);
    });
  }

  it('of a login is refused to every other client, and stays unused', async () => {
    const session = await service.login();
    assertError(await refresh(session.refresh_token, {}, [basic('batch')]), 400, 'unauthorized_client', 'client_not_allowed');
    assertError(await refresh(session.refresh_token, {client_id: 'batch'}), 401, 'invalid_client', 'client_invalid');
    assert.equal((await introspect(session.refresh_token)).json.active, true);
  });

  it('cannot gain a scope, and stays unused', async () => {
    const session = await service.login();
    assertError(await refresh(session.refresh_token, {scope: 'read'}), 400, 'invalid_scope', 'scope_invalid');
    assert.equal((await introspect(session.refresh_token)).json.active, true);
  });

  it('that nobody issued, or none, is 400', async () => {
    assertError(await refresh('x'), 400, 'invalid_grant', 'refresh_token_invalid');
    const {refresh_token: token} = await service.login();
    assertError(await refresh(`${token.slice(0, 23)}${'A'.repeat(43)}`), 400, 'invalid_grant', 'refresh_token_invalid');
    assertError(await refresh(''), 400, 'invalid_request', 'request_malformed');
  });

  it('that was used is 400 invalid_grant, and the session is over', async (t) => {
    const at = await startTokenService(scoped(t), {service: {reuse_grace: '0s'}});
    const session = await at.login();
    const next = (await refresh(session.refresh_token, {}, [], at)).json;
    assertError(await refresh(session.refresh_token, {}, [], at), 400, 'invalid_grant', 'refresh_token_invalid');
    await at.assertOver(next);
  });

  it('that has expired is 400 invalid_grant', async (t) => {
    const at = await startTokenService(scoped(t), {service: {access_lifetime: '1s', refresh_lifetime: '1s'}});
    const session = await at.login();
    await clockPasses(session.at + 1000);
    assertError(await refresh(session.refresh_token, {}, [], at), 400, 'invalid_grant', 'refresh_token_expired');
  });
});

describe('the metadata', () => {
  it('has RFC 8414\'s members, and may be cached', async () => {
    const response = await service.get(metadataPath);
    assert.equal(response.status, 200, response.text);
    assert.match(response.get('content-type'), /^application\/json/);
    assert.match(response.get('cache-control'), /\bpublic\b.*max-age=[1-9]/);
    const proofs = ['client_secret_basic', 'client_secret_post'];
    assert.deepEqual(response.json, {
      issuer,
      token_endpoint: `${issuer}/auth/token`,
      token_endpoint_auth_methods_supported: [...proofs, 'none'],
      revocation_endpoint: `${issuer}/auth/revoke`,
      revocation_endpoint_auth_methods_supported: [...proofs, 'none'],
      introspection_endpoint: `${issuer}/auth/introspect`,
      introspection_endpoint_auth_methods_supported: proofs,
      jwks_uri: `${issuer}/auth/jwks.json`,
      grant_types_supported: ['refresh_token', 'client_credentials'],
      response_types_supported: [],
      scopes_supported: ['read', 'write'],
    });
  });

  it('stands where the issuer\'s path says, and the endpoints where `path` does', async (t) => {
    const at = await startTokenService(scoped(t), {service: {...settings, issuer: `${issuer}/tenants/one/`, path: '/session'}});
    const response = await at.get(`${metadataPath}/tenants/one`);
    assert.equal(response.json.issuer, `${issuer}/tenants/one/`);
    assert.equal(response.json.token_endpoint, `${issuer}/session/token`);
    assert.equal((await at.get(metadataPath)).status, 404);
    assert.equal((await at.post('/session/token', form(own), [basic('batch')])).status, 200);
  });
});

describe('the endpoints', () => {
  it('take POST alone', async () => {
    for (const name of ['token', 'revoke', 'introspect']) {
      const response = await service.get(`/auth/${name}`);
      assert.deepEqual([response.status, response.get('allow')], [405, 'POST'], name);
    }
  });

  it('take 16 KiB and no byte more', async () => {
    const padded = (size) => {
      const open = `${form(own)}&more=`;
      return service.post('/auth/token', `${open}${'x'.repeat(size - open.length)}`,
        [basic('batch'), ['Content-Type', 'application/x-www-form-urlencoded']]);
    };
    assert.equal((await padded(16_384)).status, 200);
    assert.equal((await padded(16_385)).status, 413);
  });

  it('leave passwords and secrets in no log', async () => {
    await ask('token', own, [basic('batch', passwordOf('alice'))]);
    await service.gateway.lineOf('/auth/token');
    const logs = service.gateway.running.stdout + service.gateway.stderr;
    for (const secret of [passwordOf('alice'), basic('batch')[1].slice(6), ...clients.map(({id}) => secretOf(id))]) {
      assert.ok(!logs.includes(secret), secret);
    }
  });
});

describe('a client\'s secret', () => {
  it('of 31 bytes is refused with its place, one of 32 is taken', async (t) => {
    const scope = scoped(t);
    const check = async (size) => {
      const config = {...service.config, token_service: {...service.config.token_service,
        clients: [{id: 'short', secret: 'x'.repeat(size), introspect: true}]}};
      const file = join(scope.directory, 'postern.json');
      writeFileSync(file, JSON.stringify(config));
      return runPostern(['validate', '-c', file]);
    };
    assert.equal((await check(32)).code, 0);
    const ending = await check(31);
    assert.equal(ending.code, 78);
    assert.match(ending.stderr, /token_service\.clients\[0\]\.secret: .*31 bytes/);
    assert.doesNotMatch(ending.stderr, /xxxx/);
  });
});
