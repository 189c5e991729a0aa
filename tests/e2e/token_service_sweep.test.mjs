// Sweeping: what has expired leaves the store, and nobody waits for it.
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';

import {scoped} from './harness/scope.mjs';
import {queryStore, startTokenService} from './harness/token_service.mjs';
import {eventually, sanitized} from './harness/waiting.mjs';

const expiredSessions = 10_000;

// Sessions with one used and one current token each, which ended an hour ago.
async function addExpired(stateFile) {
  const end = Date.now() - 3_600_000;
  await queryStore(stateFile, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${expiredSessions})
    INSERT INTO families(sid, issuer, subject, client, claims, scope, began, ends, ended) SELECT 'expired-' || i, 'https://shop.example.com', 'alice', 'postern', '{}', '', ${end - 1000}, ${end}, 0 FROM n`);
  for (const used of ['NULL', `${end - 500}`]) {
    await queryStore(stateFile, `INSERT INTO refresh_tokens(hash, sid, issued, expires, used)
      SELECT randomblob(32), sid, began, ends, ${used} FROM families WHERE ends = ?`, end);
  }
}

async function timedLogin(service) {
  const began = performance.now();
  await service.login();
  return performance.now() - began;
}

describe('10,000 expired sessions', () => {
  it('are swept away, and no login meanwhile takes noticeably longer', async (t) => {
    const service = await startTokenService(scoped(t));
    const usual = [];
    for (let i = 0; i < 20; ++i) usual.push(await timedLogin(service));
    await addExpired(service.stateFile);
    const rows = async () => (await queryStore(service.stateFile,
      'SELECT (SELECT count(*) FROM families) + (SELECT count(*) FROM refresh_tokens)'))[0][0];
    const all = await rows();
    assert.ok(all >= 3 * expiredSessions);

    const times = [];
    await eventually('all are swept', async () => {
      for (let i = 0; i < 20; ++i) times.push(await timedLogin(service)); // while nothing else of this test runs
      return await rows() < expiredSessions;
    }, 60_000);
    const median = usual.sort((a, b) => a - b)[10], longest = Math.max(...times);
    t.diagnostic(`a login takes ${median.toFixed()} ms, while sweeping at most ${longest.toFixed()} ms (${times.length} logins)`);
    assert.ok(longest < median + (sanitized ? 2_000 : 300), `${longest} ms`);
  });
});
