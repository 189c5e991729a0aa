// `verify_url`: the users are known to another service, which is asked at each login and never again.
import assert from 'node:assert/strict';
import {before, beforeEach, describe, it} from 'node:test';

import * as jose from 'jose';

import {makeAuthority} from './harness/certificates.mjs';
import {answers} from './harness/key_server.mjs';
import {runPostern} from './harness/program.mjs';
import {scoped} from './harness/scope.mjs';
import {assertRefusal, passwordOf, startTokenService} from './harness/token_service.mjs';
import {secretTexts} from './harness/tokens.mjs';
import {startVerifyingService} from './harness/verifying_service.mjs';

const alice = {password: passwordOf('alice'), claims: {sub: 'user-7', role: 'admin', email: 'alice@example.com'}};
const bob = {password: passwordOf('bob')};

async function startBoth(scope, {verify = {}, service = {}, secure} = {}) {
  const users = await startVerifyingService(scope, {alice, bob}, secure);
  const gateway = await startTokenService(scope, {
    users: {},
    service: {users_file: undefined, verify_url: {url: users.url, ...verify}, ...service},
    env: {POSTERN_LOG_LEVEL: 'trace'},
  });
  return {users, service: gateway};
}

describe('a service that knows the users', () => {
  const scope = scoped();
  let users, service;
  before(async () => ({users, service} = await startBoth(scope, {verify: {timeout: '300ms'}})));
  beforeEach(() => users.on(undefined));
  const assertUnavailable = async () => assertRefusal(await service.tryLogin(), 503, 'credentials_unavailable');

  it('gets the credentials as JSON, once, and its claims reach the access token and the upstream', async () => {
    const {access_token: token} = await service.login('alice');
    assert.deepEqual([users.last.method, users.last.path, users.last.fields['content-type']], ['POST', '/verify', 'application/json']);
    assert.deepEqual(JSON.parse(users.last.body), {username: 'alice', password: alice.password});
    assert.equal(users.requests.length, 1);
    const {sub, role, email} = jose.decodeJwt(token);
    assert.deepEqual({sub, role, email}, {sub: 'user-7', role: 'admin', email: undefined});
    await service.assertAccepted(token);
    assert.equal(service.upstream.last.get('x-user-id'), 'user-7');
    assert.equal(service.upstream.last.get('x-role'), 'admin');
  });

  it('may say no `sub`: then the username is the subject', async () => {
    assert.equal(jose.decodeJwt((await service.login('bob')).access_token).sub, 'bob');
  });

  it('gets every character of a password', async () => {
    const password = '"\\\t/ ÿ 한글 💥';
    users.users.carol = {password};
    secretTexts.add(password);
    const ascii = JSON.stringify({username: 'carol', password})
      .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    const response = await service.post('/auth/login', ascii, ['Content-Type: application/json']);
    assert.equal(response.status, 200, response.text);
  });

  for (const status of [401, 403, 404]) {
    it(`refuses with ${status}: 401 credentials_invalid`, async () => {
      users.on(answers.status(status, 'the password is wrong'));
      assertRefusal(await service.tryLogin(), 401, 'credentials_invalid');
    });
  }
  it('refuses a wrong password', async () => assertRefusal(await service.tryLogin('alice', bob.password), 401, 'credentials_invalid'));

  const size = (bytes) => answers.text(`{"more":"${'x'.repeat(bytes - 11)}"}`);
  const unavailable = {
    'an error of its own': answers.status(500),
    'another success': answers.status(204),
    'a redirect, which is not followed': answers.redirect('/elsewhere', 307),
    'what is no JSON': answers.html,
    'JSON that is no object': answers.text('["alice"]'),
    'an empty body': answers.text(''),
    'a `sub` that is no text': answers.text('{"sub":7}'),
    'an answer that ends early': answers.cutOff('{"role":"admin"}'),
    'a byte more than 64 KiB': size(65_537),
    'claims for access tokens that are too long': answers.text(JSON.stringify({role: 'x'.repeat(4096)})),
    'nothing within the timeout': answers.hang,
    'half an answer within the timeout': answers.stall,
    'an answer that trickles for longer than the timeout': answers.trickle,
  };
  for (const [what, answer] of Object.entries(unavailable)) {
    it(`that answers with ${what}: 503 credentials_unavailable`, async () => {
      users.on(answer);
      const asked = users.requests.length;
      await assertUnavailable();
      assert.equal(users.requests.length, asked + 1);
    });
  }
  it('may answer with 64 KiB', async () => {
    users.on(size(65_536));
    await service.login('alice');
  });

  it('is not needed for refresh: a session keeps the claims of its login', async () => {
    const login = await service.login('alice');
    await users.stop();
    await assertUnavailable();
    const {access_token: token, refresh_token: next} = await service.refresh(login.refresh_token);
    const {sub, role, email} = jose.decodeJwt(token);
    assert.deepEqual({sub, role, email}, {sub: 'user-7', role: 'admin', email: undefined});
    await service.assertAccepted(token);
    await users.start();
    await service.refresh(next);
    await service.login('bob');
  });
});

describe('login_limits with verify_url', () => {
  const limited = {login_limits: {user_and_address: 2, address: 'off', user: 'off'}};

  it('do not count what nobody could judge', async (t) => {
    const {users, service} = await startBoth(scoped(t), {service: limited});
    users.on(answers.status(500));
    for (let i = 0; i < 4; ++i) assertRefusal(await service.tryLogin(), 503, 'credentials_unavailable');
    users.on(undefined);
    await service.login('alice');
  });

  it('still count the wrong passwords before and after it', async (t) => {
    const {users, service} = await startBoth(scoped(t), {service: limited});
    assertRefusal(await service.tryLogin('alice', 'a wrong password'), 401, 'credentials_invalid');
    users.on(answers.status(500));
    assertRefusal(await service.tryLogin(), 503, 'credentials_unavailable');
    users.on(undefined);
    assertRefusal(await service.tryLogin('alice', 'a wrong password'), 401, 'credentials_invalid');
    assertRefusal(await service.tryLogin(), 429, 'rate_limited');
  });
});

describe('headers_file', () => {
  it('is sent to the service, and stands in no log', async (t) => {
    const scope = scoped(t);
    const key = 'the-secret-key-of-the-gateway';
    secretTexts.add(key);
    const file = scope.file('headers', `# for the users\nAuthorization: Basic ${key}\nX-Tenant: shop\n`);
    const {users, service} = await startBoth(scope, {verify: {headers_file: file}});
    await service.login('alice');
    assert.equal(users.last.fields.authorization, `Basic ${key}`);
    assert.equal(users.last.fields['x-tenant'], 'shop');
    users.on(answers.status(500));
    assertRefusal(await service.tryLogin(), 503, 'credentials_unavailable');
  });

  it('that cannot be used is an error of the configuration, with its place', async (t) => {
    const scope = scoped(t);
    const {service} = await startBoth(scope);
    const wrong = structuredClone(service.config);
    wrong.token_service.verify_url.headers_file = scope.file('headers', 'a-secret-line-without-a-name\n');
    const {code, stderr, stdout} = await runPostern(['validate', '-c', scope.file('wrong.yaml', wrong)]);
    assert.equal(code, 78);
    assert.match(stderr + stdout, /token_service\.verify_url\.headers_file: .*line 1 is no `Name: value`/);
    assert.doesNotMatch(stderr + stdout, /a-secret-line/);
  });
});

describe('https', () => {
  it('is judged by ca_file', async (t) => {
    const scope = scoped(t);
    const authority = await makeAuthority(scope);
    const {secure} = await authority.issue('127.0.0.1');
    const {users, service} = await startBoth(scope, {secure, verify: {ca_file: authority.certificateFile}});
    await service.login('alice');
    assert.equal(users.requests.length, 1);
  });

  it('of another name, or of an authority that nobody knows, gets no password', async (t) => {
    const scope = scoped(t);
    const authority = await makeAuthority(scope);
    const {secure: other} = await authority.issue('users.example.com');
    const wrongName = await startBoth(scope, {secure: other, verify: {ca_file: authority.certificateFile}});
    const {secure} = await authority.issue('127.0.0.1');
    const unknown = await startBoth(scope, {secure});
    for (const {users, service} of [wrongName, unknown]) {
      assertRefusal(await service.tryLogin(), 503, 'credentials_unavailable');
      assert.equal(users.requests.length, 0);
    }
  });
});
