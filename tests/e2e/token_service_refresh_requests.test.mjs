// Requests to refresh and their answers: what they are made of, and which user they are for.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {postern, start} from './harness/program.mjs';
import {bearer} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {
  assertRefusal, changeUsers, malformedBodies, paddedJson, passwordOf, startTokenService,
} from './harness/token_service.mjs';
import {base64url, remember} from './harness/tokens.mjs';
import {eventually, within} from './harness/waiting.mjs';

const suiteScope = scoped();
let patient;
before(async () => { patient = await startTokenService(suiteScope, {service: {leeway: '1s', reuse_grace: '1m'}}); });

// As a person does with an editor.
function editUsers({usersFile}, pattern, replacement) {
  const text = readFileSync(usersFile, 'utf8');
  const edited = text.replace(pattern, replacement);
  assert.notEqual(edited, text);
  writeFileSync(usersFile, edited);
}

describe('an answer to a refresh', () => {
  it('has the members of a login\'s, for no cache to keep, and both tokens are worth what a login\'s are', async () => {
    const first = await patient.login();
    const response = await patient.tryRefresh(first.refresh_token);
    assert.equal(response.status, 200, response.text);
    assert.match(response.get('content-type'), /^application\/json/);
    assert.equal(response.get('cache-control'), 'no-store');
    const {access_token: access, refresh_token: refresh, ...rest} = response.json;
    assert.deepEqual(rest, {token_type: 'Bearer', expires_in: 900, refresh_expires_in: 432_000});
    const [before, after] = [first.access_token, access].map((token) => jose.decodeJwt(token));
    assert.notEqual(after.jti, before.jti);
    for (const claim of ['sid', 'sub', 'auth_time', 'client_id', 'role']) assert.deepEqual(after[claim], before[claim], claim);
    await patient.assertAccepted(access);
    await patient.assertAccepted(first.access_token); // a refresh revokes nothing
    await patient.refresh(refresh);
  });

  it('tells the claims that the user\'s record has by now', async (t) => {
    const service = await startTokenService(scoped(t), {users: {alice: ['role=guest']}});
    const {refresh_token: refresh} = await service.login();
    editUsers(service, 'guest', 'buyer');
    assert.equal(jose.decodeJwt((await service.refresh(refresh)).access_token).role, 'buyer');
  });
});

// 'S': the program waits for something.
const stateOf = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];

describe('the account is looked at again: a session ends at the next refresh when its user', () => {
  const changes = {
    'was removed': ({usersFile}) => changeUsers('remove', usersFile, 'alice'),
    'has a new password': ({usersFile}) => changeUsers('passwd', usersFile, 'alice', {password: 'another password of alice'}),
    'was removed and added again': async ({usersFile}) => {
      await changeUsers('remove', usersFile, 'alice');
      await changeUsers('add', usersFile, 'alice', {password: passwordOf('alice')});
    },
    'was disabled': (service) => editUsers(service, /^( *)alice:\n( *)/m, '$1alice:\n$2disabled: true\n$2'),
  };
  for (const [name, change] of Object.entries(changes)) {
    it(name, async (t) => {
      const service = await startTokenService(scoped(t), {users: {alice: [], bob: []}});
      const [session, bobs] = [await service.login(), await service.login('bob')];
      await change(service);
      await service.assertAccepted(session.access_token); // it holds until it is looked at
      assertRefusal(await service.tryRefresh(session.refresh_token), 401, 'refresh_token_invalid');
      await service.assertOver(session);
      await service.refresh(bobs.refresh_token);
    });
  }

  it('has a new password, even one that was being typed when the session began', async (t) => {
    const service = await startTokenService(scoped(t));
    const typed = start(postern, ['users', 'passwd', '--file', service.usersFile, 'alice', '--password-stdin']);
    await eventually('it waits for the password', () => stateOf(typed.child.pid) === 'S');
    const session = await service.login(); // with the old one
    typed.child.stdin.end('another password of alice\n');
    assert.deepEqual(await within('the change', typed.ended), {code: 0, signal: null});
    assertRefusal(await service.tryLogin(), 401, 'credentials_invalid');
    assertRefusal(await service.tryRefresh(session.refresh_token), 401, 'refresh_token_invalid');
  });

  it('has a new password, and a session that began with it goes on', async (t) => {
    const service = await startTokenService(scoped(t));
    await changeUsers('passwd', service.usersFile, 'alice', {password: 'another password of alice'});
    const response = await service.tryLogin('alice', 'another password of alice');
    assert.equal(response.status, 200, response.text);
    await service.refresh(response.json.refresh_token);
  });
});

describe('a request for new tokens', () => {
  const send = (type, text) => patient.post('/auth/refresh', text, type ? [['Content-Type', type]] : []);

  for (const [name, [type, text]] of Object.entries(malformedBodies)) {
    it(`with a body ${name} is 400 request_malformed`, async () => assertRefusal(await send(type, text), 400, 'request_malformed'));
  }

  it('with a body of 16 KiB is read, one byte more is 413 body_too_large', async () => {
    const {refresh_token: refresh} = await patient.login();
    assertRefusal(await send('application/json', paddedJson({refresh_token: refresh}, 16_385)), 413, 'body_too_large');
    assert.equal((await send('application/json', paddedJson({refresh_token: refresh}, 16_384))).status, 200);
  });

  it('by another method is 405, and Allow names POST', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await patient.ask(method, '/auth/refresh');
      assert.deepEqual([response.status, response.get('allow'), response.json.reason], [405, 'POST', 'method_not_allowed'], method);
    }
  });

  it('with a token of another form is refresh_token_invalid', async () => {
    const {access_token: access, refresh_token: good} = await patient.login();
    const [sid, secret] = good.split('.');
    const forms = ['x', '.', sid, `${sid}.`, `.${secret}`, `${good}.`, `${good}A`, `${good.slice(0, -2)}`, ` ${good}`, `${good} `,
      `${sid}.${secret}.${secret}`, good.replace('.', ':'), `${good}=`, `${sid}.${'*'.repeat(43)}`, access, 'x'.repeat(10_000)];
    for (const token of forms) assertRefusal(await patient.tryRefresh(token), 401, 'refresh_token_invalid');
    await patient.refresh(good);
  });

  it('with another session\'s name before the secret is refresh_token_invalid, and both sessions go on', async () => {
    const [one, other] = [await patient.login(), await patient.login()];
    const mixed = remember(`${one.refresh_token.split('.')[0]}.${other.refresh_token.split('.')[1]}`);
    assertRefusal(await patient.tryRefresh(mixed), 401, 'refresh_token_invalid');
    await patient.refresh(one.refresh_token);
    await patient.refresh(other.refresh_token);
  });

  it('with two access tokens is 400 token_multiple', async () => {
    const {access_token: access, refresh_token: refresh} = await patient.login();
    const both = await patient.post('/auth/refresh', {refresh_token: refresh, access_token: access}, [bearer(access)]);
    assertRefusal(both, 400, 'token_multiple');
    const twice = await patient.post('/auth/refresh', {refresh_token: refresh}, [bearer(access), bearer(access)]);
    assertRefusal(twice, 400, 'token_multiple');
    await patient.refresh(refresh, access);
  });

  it('with an access token that is none, or another\'s, is refused for its own reason', async () => {
    const {access_token: access, refresh_token: refresh} = await patient.login();
    const [header, , signature] = access.split('.');
    const withClaims = (changes) => remember(`${header}.${base64url(JSON.stringify({...jose.decodeJwt(access), ...changes}))}.${signature}`);
    const forged = {
      token_malformed: 'no token',
      issuer_unknown: withClaims({iss: 'https://other.example.com'}),
      signature_invalid: withClaims({sub: 'bob'}),
    };
    for (const [reason, token] of Object.entries(forged)) assertRefusal(await patient.tryRefresh(refresh, token), 401, reason);
    await patient.refresh(refresh);
  });
});
