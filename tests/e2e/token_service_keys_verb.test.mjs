// Signing keys for people and programs: `/keys` and `/keys/rotate` of the admin listener, and `postern keys`.
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';

import * as jose from 'jose';

import {runPostern} from './harness/program.mjs';
import {inRedis, startRedis} from './harness/redis.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {queryStore, startTokenService} from './harness/token_service.mjs';
import {now} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

const kidOf = ({access_token: access}) => jose.decodeProtectedHeader(access).kid;
const published = async (service) => (await service.get('/auth/jwks.json')).json.keys.map(({kid}) => kid);
const keysVerb = (verb, {gateway}, ...more) => runPostern(['keys', verb, '--admin', `127.0.0.1:${gateway.adminPort}`, ...more]);

// What a verb prints as JSON; it must succeed.
async function keysOf(service, verb = 'list') {
  const {code, stdout, stderr} = await keysVerb(verb, service, '--json');
  assert.deepEqual([code, stderr], [0, '']);
  return JSON.parse(stdout).keys;
}
const phases = (keys) => keys.map(({kid, phase}) => [kid, phase]);
const post = ({gateway}, path, headers = {}) => gateway.admin(path, {method: 'POST', headers});

describe('postern keys', () => {
  it('lists the one key of a new store, which signs, with its times and nothing else', async (t) => {
    const service = await startTokenService(scoped(t));
    const [key, ...more] = await keysOf(service);
    assert.deepEqual(more, []);
    const {created, signs_from: from, signs_until: until, retired, ...rest} = key;
    assert.deepEqual(rest, {kid: kidOf(await service.login()), alg: 'ES256', phase: 'signing'});
    assert.equal(created, from);
    assert.ok(Math.abs(from - now()) < 60, `signs from ${from}`);
    assert.equal(until - from, 30 * 86_400);
    assert.equal(retired - until, 15 * 60 + 5); // its last token, and the leeway
  });

  it('rotates: another key signs at once, the old one verifies, and no session notices', async (t) => {
    const service = await startTokenService(scoped(t));
    const before = await service.login();
    const [old] = await published(service);
    const rotated = await keysOf(service, 'rotate');
    const next = rotated[1].kid;
    assert.notEqual(next, old);
    assert.deepEqual(phases(rotated), [[old, 'verifying'], [next, 'signing']]);
    assert.deepEqual(await keysOf(service), rotated);

    await service.assertAccepted(before.access_token);
    const after = await service.login();
    assert.deepEqual([kidOf(before), kidOf(after)], [old, next]);
    await service.assertAccepted(after.access_token);
    assert.equal(kidOf(await service.assertAlive(before)), next);
    assert.deepEqual(await published(service), [old, next]);
    const own = (rows) => rows.map(([kid]) => kid);
    assert.deepEqual(own(await queryStore(service.stateFile, 'SELECT kid FROM signing_keys ORDER BY number')), [old, next]);
  });

  it('prints a table for people', async (t) => {
    const service = await startTokenService(scoped(t));
    await keysVerb('rotate', service);
    const {code, stdout} = await keysVerb('list', service);
    const [heading, ...lines] = stdout.trimEnd().split('\n');
    assert.equal(code, 0);
    assert.match(heading, /^KID +ALG +PHASE +SIGNS FROM +SIGNS UNTIL +RETIRED$/);
    assert.deepEqual(lines.map((line) => line.split(/ +/).slice(0, 3)),
      (await keysOf(service)).map(({kid, alg, phase}) => [kid, alg, phase]));
    assert.equal((await keysVerb('rotate', service)).stdout.trimEnd().split('\n').length, 4);
  });

  it('makes keys of the algorithm that the configuration has', async (t) => {
    const service = await startTokenService(scoped(t), {service: {signing_keys: {algorithm: 'EdDSA'}}});
    const keys = await keysOf(service, 'rotate');
    assert.deepEqual(keys.map(({alg}) => alg), ['EdDSA', 'EdDSA']);
    assert.equal(jose.decodeProtectedHeader((await service.login()).access_token).alg, 'EdDSA');
  });

  it('leaves out a key that was revoked, and the one made instead signs', async (t) => {
    const service = await startTokenService(scoped(t));
    const [old] = await published(service);
    const revoke = ['tokens', 'revoke', '--kid', old, '--issuer', 'https://shop.example.com'];
    assert.equal((await runPostern([...revoke, '--admin', `127.0.0.1:${service.gateway.adminPort}`])).code, 0);
    const keys = await keysOf(service);
    assert.deepEqual(keys.map(({phase}) => phase), ['signing']);
    assert.notEqual(keys[0].kid, old);
  });

  it('replaces a key on demand that is revoked by a new one: the key before it never signs again', async (t) => {
    const service = await startTokenService(scoped(t));
    const [old, demanded] = (await keysOf(service, 'rotate')).map(({kid}) => kid);
    const revoke = ['tokens', 'revoke', '--kid', demanded, '--issuer', 'https://shop.example.com'];
    assert.equal((await runPostern([...revoke, '--admin', `127.0.0.1:${service.gateway.adminPort}`])).code, 0);
    const keys = await eventually('another key signs', async () => {
      const listed = await keysOf(service);
      return listed.some(({phase}) => phase === 'signing') && listed;
    });
    const made = keys[1].kid;
    assert.deepEqual(phases(keys), [[old, 'verifying'], [made, 'signing']]);
    assert.notEqual(made, demanded);
    assert.equal(kidOf(await service.login()), made);
  });

  it('ends with 1 without a token service or a gateway, with 2 when the line is wrong', async (t) => {
    const {gateway} = await startStandard(scoped(t));
    for (const verb of ['list', 'rotate']) {
      const {code, stdout, stderr} = await keysVerb(verb, {gateway});
      assert.deepEqual([code, stdout, stderr], [1, '', 'the gateway has no token service\n']);
      assert.equal((await keysVerb(verb, {gateway: {adminPort: 1}})).code, 1);
      assert.equal((await keysVerb(verb, {gateway}, '--kid', 'x')).code, 2);
    }
    assert.equal((await runPostern(['keys'])).code, 2);
  });
});

describe('gateways of one store', () => {
  it('take over a key that one of them was asked for, and list it when they are asked', async (t) => {
    const scope = scoped(t);
    const asked = await startTokenService(scope);
    const others = [await startTokenService(scope, {like: asked}), await startTokenService(scope, {like: asked})];
    const rotated = await keysOf(asked, 'rotate');
    const {access_token: access} = await asked.login();
    await others[0].assertAccepted(access); // by an unknown key: the store is asked
    assert.deepEqual(await published(others[0]), await published(asked));
    assert.deepEqual(await keysOf(others[1]), rotated);
    assert.equal(kidOf(await others[1].login()), rotated[1].kid);
  });

  it('that are asked together make a key each, of which none is lost', async (t) => {
    const scope = scoped(t);
    const one = await startTokenService(scope);
    const other = await startTokenService(scope, {like: one});
    const rotate = async ({gateway}) => JSON.parse((await gateway.admin('/keys/rotate', {method: 'POST'})).text).keys;
    for (let round = 1; round <= 16; ++round) {
      const answers = await Promise.all([rotate(one), rotate(other)]);
      const kids = new Set((await keysOf(one)).map(({kid}) => kid));
      assert.equal(kids.size, 1 + 2 * round);
      for (const keys of answers) assert.ok(keys.every(({kid}) => kids.has(kid)));
    }
    assert.deepEqual(phases(await keysOf(one)), phases(await keysOf(other)));
  });

  it('remember their keys while the store is away, and do not say that another signs', async (t) => {
    const scope = scoped(t);
    const redis = await startRedis(scope);
    const service = await startTokenService(scope, {service: inRedis(redis)});
    const keys = await keysOf(service, 'rotate');
    await redis.kill();
    const rotated = await keysVerb('rotate', service);
    assert.deepEqual([rotated.code, rotated.stdout], [1, '']);
    assert.match(rotated.stderr, /^no other key signs, as far as is known: .+\n$/);
    const answer = JSON.parse((await service.gateway.admin('/keys')).text);
    assert.deepEqual(answer.keys, keys);
    assert.match(answer.error, /./);
    const listed = await keysVerb('list', service);
    assert.equal(listed.code, 0);
    assert.match(listed.stdout, /\nAs the gateway remembers them; its store: .+\n$/);
  });
});

describe('/keys', () => {
  it('is read by GET, and changed by POST to /keys/rotate alone, from no foreign Origin', async (t) => {
    const service = await startTokenService(scoped(t));
    const [key] = await keysOf(service);
    const listed = await service.gateway.admin('/keys');
    assert.deepEqual([listed.status, listed.headers.get('content-type')], [200, 'application/json']);
    for (const [method, path, allow] of [['POST', '/keys', 'GET, HEAD'], ['GET', '/keys/rotate', 'POST'], ['HEAD', '/keys/rotate', 'POST']]) {
      const response = await service.gateway.admin(path, {method});
      assert.deepEqual([response.status, response.headers.get('allow')], [405, allow], `${method} ${path}`);
    }
    assert.equal((await post(service, '/keys/rotate', {Origin: 'https://evil.example'})).status, 403);
    assert.deepEqual(await keysOf(service), [key]);
    assert.equal((await post(service, '/keys/rotate', {Origin: service.gateway.adminUrl})).status, 200);
    assert.equal((await keysOf(service)).length, 2);
  });

  it('tells nothing of a private key, and the log does not either', async (t) => {
    const service = await startTokenService(scoped(t));
    const {text} = await post(service, '/keys/rotate');
    const [[pem]] = await queryStore(service.stateFile, 'SELECT private_key FROM signing_keys');
    for (const line of pem.split('\n').filter((part) => part && !part.startsWith('-----'))) {
      for (const place of [text, service.gateway.stderr]) assert.ok(!place.includes(line));
    }
    assert.deepEqual(Object.keys(JSON.parse(text).keys[0]),
      ['kid', 'alg', 'phase', 'created', 'signs_from', 'signs_until', 'retired']);
  });

  it('makes a 64th key, and no 65th', async (t) => {
    const service = await startTokenService(scoped(t));
    for (let i = 0; i < 63; ++i) assert.equal((await post(service, '/keys/rotate')).status, 200);
    assert.equal((await keysOf(service)).length, 64);
    const {status, text} = await post(service, '/keys/rotate');
    assert.deepEqual([status, text], [409, 'there are too many signing keys; one must retire before another is made\n']);
    assert.equal((await keysOf(service)).length, 64);
    await service.assertAccepted((await service.login()).access_token);
  });

  it('is no page without a token service', async (t) => {
    const {gateway} = await startStandard(scoped(t));
    assert.equal((await gateway.admin('/keys')).status, 404);
    assert.equal((await gateway.admin('/keys/rotate', {method: 'POST'})).status, 404);
  });
});
