// Revocation by people and programs: `/revocations` of the admin listener, and `postern tokens revoke`.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {decodeJwt} from 'jose';

import {runPostern} from './harness/program.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {clockPasses, issuer, startTokenService} from './harness/token_service.mjs';
import {audience as foreignAudience, issuer as foreignIssuer, jwks, makeKey, mint, now} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

const json = {'Content-Type': 'application/json'};
const otherIssuer = 'https://other.example.com';

// One route for tokens of the service and of two other issuers, which share their keys.
async function start(scope, keys, more = {}) {
  const jwksFile = scope.file('keys.json', jwks(...keys));
  const provider = (name) => ({issuer: name, audiences: [foreignAudience], jwks_file: jwksFile});
  return startTokenService(scope, {
    users: {alice: [], bob: []},
    providers: {shop: provider(foreignIssuer), other: provider(otherIssuer)},
    routes: [{name: 'orders', match: {path_prefix: '/orders'}, upstream: 'orders', jwt: {providers: ['token_service', 'shop', 'other']}}],
    ...more,
  });
}

const post = (service, body, headers = json) => service.gateway.admin('/revocations', {
  method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body),
});

async function revoke(service, revocation) {
  const {status, text} = await post(service, revocation);
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

const scope = scoped();
let keys, service;
before(async () => {
  keys = [await makeKey('ES256'), await makeKey('ES256')];
  service = await start(scope, keys);
});

describe('a revocation of another issuer\'s tokens', () => {
  // What is revoked, and the claims of tokens that it concerns or not; `key` and `kid` are numbers of the two keys.
  const early = now() - 100;
  const kinds = {
    jti: {revocation: {jti: 'one'}, hit: [{jti: 'one'}], missed: [{jti: 'two'}, {jti: 'one', iss: otherIssuer}, {sid: 'one'}]},
    sid: {revocation: {sid: 's'}, hit: [{sid: 's'}, {sid: 's', sub: 'x'}], missed: [{sid: 't'}, {sid: 's', iss: otherIssuer}, {jti: 's'}]},
    sub: {revocation: {sub: 'carol'}, hit: [{sub: 'carol'}, {sub: 'carol', iat: undefined}], missed: [{sub: 'carl'}, {sub: 'carol', iss: otherIssuer}]},
    'sub issued before': {
      revocation: {sub: 'dave', issued_before: early},
      hit: [{sub: 'dave', iat: early - 1}, {sub: 'dave', iat: undefined}],
      missed: [{sub: 'dave', iat: early}, {sub: 'dora', iat: early - 1}],
    },
    'issued before': {
      revocation: {issued_before: early - 50},
      hit: [{iat: early - 51}, {iat: undefined}],
      missed: [{iat: early - 50}, {iat: early - 51, iss: otherIssuer}],
    },
  };
  for (const [name, {revocation, hit, missed}] of Object.entries(kinds)) {
    it(`by ${name} concerns those tokens and no other, those that were seen before and those to come`, async () => {
      const mintAll = (all) => Promise.all(all.map((claims) => mint(keys[0], claims)));
      const [revoked, kept] = [await mintAll(hit), await mintAll(missed)];
      for (const token of [...revoked, ...kept]) await service.assertAccepted(token);
      const answer = await revoke(service, {...revocation, issuer: foreignIssuer});
      for (const token of revoked) await service.assertRevoked(token);
      for (const token of await mintAll(hit)) await service.assertRevoked(token);
      for (const token of kept) await service.assertAccepted(token);
      const {until, ...rest} = answer.revocation;
      assert.deepEqual(rest, {...revocation, issuer: foreignIssuer});
      assert.ok(Math.abs(until - now() - 86_400) < 60, `until ${until}`);
    });
  }

  it('by kid concerns what that key signed and nothing else', async () => {
    const [stolen, good] = [await mint(keys[1]), await mint(keys[0], {iat: now()})];
    const elsewhere = await mint(keys[1], {iss: otherIssuer});
    for (const token of [stolen, good, elsewhere]) await service.assertAccepted(token);
    await revoke(service, {kid: keys[1].kid, issuer: foreignIssuer});
    await service.assertRevoked(stolen);
    await service.assertAccepted(good);
    await service.assertAccepted(elsewhere);
  });
});

describe('a revocation of the service\'s own tokens', () => {
  it('by sid ends that session, and lasts as long as access tokens may', async () => {
    const [one, other] = [await service.login('alice'), await service.login('alice')];
    const sid = one.refresh_token.split('.')[0];
    const {revocation} = await revoke(service, {sid, issuer});
    assert.ok(Math.abs(revocation.until - now() - 86_701) < 60, `until ${revocation.until}`);
    await service.assertOver(one);
    await service.assertAccepted(other.access_token);
    await service.refresh(other.refresh_token);
  });

  it('by sub and an instant ends the sessions before it; a later login is another one', async () => {
    const [alice, bob] = [await service.login('alice'), await service.login('bob')];
    await revoke(service, {sub: 'alice', issuer, issued_before: (Date.now() + 1) / 1000});
    await service.assertOver(alice);
    await service.assertAccepted(bob.access_token);
    await service.assertAccepted((await service.login('alice')).access_token);
  });

  it('by sub and this very instant leaves a later login and what its refresh gives as good as any other', async () => {
    for (let i = 0; i < 8; ++i) {
      const name = await service.newUser();
      await revoke(service, {sub: name, issuer, issued_before: Date.now() / 1000});
      await service.assertAlive(await service.assertAlive(await service.login(name)));
    }
  });
});

describe('a revocation of all that an issuer issued before an instant', () => {
  const issuedBefore = (name, at) => ({issuer: name, issued_before: at});

  it('is judged by `iat` alike on the gateway that was told, on another one, and on one that starts later', async (t) => {
    const scope = scoped(t);
    const told = await start(scope, keys);
    const other = await start(scope, keys, {like: told});
    const at = now() - 60;
    const [earlier, exact] = [await mint(keys[0], {iat: at - 1}), await mint(keys[0], {iat: at})];
    for (const gateway of [told, other]) for (const token of [earlier, exact]) await gateway.assertAccepted(token);

    await revoke(told, issuedBefore(foreignIssuer, at));
    await eventually('the other gateway hears of it', async () => (await other.use(earlier)).status === 401);
    const later = await start(scope, keys, {like: told});
    for (const gateway of [told, other, later]) {
      await gateway.assertRevoked(earlier);
      await gateway.assertAccepted(exact);
    }
    // The instant counts to the millisecond, and none before it takes back what another one said.
    await revoke(told, issuedBefore(foreignIssuer, at + 0.001));
    await revoke(told, issuedBefore(foreignIssuer, at - 1));
    await eventually('the other gateway hears of it', async () => (await other.use(exact)).status === 401);
    for (const gateway of [told, other, await start(scope, keys, {like: told})]) {
      await gateway.assertRevoked(exact);
      await gateway.assertAccepted(await mint(keys[0], {iat: at + 1}));
    }
  });

  it('ends the service\'s own sessions that began before it, and no other', async (t) => {
    const own = await start(scoped(t), keys);
    const issuedAt = ({access_token: access}) => decodeJwt(access).iat;
    const first = await own.login('alice');
    await revoke(own, issuedBefore(issuer, issuedAt(first)));
    const session = await own.assertAlive(first);
    const end = issuedAt(session) + 1;
    await revoke(own, issuedBefore(issuer, end));
    await own.assertOver(session);
    await own.assertRevoked(first.access_token);
    await clockPasses(end * 1000);
    await own.assertAlive(await own.login('alice'));
  });
});

describe('two gateways on one store', () => {
  it('agree upon what one of them was told, by the same sequence', async (t) => {
    const other = await start(scoped(t), keys, {like: service});
    const token = await mint(keys[0], {jti: 'shared'});
    await other.assertAccepted(token);
    const first = await revoke(service, {jti: 'shared', issuer: foreignIssuer});
    await eventually('the other gateway hears of it', async () => (await other.use(token)).status === 401);
    await other.assertRevoked(token);
    const second = await revoke(other, {jti: 'later', issuer: foreignIssuer});
    assert.equal(second.sequence, first.sequence + 1);
  });
});

describe('/revocations', () => {
  const good = {jti: 'x', issuer: foreignIssuer};

  it('tells whether revocations are followed, since when, and how many there are', async (t) => {
    const own = await startTokenService(scoped(t));
    await revoke(own, {jti: 'counted', issuer: foreignIssuer});
    const {caught_up: caughtUp, ...rest} = JSON.parse((await own.gateway.admin('/revocations')).text);
    assert.deepEqual(rest, {following: true, count: 1});
    assert.ok(Math.abs(caughtUp - now()) < 30, `caught up at ${caughtUp}`);
  });

  const wrong = {
    'no JSON': '{', 'an array': [], 'no issuer': {jti: 'x'}, 'two kinds': {...good, sub: 'y'}, 'an unknown member': {...good, aud: 'y'},
    'an end that has passed': {...good, until: now() - 1}, 'nothing at all': '',
  };
  for (const [what, body] of Object.entries(wrong)) {
    it(`refuses ${what} with 400 and a sentence`, async () => {
      const {status, text} = await post(service, body);
      assert.equal(status, 400);
      assert.match(text, /^.+\n$/);
    });
  }
  it('refuses another Content-Type, and none, with 415: a page\'s form cannot revoke', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', '']) {
      assert.equal((await post(service, good, {'Content-Type': type})).status, 415, type);
    }
    assert.equal((await post(service, good, {'Content-Type': 'Application/JSON; charset=utf-8'})).status, 200);
  });
  it('refuses a foreign Origin with 403, another method with 405', async () => {
    assert.equal((await post(service, good, {...json, Origin: 'https://evil.example'})).status, 403);
    const response = await service.gateway.admin('/revocations', {method: 'DELETE'});
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('allow'), 'GET, HEAD, POST');
  });
  it('is no page without a token service', async (t) => {
    const {gateway} = await startStandard(scoped(t));
    assert.equal((await gateway.admin('/revocations')).status, 404);
    const admin = `127.0.0.1:${gateway.adminPort}`;
    const {code, stderr} = await runPostern(['tokens', 'revoke', '--jti', 'x', '--issuer', 'i', '--admin', admin]);
    assert.deepEqual([code, stderr], [1, 'the gateway has neither `revocations` nor a token service\n']);
  });
});

describe('postern tokens revoke', () => {
  const run = (...args) => runPostern(['tokens', 'revoke', ...args]);
  const there = () => ['--admin', `127.0.0.1:${service.gateway.adminPort}`];

  it('revokes, prints what is kept and ends with 0', async () => {
    const token = await mint(keys[0], {sub: 'erin', jti: 'by-command'});
    for (const [name, value] of [['jti', 'by-command'], ['sub', 'erin']]) {
      const {code, stdout, stderr} = await run(`--${name}`, value, '--issuer', foreignIssuer, '--until', `${now() + 60}`, ...there());
      assert.deepEqual([code, stderr], [0, '']);
      assert.equal(JSON.parse(stdout).revocation[name], value);
      await service.assertRevoked(token);
    }
  });
  it('revokes all of an issuer that was issued before an instant', async () => {
    const at = now() - 40;
    const [earlier, later] = [await mint(keys[0], {iss: otherIssuer, iat: at - 1}), await mint(keys[0], {iss: otherIssuer, iat: at})];
    assert.equal((await run('--issuer', otherIssuer, '--issued-before', `${at}`, ...there())).code, 0);
    await service.assertRevoked(earlier);
    await service.assertAccepted(later);
  });
  it('ends with 1 when the gateway refuses or is not there, with 2 when the line is wrong', async () => {
    const refused = await run('--jti', 'x', '--issuer', foreignIssuer, '--until', '5', ...there());
    assert.deepEqual([refused.code, refused.stdout, refused.stderr], [1, '', '`until` has passed already\n']);
    assert.equal((await run('--jti', 'x', '--issuer', 'i', '--admin', '127.0.0.1:1')).code, 1);
    for (const line of [['--issuer', 'i'], ['--jti', 'x'], ['--jti', 'x', '--sub', 'y', '--issuer', 'i'], []]) {
      assert.equal((await run(...line, ...there())).code, 2, line.join(' '));
    }
  });
});
