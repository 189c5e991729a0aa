// Sessions of browsers: what the two cookies are, what they open, who never sees them, and whose pages may use them.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {ok} from './harness/recording_upstream.mjs';
import {bearer} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {accessName, cookieField, cookies, cookiesOf, refreshName, tokensOf} from './harness/session_cookies.mjs';
import {assertRefusal, clockPasses, passwordOf, startTokenService} from './harness/token_service.mjs';
import {remember, withOtherSignature} from './harness/tokens.mjs';

const suiteScope = scoped();
let service; // deliver: cookies
let both; // deliver: both, of the same store
before(async () => {
  service = await startTokenService(suiteScope, {service: {deliver: 'cookies', cookies: {}}});
  both = await startTokenService(suiteScope, {like: service, service: {deliver: 'both', cookies: {}}});
});

const credentials = {username: 'alice', password: passwordOf('alice')};
const login = async () => tokensOf(await service.tryLogin());

const assertAlive = (tokens) => both.assertAlive(tokens);

describe('deliver: cookies', () => {
  it('tells no token in JSON, and sets both cookies for as long as the refresh token lives', async () => {
    const response = await service.tryLogin();
    assert.equal(response.status, 200, response.text);
    assert.deepEqual(response.json, {token_type: 'Bearer', expires_in: 900, refresh_expires_in: 432_000});
    assert.equal(response.get('cache-control'), 'no-store');
    const set = cookiesOf(response);
    assert.match(set[accessName].value, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.match(set[refreshName].value, /^[\w-]{22}\.[\w-]{43}$/);
    for (const {attributes} of Object.values(set)) {
      assert.deepEqual(attributes, ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax', 'Max-Age=432000']);
    }
    await assertAlive(tokensOf(response));
  });

  for (const [settings, names, wanted] of [
    [{same_site: 'strict'}, [accessName, refreshName], ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Strict', 'Max-Age=60']],
    [{same_site: 'none'}, [accessName, refreshName], ['Path=/', 'HttpOnly', 'Secure', 'SameSite=None', 'Max-Age=60']],
    [{secure: false}, ['postern_access', 'postern_refresh'], ['Path=/', 'HttpOnly', 'SameSite=Lax', 'Max-Age=60']],
    [{access_name: 'a', refresh_name: 'r'}, ['__Host-a', '__Host-r'], ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax', 'Max-Age=60']],
  ]) {
    it(`with ${JSON.stringify(settings)} sets ${names.join(' and ')}, which open a route and reach no upstream`, async (t) => {
      const changed = {deliver: 'cookies', cookies: settings, access_lifetime: '1m', refresh_lifetime: '1m'};
      const own = await startTokenService(scoped(t), {like: service, service: changed});
      const set = cookiesOf(await own.tryLogin());
      assert.deepEqual(Object.keys(set), names);
      for (const {attributes} of Object.values(set)) assert.deepEqual(attributes, wanted);
      service.upstream.forget();
      const response = await own.get('/orders', [cookieField(...names.map((name) => [name, set[name].value]), ['theme', 'dark'])]);
      assert.equal(response.status, 200, response.text);
      assert.equal(service.upstream.last.get('cookie'), 'theme=dark');
      const refreshed = await own.post('/auth/refresh', undefined, [cookieField([names[1], set[names[1]].value])]);
      assert.deepEqual(Object.keys(cookiesOf(refreshed)), names);
    });
  }
});

describe('deliver: both', () => {
  it('tells the tokens in JSON and sets the same as cookies, at a login and at a refresh', async () => {
    const first = await both.tryLogin();
    assert.deepEqual(tokensOf(first), {access_token: first.json.access_token, refresh_token: first.json.refresh_token});
    const second = await both.tryRefresh(first.json.refresh_token);
    assert.deepEqual(tokensOf(second), {access_token: second.json.access_token, refresh_token: second.json.refresh_token});
  });
});

// Otherwise any script of the page could have the tokens that HttpOnly keeps from it.
describe('deliver: both, a refresh by cookie', () => {
  it('tells no token in JSON, whatever else the body says', async () => {
    let tokens = tokensOf(await both.tryLogin());
    for (const body of [undefined, {}, {refresh_token: ''}, {access_token: tokens.access_token}, new URLSearchParams()]) {
      const response = await both.post('/auth/refresh', body, [cookies({refresh_token: tokens.refresh_token})]);
      tokens = tokensOf(response);
      assert.deepEqual(Object.keys(response.json), ['token_type', 'expires_in', 'refresh_expires_in']);
    }
    await assertAlive(tokens);
  });
});

describe('the access cookie', () => {
  it('opens a guarded route, and its claims reach the upstream', async () => {
    const tokens = await login();
    service.upstream.forget();
    const response = await service.get('/orders', [cookies({access_token: tokens.access_token})]);
    assert.equal(response.status, 200, response.text);
    assert.equal(service.upstream.last.get('x-user-id'), 'alice');
    assert.equal(service.upstream.last.get('x-role'), 'admin');
  });

  it('that is forged, missing, there twice, or another token is refused for its own reason', async () => {
    const tokens = await login();
    const ask = (...fields) => service.get('/orders', fields);
    assert.equal((await ask(cookies({access_token: withOtherSignature(tokens.access_token)}))).json.reason, 'signature_invalid');
    assert.equal((await ask(['Cookie', 'theme=dark'])).json.reason, 'token_missing');
    assert.equal((await ask(cookies(tokens), cookies(tokens))).json.reason, 'token_multiple');
    assert.equal((await ask(cookieField([accessName, tokens.refresh_token]))).json.reason, 'token_malformed');
  });

  it('of a session that was logged out opens nothing', async () => {
    const tokens = await login();
    await service.logout(undefined, [cookies(tokens)]);
    const response = await service.get('/orders', [cookies({access_token: tokens.access_token})]);
    assert.deepEqual([response.status, response.json.reason], [401, 'token_revoked']);
  });

  it('does not count beside an Authorization field', async () => {
    const tokens = await login();
    const response = await service.get('/orders', [cookies({access_token: 'no token'}), bearer(tokens.access_token)]);
    assert.equal(response.status, 200, response.text);
  });
});

describe('both cookies', () => {
  const places = {
    'between others': (access, refresh) => [[cookieField(['a', '1'], access, ['b', '2'], refresh, ['c', '3'])], ['a=1; b=2; c=3']],
    'first and last': (access, refresh) => [[cookieField(refresh, ['a', '1'], access)], ['a=1']],
    'alone': (access, refresh) => [[cookieField(access, refresh)], []],
    'in two fields': (access, refresh) => [[cookieField(access, ['a', '1']), cookieField(refresh)], ['a=1']],
  };
  for (const path of ['/orders', '/kept', '/observed', '/open']) {
    for (const [name, place] of Object.entries(places)) {
      it(`${name} reach no upstream on ${path}, other cookies do`, async () => {
        const tokens = await login();
        const [fields, left] = place([accessName, tokens.access_token], [refreshName, tokens.refresh_token]);
        service.upstream.forget();
        const response = await service.get(path, fields);
        assert.equal(response.status, 200, response.text);
        assert.deepEqual(service.upstream.last.all('cookie'), left);
        for (const secret of [tokens.access_token, tokens.refresh_token]) assert.ok(!service.upstream.bytes.includes(secret));
      });
    }

    it(`in another case, or twice, reach no upstream on ${path} either`, async () => {
      const tokens = await login();
      const spellings = [accessName.toLowerCase(), refreshName.toUpperCase(), ` ${refreshName} `, refreshName, refreshName];
      const smuggled = cookieField(...spellings.map((name) => [name, tokens.refresh_token]), ['a', '1']);
      service.upstream.forget();
      const response = await service.get(path, [bearer(tokens.access_token), smuggled]);
      assert.equal(response.status, 200, response.text);
      assert.deepEqual(service.upstream.last.all('cookie'), ['a=1']);
    });
  }

  it('are no business of a gateway without them', async (t) => {
    const own = await startTokenService(scoped(t), {like: service});
    const tokens = await login();
    service.upstream.forget();
    assertRefusal(await own.post('/auth/refresh', undefined, [cookies(tokens)]), 401, 'token_missing');
    assert.equal((await own.get('/orders', [cookies(tokens)])).json.reason, 'token_missing');
    assert.equal((await own.get('/open', [cookies({refresh_token: 'x'})])).status, 200);
    assert.equal(service.upstream.last.get('cookie'), `${refreshName}=x`);
  });
});

describe('an upstream', () => {
  it('cannot set either cookie, on no route, and may set others', async (t) => {
    const lines = [
      `${accessName}=evil; Path=/; Secure`, 'theme=dark; Path=/', `${refreshName}=evil; Path=/; Secure`, `${refreshName.toLowerCase()}=evil`,
      `${accessName}=; Max-Age=0`, `${accessName} =evil`, `${refreshName}\t=evil`, `=${accessName}=evil`, refreshName,
      `postern_access=other`, `x${accessName}=other`,
    ];
    const answer = () => ok.replace('\r\n\r\n', `\r\n${lines.map((line) => `Set-Cookie: ${line}`).join('\r\n')}\r\n\r\n`);
    const own = await startTokenService(scoped(t), {service: {deliver: 'both', cookies: {}}, upstreamOptions: {answer}});
    const {access_token: access} = await own.login();
    for (const path of ['/orders', '/kept', '/observed', '/open']) {
      const response = await own.use(access, path);
      assert.deepEqual(response.all('set-cookie'), ['theme=dark; Path=/', 'postern_access=other', `x${accessName}=other`], path);
    }
  });
});

describe('a refresh by cookie', () => {
  it('without a body, or with an empty one, sets two new cookies and tells no token', async () => {
    let tokens = await login();
    for (const body of [undefined, {}, {refresh_token: ''}, new URLSearchParams()]) {
      const response = await service.post('/auth/refresh', body, [cookies(tokens)]);
      const next = tokensOf(response);
      assert.deepEqual(Object.keys(response.json), ['token_type', 'expires_in', 'refresh_expires_in']);
      assert.notEqual(next.refresh_token, tokens.refresh_token);
      tokens = next;
    }
    await assertAlive(tokens);
  });

  it('works without the access cookie, and with one that has expired', async (t) => {
    const changed = {deliver: 'cookies', cookies: {}, access_lifetime: '1s', leeway: '1s'};
    const brief = await startTokenService(scoped(t), {like: service, service: changed});
    const first = tokensOf(await brief.tryLogin());
    await clockPasses(Date.now() + 2000);
    const alone = await brief.get('/orders', [cookies({access_token: first.access_token})]);
    assert.equal(alone.json.reason, 'token_expired');
    const second = tokensOf(await brief.post('/auth/refresh', undefined, [cookies(first)]));
    tokensOf(await brief.post('/auth/refresh', undefined, [cookies({refresh_token: second.refresh_token})]));
  });

  it('takes the refresh token of the body, if there is one', async () => {
    const [cookie, body] = [await login(), await login()];
    const next = tokensOf(await service.post('/auth/refresh', {refresh_token: body.refresh_token}, [cookies(cookie)]));
    assert.equal(next.refresh_token.split('.')[0], body.refresh_token.split('.')[0]);
    await assertAlive(cookie);
  });

  it('beside an access token of another session is claim_mismatch, by cookie and in the header', async () => {
    const [one, other] = [await login(), await login()];
    for (const fields of [
      [cookies({access_token: other.access_token, refresh_token: one.refresh_token})],
      [cookies({refresh_token: one.refresh_token}), bearer(other.access_token)],
    ]) assertRefusal(await service.post('/auth/refresh', undefined, fields), 401, 'claim_mismatch');
    await assertAlive(one);
  });

  it('that is none is refused, and so are two', async () => {
    const tokens = await login();
    const send = (...fields) => service.post('/auth/refresh', undefined, fields);
    assertRefusal(await send(cookies({refresh_token: 'x'})), 401, 'refresh_token_invalid');
    assertRefusal(await send(), 401, 'token_missing');
    assertRefusal(await send(cookies(tokens), cookies(tokens)), 400, 'token_multiple');
    await assertAlive(tokens);
  });
});

describe('a logout by cookie', () => {
  const ways = {
    'by both cookies': (tokens) => tokens,
    'by the refresh cookie alone': ({refresh_token: refresh}) => ({refresh_token: refresh}),
    'by the access cookie alone': ({access_token: access}) => ({access_token: access}),
  };
  for (const [name, way] of Object.entries(ways)) {
    it(`${name} ends the session and clears both`, async () => {
      const [tokens, other] = [await login(), await login()];
      const response = await service.logout(undefined, [cookies(way(tokens))]);
      const cleared = cookiesOf(response);
      assert.deepEqual(Object.keys(cleared), [accessName, refreshName]);
      for (const {value, attributes} of Object.values(cleared)) {
        assert.equal(value, '');
        assert.deepEqual(attributes, ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax', 'Max-Age=0']);
      }
      await service.assertOver(tokens);
      await assertAlive(other);
    });
  }

  it('whose refresh cookie is none ends the session of the access cookie, and clears both', async () => {
    const session = await login();
    const response = await service.logout(undefined, [cookies({...session, refresh_token: 'x'})]);
    assert.deepEqual(Object.values(cookiesOf(response)).map(({value}) => value), ['', '']);
    await service.assertOver(session);
  });

  it('whose access cookie is refused goes by the refresh cookie, as one in the header does not', async () => {
    for (const spoil of [withOtherSignature, () => 'no token']) {
      const session = await login();
      const spoilt = spoil(session.access_token);
      const refresh = cookies({refresh_token: session.refresh_token});
      const reason = spoilt === 'no token' ? 'token_malformed' : 'signature_invalid';
      assertRefusal(await service.tryLogout(undefined, [cookies({access_token: spoilt})]), 401, reason);
      assertRefusal(await service.tryLogout(undefined, [refresh, bearer(spoilt)]), 401, reason);
      const response = await service.logout(undefined, [cookies({...session, access_token: spoilt})]);
      assert.deepEqual(Object.values(cookiesOf(response)).map(({value}) => value), ['', '']);
      await service.assertOver(session);
    }
  });

  it('with `all` ends the user\'s other sessions too', async () => {
    const name = await service.newUser();
    const [tokens, other] = [tokensOf(await service.tryLogin(name)), tokensOf(await service.tryLogin(name))];
    await service.logout({all: true}, [cookies(tokens)]);
    await service.assertOver(tokens);
    await service.assertOver(other);
  });
});

describe('a page of another site', () => {
  const foreign = [
    ['Sec-Fetch-Site', 'cross-site'], ['Sec-Fetch-Site', 'same-site'], ['Origin', 'https://evil.example'], ['Origin', 'null'],
    ['Origin', 'https://shop.example.com.evil.example'],
  ];
  const own = [['Sec-Fetch-Site', 'same-origin'], ['Sec-Fetch-Site', 'none'], ['Origin', 'https://shop.example.com']];
  const assertOriginRefused = (response) => {
    assertRefusal(response, 403, 'origin_refused');
    assert.deepEqual(response.all('set-cookie'), []);
  };

  for (const field of foreign) {
    const name = field.join(': ');
    it(`is refused a login (${name})`, async () => {
      assertOriginRefused(await service.post('/auth/login', credentials, [field]));
      assertOriginRefused(await both.post('/auth/login', new URLSearchParams(credentials), [field]));
    });
    it(`is refused a refresh and a logout by cookie, which change nothing (${name})`, async () => {
      const tokens = await login();
      for (const sent of [tokens, {refresh_token: tokens.refresh_token}]) {
        assertOriginRefused(await service.post('/auth/refresh', undefined, [cookies(sent), field]));
      }
      for (const sent of [tokens, {refresh_token: tokens.refresh_token}, {access_token: tokens.access_token}]) {
        assertOriginRefused(await service.post('/auth/logout', {all: true}, [cookies(sent), field]));
      }
      await assertAlive(tokens);
    });
    // Otherwise a form of that page could put its visitor into a session of its author's, or out of the visitor's own.
    it(`is refused what would set or clear cookies by a token of its own (${name})`, async () => {
      const form = (members) => new URLSearchParams(members);
      const tokens = await login();
      assertOriginRefused(await service.post('/auth/refresh', form({refresh_token: tokens.refresh_token}), [field]));
      assertOriginRefused(await service.post('/auth/logout', form({refresh_token: tokens.refresh_token}), [field]));
      assertOriginRefused(await service.post('/auth/logout', form({access_token: tokens.access_token}), [field]));
      await assertAlive(tokens);
    });
    it(`cannot send what changes something to a guarded route by cookie (${name})`, async () => {
      const tokens = await login();
      const response = await service.post('/orders', 'x', [cookies(tokens), field]);
      assert.deepEqual([response.status, response.json.reason], [403, 'origin_refused']);
    });
  }

  for (const field of own) {
    it(`is none with ${field.join(': ')}`, async () => {
      const first = tokensOf(await service.post('/auth/login', credentials, [field]));
      const second = tokensOf(await service.post('/auth/refresh', undefined, [cookies(first), field]));
      assert.equal((await service.post('/orders', 'x', [cookies(second), field])).status, 200);
      await service.logout(undefined, [cookies(second), field]);
    });
  }

  it('may log in where no cookie is set', async (t) => {
    const plain = await startTokenService(scoped(t), {like: service});
    for (const field of foreign) assert.equal((await plain.post('/auth/login', credentials, [field])).status, 200, field[1]);
  });
});
