// Logout: what ends, at once and everywhere, and what goes on.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import * as jose from 'jose';

import {bearer} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {
  assertRefusal, clockPasses, malformedBodies, paddedJson, queryStore, startTokenService,
} from './harness/token_service.mjs';
import {base64url, remember, withOtherSignature} from './harness/tokens.mjs';
import {eventually, sanitized} from './harness/waiting.mjs';

const suiteScope = scoped();
const refreshSeconds = sanitized ? 10 : 3;
let service, brief;
before(async () => {
  service = await startTokenService(suiteScope, {users: {alice: ['role=admin'], bob: []}, service: {leeway: '1s'}});
  // A refresh token is to live longer than the logins between its issue and its use take.
  const lifetimes = {access_lifetime: '1s', refresh_lifetime: `${refreshSeconds}s`, leeway: '1s'};
  brief = await startTokenService(suiteScope, {like: service, service: lifetimes});
});

const form = (members) => new URLSearchParams(members);

describe('a logout ends this session and none of the user\'s others', () => {
  const ways = {
    'by the refresh token in JSON': ({refresh_token: refresh}) => [{refresh_token: refresh}],
    'by the refresh token in a form': ({refresh_token: refresh}) => [form({refresh_token: refresh})],
    'by the access token alone, in its header': ({access_token: access}) => [undefined, [bearer(access)]],
    'by the access token alone, in the body': ({access_token: access}) => [{access_token: access}],
    'by the access token alone, in a form': ({access_token: access}) => [form({access_token: access})],
    'by both tokens': ({access_token: access, refresh_token: refresh}) => [{refresh_token: refresh}, [bearer(access)]],
    'by both tokens, with `all: false`': ({access_token: access, refresh_token: refresh}) => [
      {refresh_token: refresh, all: false}, [bearer(access)]],
  };
  for (const [name, way] of Object.entries(ways)) {
    it(name, async () => {
      const [session, other] = [await service.login(), await service.login()];
      await service.assertAccepted(session.access_token);
      const response = await service.logout(...way(session));
      assert.equal(response.text, '');
      await service.assertOver(session);
      await service.assertAlive(other);
    });
  }

  it('by an access token and a refresh token that have expired', async () => {
    const [one, other] = [await brief.login(), await brief.login()];
    const [valid, untouched] = [await service.refresh(one.refresh_token), await service.refresh(other.refresh_token)];
    const ended = await brief.refresh(untouched.refresh_token);
    await clockPasses(Math.max(Date.now() + refreshSeconds * 1000,
      ...[one, other, ended].map(({access_token: access}) => (jose.decodeJwt(access).exp + 1) * 1000)));
    assertRefusal(await service.tryRefresh(ended.refresh_token), 401, 'refresh_token_expired');
    await service.logout(undefined, [bearer(one.access_token)]);
    await service.assertOver(valid);
    await service.assertAccepted(untouched.access_token);
    await service.logout({refresh_token: ended.refresh_token});
    await service.assertRevoked(untouched.access_token);
  });

  it('by a refresh token that was used, with the successor too', async () => {
    const first = await service.login();
    const second = await service.refresh(first.refresh_token);
    await service.logout({refresh_token: first.refresh_token});
    await service.assertRevoked(first.access_token);
    await service.assertOver(second);
  });

  it('and every access token of it, however many there are', async () => {
    let session = await service.login();
    const issued = [session.access_token];
    for (let i = 0; i < 5; ++i) {
      session = await service.refresh(session.refresh_token);
      issued.push(session.access_token);
    }
    for (const access of issued) await service.assertAccepted(access); // they are cached by now
    await service.logout({refresh_token: session.refresh_token});
    for (const access of issued) await service.assertRevoked(access);
  });

  it('twice: the refresh token is taken again, the access token is token_revoked', async () => {
    const session = await service.login();
    await service.logout({refresh_token: session.refresh_token});
    await service.logout({refresh_token: session.refresh_token});
    assertRefusal(await service.tryLogout(undefined, [bearer(session.access_token)]), 401, 'token_revoked');
  });

  it('which 50 parallel requests ask for: each is told so, and nothing of it works', async () => {
    const sessions = [];
    for (let i = 0; i < 5; ++i) sessions.push(await service.login());
    const asked = Array.from({length: 50}, (_, i) => sessions[i % sessions.length]);
    await Promise.all(asked.map(({refresh_token: refresh}) => service.logout({refresh_token: refresh})));
    for (const session of sessions) await service.assertOver(session);
  });
});

describe('a logout of everything', () => {
  const ways = {
    'by JSON\'s true': ({refresh_token: refresh}) => [{refresh_token: refresh, all: true}],
    'by a text in JSON': ({refresh_token: refresh}) => [{refresh_token: refresh, all: 'true'}],
    'by a form': ({refresh_token: refresh}) => [form({refresh_token: refresh, all: 'true'})],
    'by the access token alone': ({access_token: access}) => [{all: true}, [bearer(access)]],
  };
  for (const [name, way] of Object.entries(ways)) {
    it(`${name} ends every session of the user, and no other's`, async () => {
      const name = await service.newUser();
      const sessions = [await service.login(name), await service.login(name), await service.login(name)];
      sessions[1] = await service.refresh(sessions[1].refresh_token);
      const bobs = await service.login('bob');
      await service.logout(...way(sessions[0]));
      for (const session of sessions) await service.assertOver(session);
      await service.assertAlive(bobs);
    });
  }

  it('leaves a login right after it as good as any other, in whatever part of a second', async () => {
    for (let i = 0; i < 8; ++i) {
      const name = await service.newUser();
      const ended = await service.login(name);
      await service.logout({refresh_token: ended.refresh_token, all: true});
      const session = await service.login(name);
      await service.assertAccepted(session.access_token);
      await service.assertOver(ended);
    }
  });

  it('ends what began since another logout of everything, even in the same second', async () => {
    for (let i = 0; i < 4; ++i) {
      const name = await service.newUser();
      for (let round = 0; round < 2; ++round) {
        const session = await service.login(name);
        await service.logout({refresh_token: session.refresh_token, all: true});
        await service.assertOver(session);
      }
    }
  });

  it('leaves what a refresh of a later session gives as good as any other', async () => {
    for (let i = 0; i < 4; ++i) {
      const name = await service.newUser();
      const ended = await service.login(name);
      await service.logout({refresh_token: ended.refresh_token, all: true});
      const session = await service.login(name);
      await service.assertAlive(await service.assertAlive(session));
    }
  });

  it('by an access token of a session that the store has forgotten ends that one too', async (t) => {
    const own = await startTokenService(scoped(t));
    const session = await own.login();
    await queryStore(own.stateFile, 'DELETE FROM families');
    await own.assertAccepted(session.access_token);
    await own.logout({all: true}, [bearer(session.access_token)]);
    await own.assertRevoked(session.access_token);
  });

  it('by an expired access token ends every session as well', async () => {
    const name = await service.newUser();
    const [one, other] = [await brief.login(name), await service.login(name)];
    await clockPasses((jose.decodeJwt(one.access_token).exp + 1) * 1000);
    await service.logout({all: true}, [bearer(one.access_token)]);
    await service.assertOver(other);
  });

  it('by the expired access token of a session that was logged out is refused, as by the one that is valid', async () => {
    const name = await service.newUser();
    const [one, other] = [await brief.login(name), await service.login(name)];
    await service.logout({refresh_token: one.refresh_token});
    assertRefusal(await service.tryLogout({refresh_token: one.refresh_token, all: true}), 401, 'refresh_token_invalid');
    await clockPasses((jose.decodeJwt(one.access_token).exp + 1) * 1000);
    for (const members of [{all: true}, {all: true, refresh_token: 'x'}]) {
      assertRefusal(await service.tryLogout(members, [bearer(one.access_token)]), 401, 'token_revoked');
    }
    await service.logout(undefined, [bearer(one.access_token)]); // this one may be ended again
    await service.assertAlive(other);
  });

  it('by the expired access token of a session that the store has forgotten is refused', async (t) => {
    const own = await startTokenService(scoped(t), {service: {access_lifetime: '1s', leeway: '1s'}});
    const one = await own.login();
    await queryStore(own.stateFile, 'DELETE FROM families');
    const other = await own.login();
    await clockPasses((jose.decodeJwt(one.access_token).exp + 1) * 1000);
    assertRefusal(await own.tryLogout({all: true}, [bearer(one.access_token)]), 401, 'token_expired');
    await own.refresh(other.refresh_token);
  });
});

describe('other gateways', () => {
  it('of the same store refuse both tokens soon after the answer to a logout', async (t) => {
    const second = await startTokenService(suiteScope, {like: service});
    const times = [];
    for (let i = 0; i < 20; ++i) {
      const everywhere = i % 5 === 0;
      const session = await service.login(everywhere ? await service.newUser() : 'alice');
      await second.assertAccepted(session.access_token); // it is cached there
      await service.logout({refresh_token: session.refresh_token, all: everywhere});
      const answered = performance.now();
      assertRefusal(await second.tryRefresh(session.refresh_token), 401, 'refresh_token_invalid'); // with the answer already
      await eventually('the other gateway refuses', async () => (await second.use(session.access_token)).status === 401, 30_000);
      times.push(performance.now() - answered);
      await second.assertRevoked(session.access_token);
    }
    times.sort((a, b) => a - b);
    t.diagnostic(`refused elsewhere after ${times[10].toFixed()} ms (median), ${times.at(-1).toFixed()} ms (longest of 20)`);
  });

  it('that start later, or again, refuse what was revoked before', async (t) => {
    const scope = scoped(t);
    const first = await startTokenService(scope, {users: {alice: [], bob: []}});
    const [session, everywhere, alive] = [await first.login(), await first.login('bob'), await first.login()];
    await first.logout({refresh_token: session.refresh_token});
    await first.logout({refresh_token: everywhere.refresh_token, all: true});
    const later = await startTokenService(scope, {like: first});
    await first.gateway.stop();
    const again = await startTokenService(scope, {like: first});
    for (const gateway of [later, again]) {
      await gateway.assertOver(session);
      await gateway.assertOver(everywhere);
      await gateway.assertAccepted(alive.access_token);
    }
    await again.assertAlive(await later.assertAlive(alive));
  });
});

describe('a revocation', () => {
  it('outlives the tokens that were issued with a longer access_lifetime than that of now', async (t) => {
    const scope = scoped(t);
    const before = await startTokenService(scope); // 15m
    const session = await before.login();
    await before.gateway.stop();
    const lifetimes = {access_lifetime: '1s', leeway: '1s'};
    const shortened = await startTokenService(scope, {like: before, service: lifetimes});
    await shortened.logout({refresh_token: session.refresh_token});
    await shortened.assertOver(session);
    // Until it is swept away, or is due to stay for as long as the token.
    await eventually('the revocation is forgotten or stays', async () => {
      const [row] = await queryStore(before.stateFile, 'SELECT until FROM revocations');
      return !row || row[0] >= jose.decodeJwt(session.access_token).exp * 1000;
    }, 30_000);
    await shortened.gateway.stop();
    const later = await startTokenService(scope, {like: before, service: lifetimes});
    await later.assertOver(session);
  });
});

describe('a logout after the issuer was renamed', () => {
  for (const everywhere of [false, true]) {
    it(`with \`all: ${everywhere}\` that is acknowledged ends a session that began before`, async (t) => {
      const scope = scoped(t);
      const before = await startTokenService(scope);
      const session = await before.login();
      await before.gateway.stop();
      const renamed = await startTokenService(scope, {like: before, service: {issuer: 'https://new.example.com'}});
      const answer = await renamed.tryLogout({refresh_token: session.refresh_token, all: everywhere});
      if (answer.status !== 204) assertRefusal(answer, 401, 'refresh_token_invalid'); // it may not know the session
      assertRefusal(await renamed.tryRefresh(session.refresh_token), 401, 'refresh_token_invalid');
    });
  }
});

describe('a request to log out', () => {
  const send = (type, text) => service.post('/auth/logout', text, type ? [['Content-Type', type]] : []);

  it('without any token is token_missing', async () => {
    for (const body of [undefined, {}, {all: true}, form({all: 'true'}), {refresh_token: ''}, {refresh_token: null}]) {
      assertRefusal(await service.tryLogout(body), 401, 'token_missing');
    }
  });

  const noRefreshTokens = ({refresh_token: refresh, access_token: access}) => {
    const [sid, secret] = refresh.split('.');
    const other = Buffer.alloc(32, 7);
    return ['x', remember(`${sid}.${base64url(other)}`), remember(`${base64url(other.subarray(16))}.${base64url(other)}`), `${sid}.${secret}A`, access];
  };

  it('with a refresh token that is none is refresh_token_invalid', async () => {
    const session = await service.login();
    for (const token of noRefreshTokens(session)) {
      for (const all of [false, true]) assertRefusal(await service.tryLogout({refresh_token: token, all}), 401, 'refresh_token_invalid');
    }
    await service.assertAlive(session);
  });

  it('with a refresh token that is none ends the session that an access token beside it names', async () => {
    const count = noRefreshTokens(await service.login()).length;
    for (let i = 0; i < count; ++i) {
      const [session, other] = [await service.login(), await service.login()];
      await service.logout({refresh_token: noRefreshTokens(session)[i]}, [bearer(session.access_token)]);
      await service.assertOver(session);
      await service.assertAlive(other);
    }
  });

  it('with a refresh token that is none, beside an access token that is revoked, is refused', async () => {
    const session = await service.login();
    await service.logout({refresh_token: session.refresh_token});
    assertRefusal(await service.tryLogout({refresh_token: 'x'}, [bearer(session.access_token)]), 401, 'refresh_token_invalid');
  });

  it('with a forged access token is refused, even beside a good refresh token', async () => {
    const session = await service.login();
    const forged = withOtherSignature(session.access_token);
    assertRefusal(await service.tryLogout({all: true}, [bearer(forged)]), 401, 'signature_invalid');
    assertRefusal(await service.tryLogout({refresh_token: session.refresh_token}, [bearer(forged)]), 401, 'signature_invalid');
    assertRefusal(await service.tryLogout(undefined, [bearer('no token')]), 401, 'token_malformed');
    await service.assertAlive(session);
  });

  it('with two access tokens is 400 token_multiple', async () => {
    const session = await service.login();
    const both = await service.tryLogout({access_token: session.access_token}, [bearer(session.access_token)]);
    assertRefusal(both, 400, 'token_multiple');
    await service.assertAlive(session);
  });

  for (const [name, [type, text]] of Object.entries({
    ...malformedBodies,
    'whose `all` is another text': ['application/json', '{"refresh_token":"x","all":"yes"}'],
    'whose `all` is a number': ['application/json', '{"refresh_token":"x","all":1}'],
    'whose `all` is a form\'s 1': ['application/x-www-form-urlencoded', 'refresh_token=x&all=1'],
  })) {
    it(`with a body ${name} is 400 request_malformed`, async () => {
      assertRefusal(await send(type, text), 400, 'request_malformed');
    });
  }

  it('with a body of 16 KiB is read, one byte more is 413 body_too_large', async () => {
    const session = await service.login();
    const members = {refresh_token: session.refresh_token};
    assertRefusal(await send('application/json', paddedJson(members, 16_385)), 413, 'body_too_large');
    await service.assertAccepted(session.access_token);
    assert.equal((await send('application/json', paddedJson(members, 16_384))).status, 204);
    await service.assertRevoked(session.access_token);
  });

  it('by another method is 405, and Allow names POST', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await service.ask(method, '/auth/logout');
      assert.deepEqual([response.status, response.get('allow'), response.json.reason], [405, 'POST', 'method_not_allowed']);
    }
  });
});
