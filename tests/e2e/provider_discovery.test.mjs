// A provider of two lines: where its keys are found, and whose keys are not taken.
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';

import {freePort} from './harness/free_port.mjs';
import {startGateway} from './harness/gateway.mjs';
import {answers, keysPath, metadataPath} from './harness/key_server.mjs';
import {issueAccessToken, startProvider} from './harness/oidc_provider.mjs';
import {startUpstream} from './harness/recording_upstream.mjs';
import {
  ask, assertAccepted, assertUnavailable, inState, providerOf, ready, refreshEachSecond, refreshSeldom, remoteConfig,
  startRemote,
} from './harness/remote_keys.mjs';
import {scoped} from './harness/scope.mjs';
import {audience, issuer as foreignIssuer, jwks, makeKey, mint} from './harness/tokens.mjs';
import {eventually, within} from './harness/waiting.mjs';

// A gateway before npm's oidc-provider, with issuer and audience only.
async function startWithRealProvider(scope, {delayed} = {}) {
  const provider = await startProvider(scope, {audience});
  const token = await issueAccessToken(provider, {scope: 'orders:read'});
  if (delayed) provider.delay(delayed);
  const upstream = await startUpstream(scope);
  const gateway = await startGateway(scope, remoteConfig({endpoint: upstream.endpoint, issuer: provider.issuer}));
  return {provider, token, upstream, gateway};
}

// The provider has no keys and says why; protected routes ask for patience, public ones work.
async function assertNeverReady(gateway, token, why) {
  const {last_error: lastError} = await inState(gateway, 'unavailable');
  assert.match(lastError, why);
  await eventually('the log names it', () => why.test(gateway.stderr));
  assert.match(gateway.stderr, /shop/);
  assert.equal((await gateway.admin('/readyz')).status, 503);
  await assertUnavailable(gateway, token);
  assert.equal((await ask(gateway, undefined, '/open')).status, 200);
}

const literally = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

describe('a real provider', () => {
  it('needs two lines: the first request is already served', async (t) => {
    const {gateway, provider, token, upstream} = await startWithRealProvider(scoped(t));
    await assertAccepted(gateway, token);
    assert.equal(upstream.last.get('x-user-id'), 'service');
    await ready(gateway);
    const shown = await providerOf(gateway);
    assert.equal(shown.state, 'ready');
    assert.deepEqual(shown.issuers, [provider.issuer]);
    assert.deepEqual(shown.keys.map(({kid, kty}) => [kid, kty]), [[provider.keys[0].kid, 'RSA']]);
    assert.deepEqual(shown.skipped, []);
    assert.ok(shown.age_seconds < 60);
    assert.ok(shown.next_fetch_seconds > 0);
    assert.doesNotMatch(JSON.stringify(shown), new RegExp(provider.keys[0].jwk.n.slice(0, 40)));
  });

  it('that is slow holds up protected requests only, until it has answered', async (t) => {
    let answer;
    const {gateway, token} = await startWithRealProvider(scoped(t), {delayed: new Promise((resolve) => { answer = resolve; })});
    const waiting = Array.from({length: 20}, () => ask(gateway, token));
    await eventually('20 waiting requests', async () => await gateway.metric('postern_jwks_waiting_requests', {provider: 'shop'}) === 20);
    assert.equal((await ask(gateway, undefined, '/open')).status, 200);
    assert.equal((await gateway.admin('/readyz')).status, 503);
    answer();
    for (const {status} of await within('the answers', Promise.all(waiting))) assert.equal(status, 200);
    assert.equal(await gateway.metric('postern_jwks_waiting_requests', {provider: 'shop'}), 0);
  });
});

describe('the metadata document', () => {
  const places = {
    'OpenID Connect Discovery': `/realms/shop${metadataPath}`,
    'RFC 8414': '/.well-known/oauth-authorization-server/realms/shop',
    'OpenID Connect Discovery as RFC 8414 places it': `${metadataPath}/realms/shop`,
  };
  for (const [name, place] of Object.entries(places)) {
    it(`of an issuer with a path is found where ${name} says`, async (t) => {
      const {gateway, token} = await startRemote(scoped(t), {
        serverOptions: {path: '/realms/shop'},
        prepare(server) {
          server.on(places['OpenID Connect Discovery'], answers.status(404));
          server.on(place, answers.json({issuer: server.issuer, jwks_uri: server.keysUrl}));
        },
      });
      await assertAccepted(gateway, await token());
    });
  }

  it('of an issuer that ends in a slash is found without a doubled one', async (t) => {
    const {gateway, server, token} = await startRemote(scoped(t), {
      prepare(server) { server.document.issuer = `${server.issuer}/`; },
      provider: ({issuer}) => ({issuer: `${issuer}/`}),
    });
    await assertAccepted(gateway, await token({iss: `${server.issuer}/`}));
    assert.equal((await ask(gateway, await token())).reason, 'issuer_unknown');
  });

  const strangers = {
    'another issuer': () => foreignIssuer,
    'the issuer with a final slash': (issuer) => `${issuer}/`,
    'the issuer in other case': (issuer) => issuer.toUpperCase(),
    'no issuer': () => undefined,
  };
  for (const [name, issuerOf] of Object.entries(strangers)) {
    it(`that names ${name} is not believed`, async (t) => {
      const {gateway, server, token} = await startRemote(scoped(t), {
        serverOptions: {path: '/Shop'},
        prepare(server) { server.document.issuer = issuerOf(server.issuer); },
      });
      await assertUnavailable(gateway, await token());
      await assertNeverReady(gateway, await token(), new RegExp(literally(issuerOf(server.issuer) ?? 'issuer')));
      assert.equal(server.fetches, 0);
    });
  }

  for (const [name, jwksUri] of Object.entries({
    'no jwks_uri': undefined, 'a jwks_uri that is no URL': 'jwks.json', 'a file as jwks_uri': 'file:///etc/passwd', 'a number as jwks_uri': 7,
  })) {
    it(`with ${name} gives no keys`, async (t) => {
      const {gateway, token} = await startRemote(scoped(t), {prepare(server) { server.document.jwks_uri = jwksUri; }});
      await assertNeverReady(gateway, await token(), /jwks_uri|jwks\.json|scheme|URL/);
    });
  }

  it('may move the keys: a new jwks_uri is followed', async (t) => {
    const {gateway, server, key, token} = await startRemote(scoped(t), {provider: {min_refresh: '1s', max_refresh: '1s'}});
    await assertAccepted(gateway, await token());
    server.document.jwks_uri = `${server.origin}/moved`;
    server.on('/moved', answers.json({keys: [{...key.jwk, kid: 'moved'}]}));
    server.on(keysPath, answers.status(404));
    await eventually('the moved key', async () => (await providerOf(gateway)).keys[0].kid === 'moved', 30_000);
    await assertAccepted(gateway, await token({}, {kid: 'moved'}));
  });

  // A gateway whose provider moves its keys and leaves a copy of the old set where it was.
  async function startAndMove(scope, provider) {
    const remote = await startRemote(scope, {provider});
    const {gateway, server, key, token} = remote;
    await assertAccepted(gateway, await token());
    server.document.jwks_uri = `${server.origin}/moved`;
    server.on('/moved', answers.json({keys: [{...key.jwk, kid: 'moved'}]}));
    return remote;
  }
  it('may move the keys while the old URL still answers: the first token of a new key finds them', async (t) => {
    const {gateway, server, token} = await startAndMove(scoped(t), refreshSeldom);
    await assertAccepted(gateway, await token({}, {kid: 'moved'}));
    assert.equal((await ask(gateway, await token())).status, 401);
    assert.equal(server.requestsOf(metadataPath).length, 3);  // once more for the token whose key is gone
  });
  it('may move the keys while the old URL still answers: a key that is gone is refused after max_refresh', async (t) => {
    const {gateway, token} = await startAndMove(scoped(t), refreshEachSecond);
    await eventually('the refusal', async () => (await ask(gateway, await token())).status === 401);
    assert.deepEqual((await providerOf(gateway)).keys.map(({kid}) => kid), ['moved']);
  });
  it('that hangs holds up one token of an unknown key and no other', async (t) => {
    const {gateway, server, token} = await startRemote(scoped(t), {
      provider: {...refreshSeldom, unknown_kid_cooldown: '1s', fetch_timeout: '1s'},
    });
    await assertAccepted(gateway, await token());
    server.on(metadataPath, answers.hang);
    assert.equal((await ask(gateway, await token({}, {kid: 'nobodys'}))).status, 401);
    const added = await makeKey('ES256');
    server.keys.push(added);
    await assertAccepted(gateway, await token({}, {}, added));
    assert.equal(server.requestsOf(metadataPath).length, 2);
  });
});

describe('overrides', () => {
  it('discovery_url: the document from an internal address, its issuer still compared', async (t) => {
    const startWithIssuer = (issuer) => startRemote(scoped(t), {
      prepare(server) { server.on('/internal', answers.json({issuer, jwks_uri: server.keysUrl})); },
      provider: ({origin}) => ({issuer: foreignIssuer, discovery_url: `${origin}/internal`}),
    });
    const {gateway, server, key} = await startWithIssuer(foreignIssuer);
    await assertAccepted(gateway, await mint(key));
    assert.equal(server.requestsOf(metadataPath).length, 0);
    const stranger = await startWithIssuer('https://other.example');
    await assertNeverReady(stranger.gateway, await mint(stranger.key), /other\.example/);
  });

  it('jwks_uri: no document is asked for', async (t) => {
    const {gateway, server, key} = await startRemote(scoped(t), {provider: ({keysUrl}) => ({issuer: foreignIssuer, jwks_uri: keysUrl})});
    await assertAccepted(gateway, await mint(key));
    assert.deepEqual(server.requests.map(({path}) => path), [keysPath]);
  });
});

describe('issuers', () => {
  for (const [name, change, named] of [
    ['a final slash', (issuer) => `${issuer}/`, /slash/],
    ['its case', (issuer) => issuer.replace('Shop', 'shop'), /case/],
  ]) {
    it(`a token whose iss differs by ${name} alone is refused, and the log says so`, async (t) => {
      const {gateway, server, token} = await startRemote(scoped(t), {serverOptions: {path: '/Shop'}});
      await assertAccepted(gateway, await token());
      const answer = await ask(gateway, await token({iss: change(server.issuer)}), '/orders/near-miss');
      assert.equal(answer.status, 401);
      assert.equal(answer.reason, 'issuer_unknown');
      const line = await gateway.lineOf('/orders/near-miss');
      assert.equal(line.reason, 'issuer_unknown');
      assert.match(JSON.stringify(line), named);
      assert.ok(JSON.stringify(line).includes(server.issuer), JSON.stringify(line));
      const stranger = await ask(gateway, await token({iss: 'https://evil.example'}), '/orders/stranger');
      assert.equal(stranger.status, 401);
      assert.doesNotMatch(JSON.stringify(await gateway.lineOf('/orders/stranger')), named);
    });
  }

  it('a provider may have several', async (t) => {
    const issuers = ['https://old.example', 'https://new.example'];
    const {gateway, token} = await startRemote(scoped(t), {provider: ({keysUrl}) => ({issuer: issuers, jwks_uri: keysUrl})});
    for (const iss of issuers) await assertAccepted(gateway, await token({iss}));
    assert.equal((await ask(gateway, await token({iss: 'https://third.example'}))).reason, 'issuer_unknown');
  });

  it('a tenant template holds for the listed tenants only', async (t) => {
    const {gateway, server, token} = await startRemote(scoped(t), {
      provider: ({origin, keysUrl}) => ({issuer: `${origin}/{tenant}/v2.0`, tenants: ['red', 'blue'], jwks_uri: keysUrl}),
    });
    for (const tenant of ['red', 'blue']) await assertAccepted(gateway, await token({iss: `${server.origin}/${tenant}/v2.0`}));
    for (const tenant of ['green', '{tenant}', '', 'red/v2.0/blue', 'Red']) {
      assert.equal((await ask(gateway, await token({iss: `${server.origin}/${tenant}/v2.0`}))).reason, 'issuer_unknown', tenant);
    }
  });

  it('a provider that nobody runs leaves public routes at work', async (t) => {
    const issuer = `http://127.0.0.1:${await freePort()}`;
    const {gateway, token} = await startRemote(scoped(t), {provider: {issuer}});
    await assertNeverReady(gateway, await token({iss: issuer}), /refused/i);
  });
});

describe('redirects', () => {
  // The keys after that many redirects: relative ones, absolute ones.
  const startRedirected = (scope, steps) => startRemote(scope, {
    prepare(server, key) {
      for (let i = 0; i < steps; ++i) server.on(`/step-${i}`, answers.redirect(`${i % 2 ? server.origin : ''}/step-${i + 1}`));
      server.on(`/step-${steps}`, answers.json(jwks(key)));
    },
    provider: ({origin}) => ({jwks_uri: `${origin}/step-0`}),
  });
  const startAnsweringKeysWith = (scope, answer) => startRemote(scope, {prepare(server) { server.on(keysPath, answer); }});
  it('three are followed', async (t) => {
    const {gateway, token} = await startRedirected(scoped(t), 3);
    await ready(gateway);
    await assertAccepted(gateway, await token());
  });
  it('a fourth is not', async (t) => {
    const {gateway, server, token} = await startRedirected(scoped(t), 4);
    await assertNeverReady(gateway, await token(), /redirect/i);
    assert.equal(server.requestsOf('/step-4').length, 0);
  });
  it('a loop ends', async (t) => {
    const {gateway, token} = await startAnsweringKeysWith(scoped(t), answers.redirect(keysPath));
    await assertNeverReady(gateway, await token(), /redirect/i);
  });
  for (const [name, to] of Object.entries({
    'to link-local addresses': 'http://169.254.169.254/keys',
    'to plain http elsewhere': 'http://192.0.2.1/keys',
    'to another scheme': 'ftp://127.0.0.1/keys',
    'to nowhere': '',
  })) {
    it(`${name} are not followed`, async (t) => {
      const {gateway, token} = await startAnsweringKeysWith(scoped(t), answers.redirect(to));
      await assertNeverReady(gateway, await token(), /redirect|link-local|http|scheme|Location/i);
    });
  }
});
