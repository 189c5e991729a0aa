// Refreshing, in one store or another: which refresh token is worth what beside which access token, reuse, and how long a session lasts.
import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {bearer} from '../harness/requests.mjs';
import {scoped} from '../harness/scope.mjs';
import {assertRefusal, clockPasses, queryStore, startTokenService} from '../harness/token_service.mjs';
import {base64url, remember, withOtherSignature} from '../harness/tokens.mjs';
import {eventually} from '../harness/waiting.mjs';

// `membersOf(scope)` gives the members of `token_service` that say where the store is; none: a file.
export const refreshing = (name, membersOf) => describe(`refreshing, ${name}`, () => {
  const suiteScope = scoped();
  let store; // the members of `token_service` that say where it is
  const start = (scope, {service, ...more} = {}) => startTokenService(scope, {...more, service: {...store, ...service}});
  const leeway = '1s'; // the least there is

  // Gateways of one store that differ in their lifetimes: what one of them issues another judges, so that hardly anything
  // depends on the machine's speed.
  let patient, strict, renewing, strictAndRenewing, brief, hasty, closing;
  before(async () => {
    store = await membersOf(suiteScope);
    patient = await start(suiteScope, {service: {leeway, reuse_grace: '1m'}});
    const beside = (service) => start(suiteScope, {like: patient, service: {leeway, ...service}});
    strict = await beside({reuse_grace: '0s'});
    renewing = await beside({reuse_grace: '1m', renew_expired_refresh: true});
    strictAndRenewing = await beside({reuse_grace: '0s', renew_expired_refresh: true});
    brief = await beside({access_lifetime: '1s'});
    hasty = await beside({access_lifetime: '1s', refresh_lifetime: '1s'});
    closing = await beside({access_lifetime: '1s', refresh_lifetime: '5s', session_lifetime: '5s'});
  });

  const unknownToken = (refreshToken) => remember(`${refreshToken.slice(0, 22)}.${base64url(randomBytes(32))}`);

  // A session with an access token that is valid and one that soon is not, and its current refresh token.
  async function newSession(at = brief) {
    const first = await at.login();
    const second = await patient.refresh(first.refresh_token);
    return {begun: first.at, expired: first.access_token, valid: second.access_token, refresh: second.refresh_token};
  }

  // The access token's last instant, in milliseconds.
  const endOf = (accessToken) => (jose.decodeJwt(accessToken).exp + 1) * 1000;

  async function withExpiredRefresh() {
    const session = await newSession();
    const {refresh_token: refresh, at} = await hasty.refresh(session.refresh);
    return {...session, refresh, refreshEnds: at + 1000};
  }

  // What a request for new tokens is answered: 200, or a reason. A session's end is told by either of two: after some
  // seconds its record is swept away.
  const invalid = 'refresh_token_invalid', old = 'refresh_token_expired', over = [old, invalid];
  const all = (reason) => Array(8).fill(reason);
  const columns = [
    'current', 'used within the grace', 'reused', 'expired', 'unknown', 'malformed', 'of an ended session',
    'past session_lifetime', 'absent',
  ];
  const table = {
    'no':                   [200, 200, invalid, old, invalid, invalid, invalid,         over, 'token_missing'],
    'a valid':              [200, 200, invalid, old, invalid, invalid, 'token_revoked', over, 'token_missing'],
    'an expired':           [200, 200, invalid, old, invalid, invalid, invalid,         over, 'token_expired'],
    // A malformed token names no session that another could be told from.
    'another session\'s':   [...all('claim_mismatch').map((cell, i) => (i === 5 ? invalid : cell)), 'token_missing'],
    'a forged':             [...all('signature_invalid'), 'signature_invalid'],
    'a revoked':            [...all('token_revoked'), 'token_revoked'],
  };
  const bodies = {
    JSON: (refreshToken, accessToken) => [{...(refreshToken && {refresh_token: refreshToken})}, accessToken ? [bearer(accessToken)] : []],
    'a form': (refreshToken, accessToken) => [new URLSearchParams({
      ...(refreshToken && {refresh_token: refreshToken}), ...(accessToken && {access_token: accessToken}),
    })],
  };

  function assertAnswer(response, wanted, what) {
    const reasons = [wanted].flat();
    const got = response.status === 200 ? 200 : response.json.reason;
    assert.ok(reasons.includes(got), `${what}: ${response.status} ${response.text}, not ${reasons.join(' or ')}`);
    if (got !== 200) assertRefusal(response, 401, got);
  }

  describe('a refresh', () => {
    const shared = {}; // sessions that no request of the table changes, by column
    const own = new Map();
    let other, revoked;
    const policies = {off: () => ({lenient: patient, severe: strict}), on: () => ({lenient: renewing, severe: strictAndRenewing})};
    const rows = Object.keys(policies).flatMap((policy) => Object.keys(bodies).flatMap((body) => (
      Object.keys(table).map((access) => ({policy, body, access})))));
    const nameOf = ({policy, body, access}) => `${access} access token, by ${body}, renew_expired_refresh ${policy}`;

    before(async () => {
      for (const row of rows) own.set(nameOf(row), await newSession());
      for (const column of ['unknown', 'malformed', 'of an ended session', 'absent']) shared[column] = await newSession();
      await patient.logout({refresh_token: shared['of an ended session'].refresh});
      shared.expired = await withExpiredRefresh();
      for (const body of Object.keys(bodies)) shared[`expired, ${body}`] = await withExpiredRefresh(); // for a new one
      shared['past session_lifetime'] = await newSession(closing);
      other = await newSession();
      revoked = await newSession();
      await patient.logout({refresh_token: revoked.refresh});
      const sessions = [...own.values(), ...Object.values(shared)];
      await clockPasses(Math.max(shared['past session_lifetime'].begun + 5000,
        ...sessions.flatMap((session) => [endOf(session.expired), session.refreshEnds ?? 0])));
    });

    const accessOf = (access, session) => ({
      'no': undefined, 'a valid': session.valid, 'an expired': session.expired, 'another session\'s': other.valid,
      'a forged': withOtherSignature(session.valid), 'a revoked': revoked.valid,
    })[access];
    const presentedOf = (column, session) => {
      if (column === 'unknown') return unknownToken(session.refresh);
      if (column === 'malformed') return session.refresh.slice(0, -1);
      return column === 'absent' ? undefined : session.refresh;
    };

    for (const row of rows) {
      it(`with ${nameOf(row)}: each refresh token is worth what the table says`, async () => {
        const {lenient, severe} = policies[row.policy]();
        const mine = own.get(nameOf(row));
        const answers = {};
        let successor;
        for (const [i, column] of columns.entries()) {
          const reissued = row.policy === 'on' && row.access === 'a valid' && column === 'expired';
          const session = reissued ? shared[`expired, ${row.body}`] : shared[column] ?? mine;
          if (column === 'used within the grace') ({refresh_token: successor} = await patient.refresh(mine.refresh));
          const asked = bodies[row.body](presentedOf(column, session), accessOf(row.access, session));
          const response = await (column === 'reused' ? severe : lenient).post('/auth/refresh', ...asked);
          assertAnswer(response, reissued ? 200 : table[row.access][i], column);
          if (response.status === 200) answers[column] = response.json;
        }
        if (answers.current) {
          assert.equal(answers.current.refresh_token, successor);
          assert.equal(answers['used within the grace'].refresh_token, successor);
          await patient.assertOver({access_token: mine.valid, refresh_token: successor}); // by the reuse
        } else {
          await patient.assertAccepted(mine.valid); // nothing was consumed, nothing ended
          await patient.refresh(successor);
        }
      });
    }
  });

  describe('100 parallel refreshes with one token', () => {
    it('give one successor, 100 access tokens of one session, and one current token in the store', async () => {
      const {refresh_token: presented} = await patient.login();
      const answers = await Promise.all(Array.from({length: 100}, (_, i) => (i % 2 ? patient : renewing).refresh(presented)));
      const distinct = (values) => new Set(values).size;
      const claims = answers.map((answer) => jose.decodeJwt(answer.access_token));
      assert.equal(distinct(answers.map((answer) => answer.refresh_token)), 1);
      assert.deepEqual([distinct(claims.map(({jti}) => jti)), distinct(claims.map(({sid}) => sid))], [100, 1]);
      if (!store.store) {
        const tokens = await queryStore(patient.stateFile, 'SELECT used IS NULL FROM refresh_tokens WHERE sid = ? ORDER BY 1', claims[0].sid);
        assert.deepEqual(tokens, [[0], [1]]);
      }
      for (const answer of answers.slice(0, 5)) await patient.assertAccepted(answer.access_token);
      await patient.refresh(answers[0].refresh_token);
    });
  });

  describe('a refresh token that is used again', () => {
    it('within the grace gives the session\'s current one, be its own successor used by then', async () => {
      const session = await patient.login();
      const {refresh_token: second} = await patient.refresh(session.refresh_token);
      const {refresh_token: third} = await patient.refresh(second);
      const {sid} = jose.decodeJwt(session.access_token);
      for (const used of [session.refresh_token, second]) {
        const late = await patient.refresh(used);
        assert.equal(late.refresh_token, third);
        assert.equal(jose.decodeJwt(late.access_token).sid, sid);
        await patient.assertAccepted(late.access_token);
      }
      await strict.refresh(third); // whoever was late keeps a good one
    });

    it('after the grace ends its session, and none of the user\'s others', async () => {
      const service = await start(suiteScope, {like: patient, service: {reuse_grace: '1s'}});
      const [first, other] = [await service.login(), await service.login()];
      const second = await service.refresh(first.refresh_token);
      await clockPasses(second.at + 1000);
      assertRefusal(await service.tryRefresh(first.refresh_token), 401, 'refresh_token_invalid');
      await service.assertRevoked(first.access_token);
      await service.assertOver(second);
      await service.assertAccepted(other.access_token);
      await service.refresh(other.refresh_token);
    });

    it('is named in the log and the metrics for what it is, and its session is over on other gateways too', async (t) => {
      const service = await start(scoped(t), {service: {reuse_grace: '0s'}});
      const second = await start(scoped(t), {like: service});
      const {refresh_token: first} = await service.login();
      const issued = await service.refresh(first);
      await second.assertAccepted(issued.access_token);
      assertRefusal(await service.tryRefresh(first), 401, 'refresh_token_invalid');
      await eventually('the log line', () => service.gateway.lines.some((line) => line.reason === 'refresh_token_reused'));
      assert.equal(await service.gateway.metric('postern_auth_decisions_total', {reason: 'refresh_token_reused'}), 1);
      await eventually('the other gateway refuses', async () => (await second.use(issued.access_token)).status === 401);
      await second.assertOver(issued);
    });

    it('expired is no theft: its session goes on', async () => {
      const first = await patient.login();
      const second = await closing.refresh(first.refresh_token);
      const third = await patient.refresh(second.refresh_token);
      await clockPasses(second.at + 5000);
      assertAnswer(await strict.tryRefresh(second.refresh_token), over, 'a used one that has expired');
      await patient.assertAccepted(third.access_token);
      await patient.refresh(third.refresh_token);
    });
  });

  describe('a session', () => {
    it('is prolonged by each refresh', async () => {
      const lifetimes = {access_lifetime: '1m', refresh_lifetime: '1m', session_lifetime: '1h'};
      const service = await start(suiteScope, {like: patient, service: lifetimes});
      const first = await service.login();
      await clockPasses(first.at + 1000);
      const second = await service.refresh(first.refresh_token);
      assert.deepEqual([first.refresh_expires_in, second.refresh_expires_in], [60, 60]);
    });

    it('is prolonged up to session_lifetime from the login on, and no further', async () => {
      const first = await closing.login();
      assert.equal(first.refresh_expires_in, 5);
      const second = await patient.refresh(first.refresh_token);
      assert.ok(second.refresh_expires_in <= 5, `${second.refresh_expires_in}`);
      await clockPasses(first.at + 1000);
      const third = await patient.refresh(second.refresh_token);
      assert.ok(third.refresh_expires_in <= 4, `${third.refresh_expires_in}`);
      await clockPasses(first.at + 5000);
      assertAnswer(await patient.tryRefresh(third.refresh_token), over, 'past session_lifetime');
      assertAnswer(await renewing.tryRefresh(third.refresh_token, third.access_token), over, 'past session_lifetime, beside a valid access token');
    });

    it('whose refresh token was renewed after its end goes on with that one alone', async () => {
      const session = await withExpiredRefresh();
      await clockPasses(session.refreshEnds);
      const renewed = await renewing.refresh(session.refresh, session.valid);
      assert.equal(renewed.refresh_expires_in, 432_000);
      await renewing.assertAccepted(renewed.access_token);
      await patient.refresh(renewed.refresh_token);
      assertRefusal(await strictAndRenewing.tryRefresh(session.refresh, session.valid), 401, 'refresh_token_expired');
    });
  });
});
