// The store under crashes and faults: what was acknowledged holds, what cannot be kept is refused.
import assert from 'node:assert/strict';
import {chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {before, describe, it} from 'node:test';

import {postern, run} from './harness/program.mjs';
import {inRedis, startRedis} from './harness/redis.mjs';
import {bearer} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {assertErrorReply} from './harness/refusals.mjs';
import {assertRefusal, lockStore, passwordOf, queryStore, sessionConfig, startTokenService} from './harness/token_service.mjs';

describe('a gateway that is killed under load', () => {
  const rounds = 10, refreshing = 6, leaving = 6;

  // Refreshes until the gateway is gone; what was acknowledged last, and the token that it was got with, stay in `session`.
  async function keepRefreshing(service, session, acknowledged) {
    for (;;) {
      const response = await service.tryRefresh(session.refresh).catch(() => undefined);
      if (!response) return;
      assert.equal(response.status, 200, response.text);
      Object.assign(session, {previous: session.refresh, refresh: response.json.refresh_token, access: response.json.access_token});
      acknowledged();
    }
  }

  // Logs sessions out one after the other until the gateway is gone; those that were acknowledged are marked.
  async function keepLeaving(service, sessions, acknowledged) {
    for (const session of sessions) {
      const response = await service.tryLogout({refresh_token: session.refresh_token}).catch(() => undefined);
      if (!response) return;
      assert.equal(response.status, 204, response.text);
      session.isOver = true;
      acknowledged();
    }
  }

  // Kills the gateway right after the `most`th acknowledged answer, with other requests under way.
  async function loadAndKill(service, sessions, leavers, most) {
    let count = 0, killed;
    const acknowledged = () => {
      if (++count === most) killed = service.gateway.kill();
    };
    await Promise.all([...sessions.map((session) => keepRefreshing(service, session, acknowledged)),
      keepLeaving(service, leavers, acknowledged)]);
    await killed;
    return count;
  }

  const stores = {'an SQLite file': () => ({}), 'a Redis': async (scope) => inRedis(await startRedis(scope))};
  for (const [store, membersOf] of Object.entries(stores)) {
    it(`loses no acknowledged rotation and no acknowledged logout in ${store}`, async (t) => {
      const scope = scoped(t);
      const settings = {reuse_grace: '1m', ...await membersOf(scope)};
      let service = await startTokenService(scope, {service: settings});
      const sessions = [];
      for (let i = 0; i < refreshing; ++i) sessions.push({refresh: (await service.login()).refresh_token});
      const over = [];
      let answers = 0;
      for (let round = 0; round < rounds; ++round) {
        const leavers = [];
        for (let i = 0; i < leaving; ++i) leavers.push(await service.login());
        answers += await loadAndKill(service, sessions, leavers, 1 + Math.floor(Math.random() * 100));
        over.push(...leavers.filter((session) => session.isOver));

        service = await startTokenService(scope, {like: service, service: settings});
        for (const session of over) await service.assertOver(session);
        for (const session of sessions) {
          if (!session.previous) continue; // none was acknowledged
          // Where a rotation of that one was under way its successor may be current already: then both give that.
          const current = (await service.refresh(session.previous)).refresh_token;
          if (current !== session.refresh) {
            assert.equal((await service.refresh(session.refresh)).refresh_token, current, `round ${round}`);
          }
          await service.assertAccepted(session.access);
        }
        for (const session of sessions) {
          const next = await service.refresh(session.refresh);
          Object.assign(session, {previous: session.refresh, refresh: next.refresh_token, access: next.access_token});
        }
      }
      t.diagnostic(`${answers} answers in ${rounds} rounds, ${over.length} of them logouts`);
      if (settings.store) return; // what is below looks into the file
      assert.deepEqual(await queryStore(service.stateFile, 'PRAGMA integrity_check'), [['ok']]);
      const twoCurrent = 'SELECT sid FROM refresh_tokens WHERE used IS NULL GROUP BY sid HAVING count(*) > 1';
      assert.deepEqual(await queryStore(service.stateFile, twoCurrent), []);
    });
  }
});

describe('a store that another program has locked', () => {
  it('is 503 store_unavailable, valid access tokens go on, and afterwards nothing has happened', async (t) => {
    const scope = scoped(t);
    const service = await startTokenService(scope);
    const session = await service.login();
    const release = await lockStore(scope, service.stateFile);
    const answers = await Promise.all([service.tryLogin(), service.tryRefresh(session.refresh_token),
      service.tryLogout({refresh_token: session.refresh_token}), service.tryLogout({all: true}, [bearer(session.access_token)])]);
    for (const answer of answers) {
      assertRefusal(answer, 503, 'store_unavailable');
      assert.match(answer.get('retry-after') ?? '', /^[1-9]\d*$/);
    }
    await service.assertAccepted(session.access_token);
    assert.equal((await service.get('/auth/jwks.json')).status, 200);
    await release();
    await service.assertAlive(session);
    await service.login();
  });
});

describe('a store that cannot grow any more', () => {
  // A limit for files stands in for a full disk; SIGXFSZ would end the program.
  const under = ['env', '--ignore-signal=XFSZ', 'prlimit', '--fsize=400000:'];

  it('is 503 store_unavailable, never a false success, and heals with space', async (t) => {
    const service = await startTokenService(scoped(t), {under, service: {reuse_grace: '1m'}});
    const other = await service.login();
    let session = await service.login(), previous, full;
    while (!full) {
      const response = await service.tryRefresh(session.refresh_token);
      if (response.status === 200) [previous, session] = [session, response.json];
      else full = response;
    }
    assertRefusal(full, 503, 'store_unavailable');
    // A logout writes less than a refresh: if there is room for one yet, another session's takes it.
    await service.tryLogout({refresh_token: other.refresh_token});
    assertRefusal(await service.tryLogout({refresh_token: session.refresh_token, all: true}), 503, 'store_unavailable');
    assertRefusal(await service.tryLogin(), 503, 'store_unavailable');
    await service.assertAccepted(session.access_token);

    const healed = await run('prlimit', [`--pid=${service.gateway.pid}`, '--fsize=unlimited:']);
    assert.equal(healed.code, 0, healed.stderr);
    assert.equal((await service.refresh(previous.refresh_token)).refresh_token, session.refresh_token);
    session = await service.assertAlive(session);
    await service.logout({refresh_token: session.refresh_token});
    await service.assertOver(session);
    assert.deepEqual(await queryStore(service.stateFile, 'PRAGMA integrity_check'), [['ok']]);
  });
});

describe('a store whose signing key is damaged', () => {
  it('gets another: what was signed with the old one is refused, its session goes on', async (t) => {
    const scope = scoped(t);
    const first = await startTokenService(scope);
    const session = await first.login();
    await first.gateway.stop();
    await queryStore(first.stateFile, 'UPDATE signing_keys SET private_key = ?', 'no key');
    const service = await startTokenService(scope, {like: first});
    assertErrorReply(await service.use(session.access_token), {status: 401, reason: 'key_unknown'});
    await service.assertAlive(await service.refresh(session.refresh_token));
  });
});

describe('more logins at a time than passwords can be compared', () => {
  it('are 503 credentials_unavailable, the others and requests beside them are answered', async (t) => {
    const service = await startTokenService(scoped(t));
    const {access_token: access} = await service.login();
    const [answers] = await Promise.all([
      Promise.all(Array.from({length: 130}, () => service.tryLogin('alice', passwordOf('alice')))), service.assertAccepted(access),
    ]);
    const refused = answers.filter((answer) => answer.status !== 200);
    assert.ok(refused.length > 0 && refused.length < answers.length, `${refused.length} refused`);
    for (const answer of refused) {
      assertRefusal(answer, 503, 'credentials_unavailable');
      assert.match(answer.get('retry-after') ?? '', /^[1-9]\d*$/);
    }
    await service.login();
  });
});

describe('a state file that cannot be used stops the start with 78 and is named:', () => {
  const suiteScope = scoped();
  let service;
  before(async () => { service = await startTokenService(suiteScope); });

  // Root may write everywhere, unless it is without that capability.
  const asOthers = process.getuid() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
  async function assertStartFails(scope, stateFile, told) {
    const config = sessionConfig({endpoint: service.upstream.endpoint, usersFile: service.usersFile, stateFile});
    const [command, ...args] = [...asOthers, postern, 'run', '-c', scope.file('postern.yaml', config)];
    const ending = await run(command, args, {milliseconds: 30_000});
    assert.equal(ending.code, 78, ending.stderr);
    assert.ok(ending.stderr.includes(stateFile), ending.stderr);
    assert.match(ending.stderr, told);
    assert.doesNotMatch(ending.stderr, / serving /);
  }

  const owned = (path, content, mode = 0o600) => {
    writeFileSync(path, content, {mode});
    chmodSync(path, mode);
  };
  const database = async (path, ...statements) => {
    owned(path, '');
    for (const statement of statements) await queryStore(path, statement);
  };
  const faults = {
    'no SQLite file': [/not a database/, (path) => owned(path, 'users: {}\n'.repeat(1000))],
    'another program\'s database': [/another program's database/, (path) => database(path, 'CREATE TABLE notes(text)')],
    'a later version\'s': [/schema 99/, (path) => database(path, 'CREATE TABLE later(x)', 'PRAGMA application_id = 0x706F7374', 'PRAGMA user_version = 99')],
    'a folder': [/no regular file/, (path) => mkdirSync(path)],
    'a link': [/no regular file/, (path) => symlinkSync(service.stateFile, path)],
    'one that others may read': [/chmod 600/, (path) => owned(path, '', 0o640)],
    'one that must not be written': [/readonly/, (path) => owned(path, '', 0o400)],
  };
  for (const [name, [told, make]] of Object.entries(faults)) {
    it(name, async (t) => {
      const scope = scoped(t);
      const path = join(scope.directory, 'state.db');
      await make(path);
      await assertStartFails(scope, path, told);
    });
  }

  it('one in a folder that is missing', async (t) => {
    const scope = scoped(t);
    const path = join(scope.directory, 'missing', 'state.db');
    await assertStartFails(scope, path, /No such file/);
    assert.ok(!existsSync(join(scope.directory, 'missing')));
  });

  it('one in a folder that must not be written', async (t) => {
    const scope = scoped(t);
    const folder = join(scope.directory, 'locked');
    mkdirSync(folder, {mode: 0o500});
    await assertStartFails(scope, join(folder, 'state.db'), /Permission denied/);
    rmSync(folder, {recursive: true});
  });

  it('and one that is missing is made, for its owner alone', async (t) => {
    const own = await startTokenService(scoped(t));
    const modes = await run('stat', ['-c', '%a', own.stateFile, `${own.stateFile}-wal`, `${own.stateFile}-shm`]);
    assert.equal(modes.stdout, '600\n600\n600\n');
  });
});
