// Sessions in a real browser: what Chromium makes of the two cookies, of renewals, of a logout, and of other sites' pages.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {before, describe, it} from 'node:test';

import {fetchIn, followLink, inPage, newProfile, openSocket, showImage, startBrowser, submitForm} from './harness/browser.mjs';
import {makeAuthority} from './harness/certificates.mjs';
import {scoped} from './harness/scope.mjs';
import {accessName, refreshName} from './harness/session_cookies.mjs';
import {clockPasses, passwordOf, startTokenService} from './harness/token_service.mjs';
import {remember} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

const host = 'shop.example.com', sisterHost = 'blog.example.com', foreignHost = 'evil.example.org';
const expiring = {access_lifetime: '1s', leeway: '1s'};

const suiteScope = scoped();
let browser, listeners;
let service; // tokens outlive every test
let brief; // access tokens expire at once

const html = '<!doctype html><title>a page</title>';

// Every page is the same one; on a WebSocket the upstream says one word.
function answer(request) {
  const key = request.get('sec-websocket-key');
  if (!key) return `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: no-store\r\nContent-Length: ${html.length}\r\n\r\n${html}`;
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
    + `Sec-WebSocket-Accept: ${accept}\r\n\r\n\x81\x05hello`;
}

const startService = (like, {cookies = {}, ...more} = {}) => startTokenService(suiteScope, {
  like, listeners, users: {alice: ['role=admin'], mallory: []}, upstreamOptions: {answer}, service: {deliver: 'cookies', cookies, ...more},
});

before(async () => {
  const leaf = await (await makeAuthority(suiteScope)).issue(host, sisterHost, foreignHost);
  listeners = [{address: '127.0.0.1:0', tls: {certificates: [{certificate_file: leaf.certificateFile, key_file: leaf.keyFile}]}}];
  service = await startService();
  brief = await startService(service, expiring);
  browser = await startBrowser(suiteScope, leaf);
});

const urlOf = (own, path, name = host) => `https://${name}:${own.gateway.port}${path}`;
const json = (value) => ({method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(value)});

// What the browser holds: {name: cookie}.
async function jarOf(profile) {
  const cookies = await profile.cookies();
  for (const {value} of cookies) remember(value);
  return Object.fromEntries(cookies.map((cookie) => [cookie.name, cookie]));
}
const valuesOf = async (profile) => Object.values(await jarOf(profile)).map(({value}) => value).sort();

// A profile with a page of the service's own site, which has logged in: {profile, page, at}.
async function logIn(t, own, url = urlOf(own, '/open/start')) {
  const profile = await newProfile(scoped(t), browser);
  const page = await profile.newPage();
  await page.goto(url);
  const response = await fetchIn(page, '/auth/login', json({username: 'alice', password: passwordOf('alice')}));
  assert.equal(response.status, 200, response.text);
  assert.deepEqual(Object.keys(JSON.parse(response.text)), ['token_type', 'expires_in', 'refresh_expires_in']);
  return {profile, page, at: Date.now()};
}

async function assertOpens(page, path = '/orders', options) {
  const response = await fetchIn(page, path, options);
  assert.deepEqual([response?.status, response?.redirected], [200, false], response?.text);
}

// The upstream, which all gateways share, has got that request, and with it the user, but nothing that a session is made of.
function assertSawUser(target) {
  const request = service.upstream.requests.findLast((each) => each.target === target);
  assert.deepEqual([request?.get('x-user-id'), request?.get('x-role'), request?.get('cookie')], ['alice', 'admin', undefined], target);
  return request;
}

describe('a page that logs in', () => {
  it('opens guarded routes by two cookies that no script can read or replace', async (t) => {
    const {profile, page} = await logIn(t, service);
    const jar = await jarOf(profile);
    assert.deepEqual(Object.keys(jar).sort(), [accessName, refreshName]);
    for (const {domain, path, httpOnly, secure, sameSite} of Object.values(jar)) {
      assert.deepEqual([domain, path, httpOnly, secure, sameSite], [host, '/', true, true, 'Lax']);
    }
    const read = await inPage(page, async (name) => {
      document.cookie = `${name}=evil; Secure; Path=/`;
      return [document.cookie, await cookieStore.getAll()];
    }, accessName);
    assert.deepEqual(read, ['', []]);
    assert.deepEqual(await jarOf(profile), jar);
    await assertOpens(page, '/orders/first');
    assertSawUser('/orders/first');
    for (const {value} of Object.values(jar)) assert.ok(!service.upstream.bytes.includes(value));
  });

  it('over plain http on this machine does so with `secure: false`', async (t) => {
    const own = await startTokenService(scoped(t), {
      like: service, service: {deliver: 'cookies', cookies: {secure: false}, ...expiring}});
    const {profile, page, at} = await logIn(t, own, `${own.gateway.url}/open`);
    const first = await valuesOf(profile);
    assert.deepEqual(Object.keys(await jarOf(profile)).sort(), ['postern_access', 'postern_refresh']);
    assert.equal(await inPage(page, () => document.cookie), '');
    await clockPasses(at + 2100);
    await assertOpens(page, '/orders/plain');
    assertSawUser('/orders/plain');
    assert.notDeepEqual(await valuesOf(profile), first);
    assert.equal((await fetchIn(page, '/auth/logout', {method: 'POST'})).status, 204);
    assert.deepEqual(await valuesOf(profile), []);
  });
});

// Side by side, since they wait for the clock.
describe('when the access token has expired, no page notices:', {concurrency: true}, () => {
  // Lifetime, leeway, and the second that `iat` was rounded down.
  const expire = (since = Date.now()) => clockPasses(since + 2100);

  // What `act` does is renewed: neither cookie is the same afterwards, and the session goes on with them.
  async function assertRenews(profile, page, act) {
    const old = await valuesOf(profile);
    await act();
    const renewed = await valuesOf(profile);
    assert.equal(renewed.length, 2);
    for (const value of renewed) assert.ok(!old.includes(value));
    await assertOpens(page);
  }

  it('a fetch, one with a body, and then a navigation are renewed', async (t) => {
    const {profile, page, at} = await logIn(t, brief);
    await expire(at);
    await assertRenews(profile, page, () => assertOpens(page, '/orders/old'));
    assertSawUser('/orders/old');
    await expire();
    await assertRenews(profile, page, () => assertOpens(page, '/orders/new', {method: 'POST', body: 'two apples'}));
    assert.equal(assertSawUser('/orders/new').text, 'two apples');
    await expire();
    await assertRenews(profile, page, async () => {
      const response = await page.goto(urlOf(brief, '/orders/page'));
      assert.deepEqual([response.status(), response.request().redirectedFrom()], [200, null]);
    });
    assertSawUser('/orders/page');
  });

  it('parallel fetches are renewed together, and the session goes on to its next renewal', async (t) => {
    const {profile, page, at} = await logIn(t, brief);
    await expire(at);
    await assertRenews(profile, page, () => Promise.all(Array.from({length: 12}, (_, i) => assertOpens(page, `/orders/${i}`))));
    await expire();
    await assertRenews(profile, page, () => assertOpens(page));
  });

  it('a link on another site\'s page leads in', async (t) => {
    const {profile, page, at} = await logIn(t, brief);
    await page.goto(urlOf(brief, '/open/mail', foreignHost));
    await expire(at);
    await assertRenews(profile, page, () => followLink(page, urlOf(brief, '/orders/mailed')));
    assertSawUser('/orders/mailed');
  });

  it('a WebSocket is opened, and the browser keeps the cookies that came with it', async (t) => {
    const {profile, page, at} = await logIn(t, brief);
    await expire(at);
    await assertRenews(profile, page, async () => assert.equal(await openSocket(page, '/orders/socket'), 'hello'));
    assertSawUser('/orders/socket');
  });
});

describe('a logout', () => {
  it('takes both cookies away, and no way leads back', async (t) => {
    const {profile, page} = await logIn(t, service);
    assert.equal((await page.goto(urlOf(service, '/orders/left'))).status(), 200);
    await page.goto(urlOf(service, '/open/goodbye'));
    assert.equal((await fetchIn(page, '/auth/logout', {method: 'POST'})).status, 204);
    assert.deepEqual(await jarOf(profile), {});
    service.upstream.forget();
    assert.equal((await fetchIn(page, '/orders')).status, 401);
    assert.equal((await page.goBack()).status(), 401);
    assert.equal(page.url(), urlOf(service, '/orders/left'));
    assert.equal((await page.reload()).status(), 401);
    assert.equal(service.upstream.requests.length, 0);
  });

  it('in one tab closes the WebSocket of another', async (t) => {
    const {profile, page} = await logIn(t, service);
    assert.equal(await openSocket(page, '/orders/tab'), 'hello');
    const atUpstream = service.upstream.connections.find(({requests}) => requests.at(-1)?.target === '/orders/tab');
    const other = await profile.newPage();
    await other.goto(urlOf(service, '/open/other'));
    assert.equal(await inPage(page, () => window.socket.readyState), 1);
    assert.equal((await fetchIn(other, '/auth/logout', {method: 'POST'})).status, 204);
    assert.equal(await inPage(page, () => window.socketClosed), false);
    await eventually('the upstream saw it', () => atUpstream.over);
  });
});

// What the log says of the first request to `path` after the one to `page`, as `401 token_missing`.
const outcomeAfter = (gateway, page, path) => eventually(`a line of ${path}`, () => {
  const {lines} = gateway;
  const begun = lines.findIndex((line) => line.path === page);
  const line = begun >= 0 && lines.slice(begun).find((each) => each.path === path);
  return line && `${line.status} ${line.reason}`;
});

let evilPages = 0; // no two of them have one path

// A session, and another tab of its profile: `outcome` shows a new page of the host there, and gives what became of the
// request to `path` that `act` makes it send.
async function besideSession(t, own, name) {
  const session = await logIn(t, own);
  const evil = await session.profile.newPage();
  const jar = await jarOf(session.profile);
  const showPage = async () => {
    const path = `/open/evil/${++evilPages}`;
    await evil.goto(urlOf(own, path, name));
    return path;
  };
  own.upstream.forget();
  return {
    evil, showPage,
    async outcome(path, act) {
      const shown = await showPage();
      await act(urlOf(own, path));
      return outcomeAfter(own.gateway, shown, path);
    },
    async assertUntouched() {
      assert.ok(own.upstream.requests.every(({target}) => target.startsWith('/open/evil/')));
      assert.deepEqual(await jarOf(session.profile), jar);
      await assertOpens(session.page, '/orders/untouched');
      assertSawUser('/orders/untouched');
    },
  };
}

const refused = '403 origin_refused', nobody = '401 token_missing';

// The service's endpoints are for pages of their own origin; `guarded`: what a guarded route says to such a page.
async function assertFormsRefused({evil, outcome}, guarded) {
  const mallory = {username: 'mallory', password: passwordOf('mallory')};
  for (const [path, members, wanted] of [
    ['/auth/login', mallory, refused], ['/auth/refresh', {}, refused], ['/auth/logout', {all: 'true'}, refused],
    ['/orders/form', {}, guarded],
  ]) assert.equal(await outcome(path, (url) => submitForm(evil, url, members)), wanted, path);
}

async function assertScriptsRefused({evil, outcome}, guarded) {
  assert.equal(await outcome('/orders/fetch', async (url) => {
    assert.equal(await fetchIn(evil, url, {method: 'POST', credentials: 'include', body: 'x'}), undefined);
  }), guarded);
  assert.equal(await outcome('/orders/socket', async (url) => assert.equal(await openSocket(evil, url), undefined)), guarded);
}

describe('a page of', () => {
  it('another site changes nothing: no cookie goes with what it sends', async (t) => {
    const beside = await besideSession(t, service, foreignHost);
    await assertFormsRefused(beside, nobody);
    await assertScriptsRefused(beside, nobody);
    await beside.assertUntouched();
  });

  it('another host of the same site changes nothing, though the cookies go with what it sends', async (t) => {
    const beside = await besideSession(t, service, sisterHost);
    await assertFormsRefused(beside, refused);
    await assertScriptsRefused(beside, refused);
    await beside.assertUntouched();
  });

  // Its scripts' requests are left out: with which of them a cookie of another site goes is for the browser to say.
  it('another site changes nothing by forms with `same_site: none` either, when the cookies go with them', async (t) => {
    const own = await startService(service, {cookies: {same_site: 'none'}});
    const beside = await besideSession(t, own, foreignHost);
    await assertFormsRefused(beside, refused);
    await beside.assertUntouched();
  });

  it('another site can link to a guarded page, and show nothing of it', async (t) => {
    const {evil, outcome} = await besideSession(t, service, foreignHost);
    assert.equal(await outcome('/orders/image', async (url) => assert.equal(await showImage(evil, url), false)), nobody);
    assert.equal(await outcome('/orders/link', (url) => followLink(evil, url)), '200 accepted');
    assertSawUser('/orders/link');
  });

  it('another host of the same site cannot plant a session', async (t) => {
    const {evil, showPage, assertUntouched} = await besideSession(t, service, sisterHost);
    await showPage();
    await inPage(evil, (names) => {
      for (const name of names) document.cookie = `${name}=evil; Domain=example.com; Path=/; Secure`;
    }, [accessName, refreshName]);
    await assertUntouched();
  });
});

// Its renewed cookies come with the upstream's head: until then the browser has none but the old ones.
it('a renewed request whose upstream takes longer than the grace, as a long poll does, ends no session', async (t) => {
  const own = await startService(service, {...expiring, reuse_grace: '1s'});
  const {page, at} = await logIn(t, own);
  let release;
  const released = new Promise((resolve) => { release = resolve; });
  t.after(() => {
    release();
    own.upstream.answer = answer;
  });
  own.upstream.answer = async (request) => {
    if (request.target === '/orders/poll') await released;
    return answer(request);
  };
  await clockPasses(at + 2100);
  const poll = assertOpens(page, '/orders/poll');
  poll.catch(() => {}); // it is awaited below
  await eventually('the poll waits at the upstream', () => own.upstream.requests.some(({target}) => target === '/orders/poll'));
  await clockPasses(Date.now() + 1100);
  await assertOpens(page, '/orders/meanwhile');
  release();
  await poll;
  await assertOpens(page, '/orders/afterwards');
});
