// How keys are fetched: when again, through what, with which certificates and fields.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {makeAuthority} from './harness/certificates.mjs';
import {startForwardProxy} from './harness/forward_proxy.mjs';
import {keysPath, metadataPath, startKeyServer, answers} from './harness/key_server.mjs';
import {runPostern} from './harness/program.mjs';
import {
  ask, assertAccepted, assertUnavailable, inState, providerOf, ready, refreshEachSecond, startRemote,
} from './harness/remote_keys.mjs';
import {scoped} from './harness/scope.mjs';
import {jwks, makeKey, mint} from './harness/tokens.mjs';
import {eventually} from './harness/waiting.mjs';

const gapsOf = (server) => {
  const times = server.requestsOf(keysPath).map(({at}) => at);
  return times.slice(1).map((at, i) => at - times[i]);
};
const httpDate = (secondsFromNow) => new Date(Date.now() + secondsFromNow * 1000).toUTCString();

describe('the schedule', {concurrency: true}, () => {
  const cases = {
    'max-age within the bounds is kept, less a tenth': [{'Cache-Control': 'public, max-age=3'}, 2_500, 4_500],
    'Expires is kept like it': [() => ({Expires: httpDate(3), Date: httpDate(0)}), 1_500, 4_500],
    'Age counts': [{'Cache-Control': 'max-age=60', Age: '57'}, 2_500, 4_500],
    'max-age=0 does not cause more fetches than min_refresh': [{'Cache-Control': 'max-age=0'}, 700, 3_000],
    'no-store does not either': [{'Cache-Control': 'no-store'}, 700, 3_000],
    'an Expires that is no date does not either': [{Expires: '0'}, 700, 3_000],
  };
  for (const [name, [fields, least, most]] of Object.entries(cases)) {
    it(name, async (t) => {
      const {gateway, server} = await startRemote(scoped(t), {
        provider: {min_refresh: '1s', max_refresh: '1h'},
        prepare(server) { Object.defineProperty(server, 'fields', {get: () => (typeof fields === 'function' ? fields() : fields)}); },
      });
      await server.fetched(3);
      for (const gap of gapsOf(server)) assert.ok(gap > least && gap < most, `${gap} ms`);
      assert.ok((await providerOf(gateway)).next_fetch_seconds <= most / 1000);
    });
  }

  it('max-age of a year does not cause fewer fetches than max_refresh', async (t) => {
    const {server} = await startRemote(scoped(t), {
      provider: {min_refresh: '1s', max_refresh: '2s'}, prepare(server) { server.fields = {'Cache-Control': 'max-age=31536000'}; },
    });
    await server.fetched(3);
    for (const gap of gapsOf(server)) assert.ok(gap > 1_700 && gap < 4_000, `${gap} ms`);
  });

  it('304 to an ETag counts as a good fetch, and keys that change are taken', async (t) => {
    const {gateway, server, key, token} = await startRemote(scoped(t), {
      provider: {...refreshEachSecond, max_stale: '3s'}, prepare(server) { server.etag = true; },
    });
    await ready(gateway);
    const notModified = () => server.requestsOf(keysPath).filter(({status}) => status === 304).length;
    await eventually('five times 304', () => notModified() >= 5);
    await assertAccepted(gateway, await token());
    await eventually('the metric', async () => await gateway.metric('postern_jwks_fetches_total', {provider: 'shop', result: 'not_modified'}) >= 5);
    const shown = await inState(gateway, 'ready');
    assert.deepEqual(shown.keys.map(({kid}) => kid), [key.kid]);
    assert.ok(shown.age_seconds < 3, `${shown.age_seconds} s`);
    assert.ok(await gateway.metric('postern_jwks_age_seconds', {provider: 'shop'}) < 3);
    const added = await makeKey('ES256');
    server.keys = [added];
    await eventually('the new key', async () => (await ask(gateway, await token({}, {}, added))).status === 200);
    assert.equal((await ask(gateway, await token())).status, 401);
  });
});

describe('a fetch', () => {
  it('says what it accepts, and takes gzip', async (t) => {
    const {gateway, server, token} = await startRemote(scoped(t), {prepare(server) { server.gzip = true; }});
    await assertAccepted(gateway, await token());
    for (const path of [metadataPath, keysPath]) {
      const [{fields}] = server.requestsOf(path);
      assert.match(fields['accept-encoding'], /\bgzip\b/);
      assert.match(fields.accept ?? '', /json|\*\/\*/);
      assert.match(fields['user-agent'] ?? '', /postern/i);
      assert.equal(fields.host, `127.0.0.1:${server.port}`);
    }
  });

  it('sends the fields of fetch_headers_file, keeps them secret, and sends them nowhere else', async (t) => {
    const scope = scoped(t);
    const elsewhere = await startKeyServer(scope);
    const file = scope.file('fields', 'X-Api-Key: a-very-secret-key\nX-Team:  orders \n');
    const {gateway, server, key, token} = await startRemote(scope, {
      provider: {fetch_headers_file: file, ...refreshEachSecond},
      prepare(server, key) {
        elsewhere.keys = [key];
        server.on(keysPath, answers.redirect(elsewhere.keysUrl));
      },
    });
    await assertAccepted(gateway, await token());
    for (const {fields} of server.requests) {
      assert.equal(fields['x-api-key'], 'a-very-secret-key');
      assert.equal(fields['x-team'], 'orders');
    }
    assert.ok(elsewhere.requests.length > 0);
    for (const {fields} of elsewhere.requests) assert.equal(fields['x-api-key'], undefined);
    server.on(keysPath, answers.status(403));
    await inState(gateway, 'stale');
    const told = gateway.stderr + JSON.stringify(await providerOf(gateway)) + (await gateway.admin('/config')).text;
    assert.doesNotMatch(told, /a-very-secret-key/);
    assert.match(JSON.stringify((await providerOf(gateway)).keys), new RegExp(key.kid));
  });

  it('does not send them where a metadata document points, unless that is the same origin', async (t) => {
    const scope = scoped(t);
    const elsewhere = await startKeyServer(scope);
    const file = scope.file('fields', 'X-Api-Key: a-very-secret-key\n');
    const {gateway, server, token} = await startRemote(scope, {
      provider: {fetch_headers_file: file},
      prepare(server, key) {
        elsewhere.keys = [key];
        server.on(metadataPath, answers.json({issuer: server.issuer, jwks_uri: elsewhere.keysUrl}));
      },
    });
    await assertAccepted(gateway, await token());
    assert.equal(server.requests[0].fields['x-api-key'], 'a-very-secret-key');
    assert.equal(elsewhere.requests[0].fields['x-api-key'], undefined);
  });

  for (const [name, url] of Object.entries({
    'a link-local address': 'http://169.254.169.254/jwks',
    'one in IPv6': 'http://[fe80::1]/jwks',
    'one mapped into IPv6': 'http://[::ffff:169.254.169.254]/jwks',
  })) {
    it(`never goes to ${name}`, async (t) => {
      const {gateway, token} = await startRemote(scoped(t), {provider: {jwks_uri: url, allow_http: true}});
      assert.match((await inState(gateway, 'unavailable')).last_error, /link-local/);
      await assertUnavailable(gateway, await token());
    });
  }

  it('never goes to one that is written as a number', async (t) => {
    for (const host of ['0251.0376.0251.0376', '2852039166', '0xa9fea9fe']) {
      const {gateway} = await startRemote(scoped(t), {prepare(server) { server.document.jwks_uri = `http://${host}/jwks`; }, provider: {allow_http: true}});
      assert.match((await inState(gateway, 'unavailable')).last_error, /host|link-local/);
    }
  });

  it('never goes by plain http to another machine, unless allow_http says so', async (t) => {
    const scope = scoped(t);
    const upstream = 'http://127.0.0.1:1';
    const config = (provider) => ({
      listeners: [{address: '127.0.0.1:0'}],
      providers: {shop: {audiences: ['a'], ...provider}},
      upstreams: {orders: {endpoints: [upstream]}},
      routes: [{name: 'orders', match: {path_prefix: '/'}, upstream: 'orders', jwt: {providers: ['shop']}}],
    });
    const validate = async (provider) => runPostern(['validate', '-c', scope.file('http.yaml', config(provider))]);
    for (const provider of [{issuer: 'http://id.example.com'}, {issuer: 'https://id.example.com', jwks_uri: 'http://id.example.com/jwks'}]) {
      const refused = await validate(provider);
      assert.equal(refused.code, 78);
      assert.match(refused.stderr + refused.stdout, /allow_http/);
      assert.equal((await validate({...provider, allow_http: true})).code, 0);
    }
    for (const issuer of ['http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080', 'https://id.example.com']) {
      assert.equal((await validate({issuer})).code, 0, issuer);
    }
  });
});

describe('a fetch over TLS', () => {
  const scope = scoped();
  let authority, leaf;
  before(async () => {
    authority = await makeAuthority(scope);
    leaf = await authority.issue('127.0.0.1', 'localhost', 'id.example.test');
  });
  const secured = (more = {}) => ({secure: {...leaf.secure, ...more}});

  it('trusts a private authority that ca_file names', async (t) => {
    const {gateway, token} = await startRemote(scoped(t), {serverOptions: secured(), provider: {ca_file: authority.certificateFile}});
    await assertAccepted(gateway, await token());
  });

  it('trusts nobody else: another authority, the system\'s, or a certificate of another name', async (t) => {
    const scope = scoped(t);
    const stranger = await makeAuthority(scope, 'stranger');
    const misnamed = await authority.issue('id.example.org');
    for (const [serverOptions, provider] of [
      [secured(), {ca_file: stranger.certificateFile}],
      [secured(), {}],
      [{secure: misnamed.secure}, {ca_file: authority.certificateFile}],
    ]) {
      const {gateway, server, token} = await startRemote(scope, {serverOptions, provider});
      const {last_error: lastError} = await inState(gateway, 'unavailable');
      assert.match(lastError, /certificate|tls|verify/i);
      await assertUnavailable(gateway, await token());
      assert.equal(server.requests.length, 0);
    }
  });

  it('shows its client certificate to who asks', async (t) => {
    const client = await authority.issue('gateway.example.com');
    const serverOptions = secured({requestCert: true, rejectUnauthorized: true, ca: authority.certificate});
    const provider = {ca_file: authority.certificateFile};
    const {gateway, token} = await startRemote(scoped(t), {
      serverOptions, provider: {...provider, certificate_file: client.certificateFile, key_file: client.keyFile},
    });
    await assertAccepted(gateway, await token());
    const without = await startRemote(scoped(t), {serverOptions, provider});
    await inState(without.gateway, 'unavailable');
  });

  it('does not leave TLS by a redirect', async (t) => {
    const scope = scoped(t);
    const plain = await startKeyServer(scope);
    const {gateway} = await startRemote(scope, {
      serverOptions: secured(),
      provider: {ca_file: authority.certificateFile, allow_http: true},
      prepare(server, key) {
        plain.keys = [key];
        server.on(keysPath, answers.redirect(plain.keysUrl));
      },
    });
    assert.match((await inState(gateway, 'unavailable')).last_error, /redirect|scheme|http/i);
    assert.equal(plain.requests.length, 0);
  });

  // The issuer's name does not resolve here: only the proxy can lead to it.
  const hidden = 'https://id.example.test';
  async function startBehindProxy(scope, {provider = () => ({}), env = () => ({})}) {
    const key = await makeKey('ES256');
    const server = await startKeyServer(scope, {keys: [key], ...secured()});
    server.on(metadataPath, answers.json({issuer: hidden, jwks_uri: `${hidden}${keysPath}`}));
    server.on(keysPath, answers.json(jwks(key)));
    const proxy = await startForwardProxy(scope, {to: server.port});
    const remote = await startRemote(scope, {
      provider: {issuer: hidden, ca_file: authority.certificateFile, fetch_timeout: '2s', ...provider(proxy)}, env: env(proxy),
    });
    return {...remote, proxy, token: () => mint(key, {iss: hidden})};
  }

  for (const [name, through] of Object.entries({
    'HTTPS_PROXY': {env: ({url}) => ({HTTPS_PROXY: url})},
    'https_proxy': {env: ({url}) => ({https_proxy: url})},
    'the provider\'s own proxy, which NO_PROXY does not touch': {
      provider: ({url}) => ({proxy: url}), env: () => ({HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: '*'}),
    },
  })) {
    it(`goes through ${name}`, async (t) => {
      const {gateway, proxy, token} = await startBehindProxy(scoped(t), through);
      await assertAccepted(gateway, await token());
      assert.deepEqual(new Set(proxy.connects), new Set(['id.example.test:443']));
    });
  }

  for (const [name, around] of Object.entries({
    'that NO_PROXY names': {env: ({url}) => ({HTTPS_PROXY: url, NO_PROXY: 'other.example,.example.test'})},
    'whose provider says none': {provider: () => ({proxy: 'none'}), env: ({url}) => ({HTTPS_PROXY: url})},
  })) {
    it(`goes around the proxy to a host ${name}`, async (t) => {
      const {gateway, proxy} = await startBehindProxy(scoped(t), around);
      assert.match((await inState(gateway, 'unavailable')).last_error, /id\.example\.test/);
      assert.deepEqual(proxy.connects, []);
    });
  }

  it('goes to loopback without the environment\'s proxy', async (t) => {
    const {gateway, token} = await startRemote(scoped(t), {
      serverOptions: secured(), provider: {ca_file: authority.certificateFile},
      env: {HTTPS_PROXY: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1'},
    });
    await assertAccepted(gateway, await token());
  });

  it('names a proxy that refuses', async (t) => {
    const {gateway} = await startBehindProxy(scoped(t), {provider: () => ({proxy: 'http://127.0.0.1:1'})});
    assert.match((await inState(gateway, 'unavailable')).last_error, /127\.0\.0\.1 port 1: .*refused/);
  });

  it('tells nobody the password of the environment\'s proxy', async (t) => {
    const {gateway} = await startBehindProxy(scoped(t), {env: () => ({HTTPS_PROXY: 'http://user:pass-word@127.0.0.1:1'})});
    const {last_error: lastError} = await inState(gateway, 'unavailable');
    assert.doesNotMatch(lastError + gateway.stderr + (await gateway.admin('/config')).text, /pass-word/);
  });

  it('does not show the proxy the fields for the provider', async (t) => {
    const scope = scoped(t);
    const file = scope.file('fields', 'X-Api-Key: a-very-secret-key\n');
    const {gateway, proxy, token} = await startBehindProxy(scope, {provider: ({url}) => ({proxy: url, fetch_headers_file: file})});
    await assertAccepted(gateway, await token());
    assert.ok(proxy.fields.length > 0);
    for (const fields of proxy.fields) assert.equal(fields['x-api-key'], undefined);
  });
});
