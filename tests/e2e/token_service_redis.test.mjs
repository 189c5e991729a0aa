// Gateways that share a Redis: what one of them issued or revoked holds for all, and what each does while Redis is down.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';
import {fileURLToPath} from 'node:url';

import {startGateway} from './harness/gateway.mjs';
import {run} from './harness/program.mjs';
import {everythingIn, inRedis, startRedis} from './harness/redis.mjs';
import {assertErrorReply} from './harness/refusals.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {assertRefusal, issuer, passwordOf, sessionConfig, startTokenService} from './harness/token_service.mjs';
import {eventually, sanitized, within} from './harness/waiting.mjs';

// What a store that is down answers: not a word about the credentials.
async function assertUnavailable(response) {
  assertRefusal(response, 503, 'store_unavailable');
  assert.equal(response.get('retry-after'), '5');
}

// A login or a refresh that must work again, after however many that do not.
const healed = (what, call) => eventually(what, async () => {
  const response = await call();
  return response.status === 200 && response.json;
});

const refusalDelays = fileURLToPath(new URL('harness/refusal_delays.mjs', import.meta.url));

describe('three gateways behind one Redis', () => {
  const suiteScope = scoped();
  let redis;
  let gateways;
  before(async () => {
    redis = await startRedis(suiteScope);
    const first = await startTokenService(suiteScope, {service: inRedis(redis)});
    gateways = [first];
    for (let i = 0; i < 2; ++i) {
      gateways.push(await startTokenService(suiteScope, {like: first, service: inRedis(redis)}));
    }
  });

  it('accept each other\'s tokens, and publish the same keys', async () => {
    const sets = await Promise.all(gateways.map(async (gateway) => (await gateway.get('/auth/jwks.json')).text));
    assert.equal(new Set(sets).size, 1);
    for (const issuing of gateways) {
      const {access_token: access} = await issuing.login();
      for (const gateway of gateways) await gateway.assertAccepted(access);
    }
  });

  it('give one successor to 99 parallel refreshes of one token', async () => {
    const {refresh_token: first} = await gateways[0].login();
    const answers = await Promise.all([...Array(99).keys()].map((i) => gateways[i % 3].tryRefresh(first)));
    for (const answer of answers) assert.equal(answer.status, 200, answer.text);
    assert.equal(new Set(answers.map((answer) => answer.json.refresh_token)).size, 1);
    await gateways[1].refresh(answers[0].json.refresh_token);
  });

  it('refuse within 100 ms what one of them revoked', async (t) => {
    const limit = sanitized ? 500 : 100;
    const ports = gateways.map((gateway) => gateway.gateway.port);
    const sessions = [];
    for (let i = 0; i < 20; ++i) sessions.push(await gateways[i % 3].login());
    const cases = sessions.map((session, i) => {
      const logout = request('POST', '/auth/logout', [['Content-Type', 'application/json']],
        JSON.stringify({refresh_token: session.refresh_token}));
      return {
        end: {port: ports[i % 3], request: logout, status: 204},
        watched: {ports, request: request('GET', '/orders', [bearer(session.access_token)])},
      };
    });
    const observed = await run(process.execPath, [refusalDelays], {input: JSON.stringify(cases)});
    assert.equal(observed.code, 0, observed.stderr);
    const longest = JSON.parse(observed.stdout).map((delays) => Math.max(...delays));
    assert.equal(longest.length, sessions.length);
    t.diagnostic(`refused everywhere after ${longest.join(', ')} ms`);
    assert.ok(longest.every((delay) => delay < limit), `${longest} ms`);
    for (const session of sessions) await gateways[0].assertOver(session);
  });

  it('end a session for all of them when a used token comes again after the grace', async () => {
    const service = {...inRedis(redis), reuse_grace: '1ms'};
    const strict = await startTokenService(suiteScope, {like: gateways[0], service});
    const session = await strict.login();
    const next = await strict.refresh(session.refresh_token);
    await eventually('the grace is over', async () => (await strict.tryRefresh(session.refresh_token)).status === 401);
    for (const gateway of gateways) {
      await eventually('the session is over', async () => (await gateway.use(next.access_token)).status === 401);
      assertRefusal(await gateway.tryRefresh(next.refresh_token), 401, 'refresh_token_invalid');
    }
  });

  it('leave no token, password or plain key in Redis', async () => {
    const session = await gateways[0].login();
    const next = await gateways[1].refresh(session.refresh_token);
    const texts = await everythingIn(redis);
    for (const secret of [session.refresh_token.slice(23), next.refresh_token.slice(23), session.access_token,
      next.access_token, passwordOf('alice'), 'PRIVATE KEY', 'a secret of the test']) {
      assert.ok(!texts.includes(secret), secret.slice(0, 12));
    }
    assert.match(texts, /^v1\.[\w-]+$/m);
  });
});

describe('a gateway whose Redis', () => {
  it('is not there starts, is not ready, and becomes it by itself', async (t) => {
    const scope = scoped(t);
    const redis = await startRedis(scope);
    const model = await startTokenService(scope, {service: inRedis(redis)}); // for its users
    await redis.kill();
    const config = sessionConfig({endpoint: model.upstream.endpoint, usersFile: model.usersFile, service: inRedis(redis)});
    const gateway = await startGateway(scope, config);
    assert.equal((await gateway.admin('/readyz')).status, 503);
    await redis.start();
    await eventually('the gateway is ready', async () => (await gateway.admin('/readyz')).status === 200);
  });

  for (const [how, {down, up}] of Object.entries({
    'was killed': {down: (redis) => redis.kill(), up: (redis) => redis.start()},
    'stands still': {down: (redis) => redis.pause(), up: (redis) => redis.resume()},
    'became a replica': {
      down: (redis) => redis.ask('REPLICAOF', '127.0.0.1', '1'),
      up: (redis) => redis.ask('REPLICAOF', 'NO', 'ONE'),
    },
    'is full': {
      down: (redis) => redis.ask('CONFIG', 'SET', 'maxmemory', '1'),
      up: (redis) => redis.ask('CONFIG', 'SET', 'maxmemory', '0'),
    },
    'has another password now': {
      down: async (redis) => {
        await redis.ask('CONFIG', 'SET', 'requirepass', 'other');
        redis.cliOptions = ['-a', 'other'];
        await redis.ask('CLIENT', 'KILL', 'TYPE', 'normal');
      },
      up: (redis) => redis.ask('CONFIG', 'SET', 'requirepass', ''),
    },
  })) {
    it(`${how} answers 503 to all that it should keep, does none of it, passes valid tokens, and heals`, async (t) => {
      const scope = scoped(t);
      const redis = await startRedis(scope);
      const service = await startTokenService(scope, {service: inRedis(redis, {timeout: '300ms'})});
      const session = await service.login();
      await down(redis);
      const began = performance.now();
      await assertUnavailable(await service.tryLogin());
      await assertUnavailable(await service.tryRefresh(session.refresh_token));
      await assertUnavailable(await service.tryLogout({refresh_token: session.refresh_token}));
      await assertUnavailable(await service.tryLogout({all: true}, [bearer(session.access_token)]));
      const revoked = await service.gateway.admin('/revocations', {
        method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({issuer, sub: 'alice'}),
      });
      assert.equal(revoked.status, 503);
      assert.ok(performance.now() - began < (sanitized ? 30_000 : 8_000));
      await service.assertAccepted(session.access_token);
      await up(redis);
      const next = await healed('a refresh', () => service.tryRefresh(session.refresh_token));
      await service.assertAccepted(next.access_token);
    });
  }

  for (const under of ['a login', 'nothing']) {
    it(`stands still holds up the end by SIGTERM for a call's timeout at most, with ${under} under way`, async (t) => {
      const scope = scoped(t);
      const redis = await startRedis(scope);
      const service = await startTokenService(scope, {service: inRedis(redis, {timeout: '500ms'}), timeouts: {drain: '500ms'}});
      await service.login();
      redis.pause();
      const connections = () => service.gateway.metric('postern_downstream_connections_total');
      const before = await connections();
      const asked = under === 'a login' ? service.tryLogin().catch(() => undefined) : undefined; // it may be cut off
      if (asked) await eventually('the login is under way', async () => await connections() > before);
      const began = performance.now();
      service.gateway.signal('SIGTERM');
      assert.deepEqual(await within('the end', service.gateway.running.ended), {code: 0, signal: null});
      const took = performance.now() - began;
      assert.ok(took < 1_000 + (sanitized ? 5_000 : 1_000), `${took} ms`);
      assert.ok([undefined, 503].includes((await asked)?.status));
    });
  }

  it('was restarted keeps sessions and revocations', async (t) => {
    const scope = scoped(t);
    const redis = await startRedis(scope);
    const service = await startTokenService(scope, {service: inRedis(redis)});
    const [kept, ended] = [await service.login(), await service.login()];
    await service.logout({refresh_token: ended.refresh_token});
    await redis.kill();
    await redis.start();
    const other = await startTokenService(scope, {like: service, service: inRedis(redis)});
    await healed('a refresh', () => other.tryRefresh(kept.refresh_token));
    await other.assertOver(ended);
  });

  it('wants a user and a password gets them from the configuration, and a wrong one is said in the log alone', async (t) => {
    const scope = scoped(t);
    const redis = await startRedis(scope);
    await redis.ask('ACL', 'SETUSER', 'gate', 'on', '>the right password', '~{postern}*', '-@all', '+@read', '+@write',
      '+@scripting', '-@dangerous', '+time');
    await redis.ask('ACL', 'SETUSER', 'default', 'off');
    const passwordFile = scope.file('password', 'the right password\n');
    const service = await startTokenService(scope, {service: inRedis(redis, {user: 'gate', password_file: passwordFile})});
    const {refresh_token: refresh} = await service.login();
    await service.refresh(refresh);
    const wrong = sessionConfig({endpoint: service.upstream.endpoint, usersFile: service.usersFile,
      service: inRedis(redis, {user: 'gate', password: 'a wrong password'})});
    const gateway = await startGateway(scope, wrong);
    await eventually('the log says so', () => /WRONGPASS/.test(gateway.running.stderr + gateway.running.stdout));
    assert.equal((await gateway.admin('/readyz')).status, 503);
    assert.doesNotMatch(gateway.running.stderr + gateway.running.stdout, /a wrong password/);
  });
});

describe('while nobody knows what was revoked', () => {
  const route = (name, more) => ({
    name, match: {path_prefix: `/${name}`}, upstream: 'orders', jwt: {providers: ['token_service'], ...more},
  });

  it('each route does as its `fail` says with tokens that may be good, and the gateway says that it is not ready', async (t) => {
    const scope = scoped(t);
    const redis = await startRedis(scope);
    const service = await startTokenService(scope, {
      service: {...inRedis(redis), revocation_patience: '5s'}, routes: [route('closed'), route('open', {fail: 'open'})],
    });
    const {access_token: access} = await service.login();
    const ended = await service.login();
    await service.logout({refresh_token: ended.refresh_token});
    const statuses = async () => [(await service.use(access, '/closed')).status, (await service.use(access, '/open')).status];
    const following = async () => /^postern_revocations_following (\d)$/m.exec((await service.gateway.admin('/metrics')).text)[1];
    assert.deepEqual(await statuses(), [200, 200]);
    assert.equal(await following(), '1');

    redis.pause();
    await eventually('the patience is over', async () => (await statuses())[0] === 503);
    assertErrorReply(await service.use(access, '/closed'), {status: 503, reason: 'store_unavailable'});
    assert.deepEqual(await statuses(), [503, 200]);
    assert.equal(await following(), '0');
    assert.equal((await service.gateway.admin('/readyz')).status, 503);
    // What is known to be revoked is refused all the same.
    assertErrorReply(await service.use(ended.access_token, '/open'), {status: 401, reason: 'token_revoked'});

    redis.resume();
    await eventually('it is heard of again', async () => (await statuses())[0] === 200);
    assert.equal((await service.gateway.admin('/readyz')).status, 200);
  });
});
