// Sweeping: what has expired leaves the store, and nobody waits for it.
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';

import {scoped} from './harness/scope.mjs';
import {cannotShift, shiftedClocks} from './harness/shifted_clocks.mjs';
import {queryStore, startTokenService} from './harness/token_service.mjs';
import {eventually} from './harness/waiting.mjs';

const expiredSessions = 10_000;

// Sessions with one used and one current token each, which ended an hour ago. The successor of the used one is sealed still.
async function addExpired(stateFile) {
  const end = Date.now() - 3_600_000;
  await queryStore(stateFile, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${expiredSessions})
    INSERT INTO families(sid, issuer, subject, client, claims, scope, began, ends, ended) SELECT 'expired-' || i, 'https://shop.example.com', 'alice', 'postern', '{}', '', ${end - 1000}, ${end}, 0 FROM n`);
  for (const [used, sealed, opensUntil] of [['NULL', 'NULL', 'NULL'], [end - 500, 'randomblob(64)', end]]) {
    await queryStore(stateFile, `INSERT INTO refresh_tokens(hash, sid, issued, expires, used, sealed, opens_until)
      SELECT randomblob(32), sid, began, ends, ${used}, ${sealed}, ${opensUntil} FROM families WHERE ends = ?`, end);
  }
}

async function timedLogin(service) {
  const began = performance.now();
  await service.login();
  return performance.now() - began;
}

describe('10,000 expired sessions', {skip: cannotShift}, () => {
  it('are swept away an hour after the start, sealed tokens at once, and no login meanwhile takes noticeably longer', async (t) => {
    const scope = scoped(t);
    const clocks = await shiftedClocks(scope);
    const service = await startTokenService(scope, {env: clocks.env});
    const usual = [];
    for (let i = 0; i < 20; ++i) usual.push(await timedLogin(service));
    await addExpired(service.stateFile);
    const number = async (sql) => (await queryStore(service.stateFile, sql))[0][0];
    const rows = () => number('SELECT (SELECT count(*) FROM families) + (SELECT count(*) FROM refresh_tokens)');
    const sealed = () => number('SELECT count(*) FROM refresh_tokens WHERE sealed IS NOT NULL');
    const times = [];
    const untilSwept = (what, isSwept) => eventually(what, async () => {
      for (let i = 0; i < 20; ++i) times.push(await timedLogin(service)); // while nothing else of this test runs
      return isSwept();
    }, 60_000);
    await untilSwept('no token is sealed', async () => await sealed() === 0);
    assert.ok(await rows() >= 3 * expiredSessions);
    clocks.set({steady: 3_600});
    await untilSwept('all are swept', async () => await rows() < expiredSessions);
    const median = usual.sort((a, b) => a - b)[10], longest = Math.max(...times);
    t.diagnostic(`a login takes ${median.toFixed()} ms, while sweeping at most ${longest.toFixed()} ms (${times.length} logins)`);
    assert.ok(longest < median + 300, `${longest} ms`);
  });
});
