// A gateway whose wall clock is ahead, and is set right: nothing that was ended lives again, and keys are there to sign.
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';

import {scoped} from './harness/scope.mjs';
import {cannotShift, shiftedClocks} from './harness/shifted_clocks.mjs';
import {issuer, queryStore, startTokenService} from './harness/token_service.mjs';
import {eventually} from './harness/waiting.mjs';

const day = 86_400;
const numberOf = async (stateFile, sql) => (await queryStore(stateFile, sql))[0][0];
const published = async (service) => {
  const answer = await service.get('/auth/jwks.json');
  return answer.status === 200 ? answer.json.keys.map(({kid}) => kid) : [];
};
const works = (service) => eventually('a login works', async () => (await service.tryLogin()).status === 200, 15_000);

describe('a clock that was ahead', {skip: cannotShift}, () => {
  it('by two days at the start, has forgotten no logout and no session when it is right again', async (t) => {
    const scope = scoped(t);
    const clocks = await shiftedClocks(scope);
    const first = await startTokenService(scope);
    const ended = await first.login();
    await first.logout({refresh_token: ended.refresh_token});
    const session = await first.refresh((await first.login()).refresh_token);
    await first.gateway.stop();
    clocks.set({wall: 2 * day});
    const service = await startTokenService(scope, {like: first, env: clocks.env});
    const sealed = 'SELECT count(*) FROM refresh_tokens WHERE sealed IS NOT NULL';
    await eventually('the store was swept', async () => await numberOf(first.stateFile, sealed) === 0);
    clocks.set({});
    await service.assertOver(ended);
    await service.assertAlive(session);
  });

  it('by two hours while a key was made and revoked, leaves a key that signs, and no more than that', async (t) => {
    const scope = scoped(t);
    const clocks = await shiftedClocks(scope, {wall: 7_200});
    const service = await startTokenService(scope, {env: clocks.env});
    const [kid] = await published(service);
    const answer = await service.gateway.admin('/revocations', {
      method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({issuer, kid}),
    });
    assert.equal(answer.status, 200, answer.text);
    await eventually('another key is there', async () => {
      const kids = await published(service);
      return kids.length === 1 && kids[0] !== kid;
    });
    clocks.set({});
    await works(service);
    await service.gateway.admin('/keys'); // looks again
    await works(service);
    const kept = await numberOf(service.stateFile, 'SELECT count(*) FROM signing_keys');
    assert.ok(kept <= 4, `${kept} keys`);
    assert.ok(!(await published(service)).includes(kid));
  });

  it('by half a minute when the first key was made, does not keep the service without one', async (t) => {
    const scope = scoped(t);
    const clocks = await shiftedClocks(scope, {wall: 30});
    const service = await startTokenService(scope, {env: clocks.env});
    clocks.set({});
    await works(service);
    await service.assertAccepted((await service.login()).access_token);
  });
});
