// TLS on both sides.
import assert from 'node:assert/strict';
import {copyFileSync} from 'node:fs';
import {before, describe, it} from 'node:test';

import {curl} from './harness/curl.mjs';
import {makeAuthority} from './harness/certificates.mjs';
import {startGateway} from './harness/gateway.mjs';
import {run, runPostern} from './harness/program.mjs';
import {connect, exchange} from './harness/raw_client.mjs';
import {startUpstream} from './harness/recording_upstream.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {startStandard} from './harness/standard.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {audience, jwks, makeKey, mint} from './harness/tokens.mjs';

const certificateOf = (leaf, hosts) => ({certificate_file: leaf.certificateFile, key_file: leaf.keyFile, ...(hosts && {hosts})});

describe('downstream TLS', () => {
  const scope = scoped();
  let authority, gateway, upstream, key;
  before(async () => {
    authority = await makeAuthority(scope);
    const leaves = await Promise.all([['shop.example.com'], ['api.example.com'], ['*.wild.example.com']].map((names) => authority.issue(...names)));
    ({gateway, upstream, key} = await startStandard(scope, {
      listeners: [
        {address: '127.0.0.1:0', tls: {certificates: leaves.map((leaf) => certificateOf(leaf))}},
        {address: '127.0.0.1:0', tls: {certificates: [certificateOf(leaves[0])], min_version: '1.3'}},
      ],
    }));
  });
  const secure = (servername, more = {}) => ({secure: {ca: authority.certificate, servername, ...more}});

  it('serves a verified request to curl', async () => {
    const answer = await curl('--cacert', authority.certificateFile, '--resolve', `shop.example.com:${gateway.port}:127.0.0.1`,
      '-H', `Authorization: Bearer ${await mint(key)}`, `https://shop.example.com:${gateway.port}/orders`);
    assert.equal(answer.status, 200, answer.stderr);
    assert.equal(upstream.last.get('x-forwarded-proto'), 'https');
    assert.equal(upstream.last.get('x-user-id'), 'alice');
  });

  for (const [servername, wanted] of [['api.example.com', 'api.example.com'], ['x.wild.example.com', '*.wild.example.com'], ['shop.example.com', 'shop.example.com']]) {
    it(`shows ${servername} the certificate of ${wanted}`, async (t) => {
      const client = await connect(scoped(t), gateway.port, secure(servername));
      assert.equal(client.socket.getPeerCertificate().subject.CN, wanted);
    });
  }

  it('shows the first certificate to clients with an unknown name', async (t) => {
    const client = await connect(scoped(t), gateway.port, secure('unknown.example', {rejectUnauthorized: false}));
    assert.equal(client.socket.getPeerCertificate().subject.CN, 'shop.example.com');
  });

  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    it(`speaks ${version}`, async (t) => {
      const options = secure('shop.example.com', {minVersion: version, maxVersion: version});
      const {response, client} = await exchange(scoped(t), gateway.port, request('GET', '/open'), options);
      assert.equal(response.status, 200);
      assert.equal(client.socket.getProtocol(), version);
    });
  }

  it('refuses TLS 1.1, and TLS 1.2 where the listener wants 1.3', async (t) => {
    const scope = scoped(t);
    const old = secure('shop.example.com', {minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0'});
    await assert.rejects(connect(scope, gateway.port, old));
    const twelve = secure('shop.example.com', {maxVersion: 'TLSv1.2'});
    await assert.rejects(connect(scope, gateway.ports[1], twelve));
    await connect(scope, gateway.ports[1], secure('shop.example.com'));
  });

  it('resumes sessions', async (t) => {
    const scope = scoped(t);
    const first = await connect(scope, gateway.port, secure('shop.example.com'));
    const ticket = new Promise((resolve) => first.socket.once('session', resolve));
    first.send(request('GET', '/open'));
    await first.response();
    const again = await connect(scope, gateway.port, secure('shop.example.com', {session: await ticket}));
    assert.equal(again.socket.isSessionReused(), true);
  });

  it('keeps alive, pipelines and carries large bodies', async (t) => {
    const client = await connect(scoped(t), gateway.port, secure('shop.example.com'));
    const body = 'x'.repeat(400_000);
    client.send(request('POST', '/open/a', [], body) + request('GET', '/open/b'));
    for (let i = 0; i < 2; ++i) assert.equal((await client.response()).status, 200);
    assert.equal(upstream.requests.findLast(({target}) => target === '/open/a').body.length, body.length);
  });

  it('survives what is no TLS, and a client that leaves in the handshake', async (t) => {
    const scope = scoped(t);
    const plain = await connect(scope, gateway.port);
    plain.send(request('GET', '/open'));
    await plain.ended();
    assert.doesNotMatch(plain.text, /HTTP\/1.1 200/);
    (await connect(scope, gateway.port)).socket.destroy();
    assert.equal((await exchange(scope, gateway.port, request('GET', '/open'), secure('shop.example.com'))).response.status, 200);
  });
});

describe('upstream TLS', () => {
  const scope = scoped();
  let authority, foreign, leaf, key, jwksFile;
  before(async () => {
    authority = await makeAuthority(scope);
    foreign = await makeAuthority(scope, 'another authority');
    leaf = await authority.issue('backend.internal', '127.0.0.1');
    key = await makeKey('ES256');
    jwksFile = scope.file('jwks.json', jwks(key));
  });

  const startWith = async (t, tls, {secure = leaf.secure, host = '127.0.0.1'} = {}) => {
    const scope = scoped(t);
    const upstream = await startUpstream(scope, {secure});
    const endpoint = `https://${host}:${upstream.port}`;
    const gateway = await startGateway(scope, standardConfig({endpoint, jwksFile, workers: 1, upstreams: {orders: {endpoints: [endpoint], tls}}}));
    return {scope, upstream, gateway};
  };
  const get = async ({scope, gateway}) => (await exchange(scope, gateway.port, request('GET', '/orders', [bearer(await mint(key))]))).response;

  it('is verified against the given authority and the endpoint\'s address', async (t) => {
    const started = await startWith(t, {ca_file: authority.certificateFile});
    assert.equal((await get(started)).status, 200);
    assert.equal(started.upstream.last.get('x-user-id'), 'alice');
  });

  it('sends server_name as SNI and checks it', async (t) => {
    const started = await startWith(t, {ca_file: authority.certificateFile, server_name: 'backend.internal'});
    assert.equal((await get(started)).status, 200);
    assert.equal(started.upstream.connections[0].socket.servername, 'backend.internal');
  });

  const refusals = {
    'a name that the certificate does not have': () => [{ca_file: authority.certificateFile, server_name: 'other.internal'}],
    'an authority that is not the given one': () => [{ca_file: foreign.certificateFile}],
    'an authority that the system does not know': () => [{}],
  };
  for (const [name, make] of Object.entries(refusals)) {
    it(`is refused for ${name}, and no request is sent`, async (t) => {
      const started = await startWith(t, ...make());
      const response = await get(started);
      assert.equal(response.status, 502);
      assert.equal(response.json.reason, 'upstream_unavailable');
      assert.equal(started.upstream.bytes, '');
      assert.equal((await started.gateway.lineOf('/orders')).side, 'upstream');
    });
  }

  it('is not verified only where the configuration says so', async (t) => {
    assert.equal((await get(await startWith(t, {verify: false}))).status, 200);
  });

  it('reuses sessions for new connections', async (t) => {
    const started = await startWith(t, {ca_file: authority.certificateFile});
    started.upstream.answer = () => 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
    for (let i = 0; i < 4; ++i) assert.equal((await get(started)).status, 200);
    const reused = started.upstream.connections.filter(({reused}) => reused);
    assert.ok(reused.length >= 2, `${reused.length} of ${started.upstream.connections.length} sessions were reused`);
  });

  it('shows a client certificate', async (t) => {
    const client = await authority.issue('postern.internal');
    const tls = {ca_file: authority.certificateFile, certificate_file: client.certificateFile, key_file: client.keyFile};
    const secure = {...leaf.secure, requestCert: true, rejectUnauthorized: true, ca: authority.certificate};
    assert.equal((await get(await startWith(t, tls, {secure}))).status, 200);
    assert.equal((await get(await startWith(t, {ca_file: authority.certificateFile}, {secure}))).status, 502);
  });

  it('does not take bytes that came with a response for the next response', async (t) => {
    const started = await startWith(t, {ca_file: authority.certificateFile});
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n';
    started.upstream.answer = ({target}, {socket}) => {
      socket.write(head);
      socket.write(target === '/open/poison' ? `ok${head}no` : 'ok');  // a record of its own, of which a body's rest is read
    };
    const client = await connect(started.scope, started.gateway.port);
    for (const target of ['/open/poison', '/open/next']) {
      client.send(request('GET', target));
      assert.equal((await client.response()).text, 'ok');
    }
  });

  it('does not take a connection that was cut for the end of a response', async (t) => {
    const started = await startWith(t, {ca_file: authority.certificateFile});
    started.upstream.answer = (_, {socket}) => { socket.write('HTTP/1.1 200 OK\r\n\r\nhalf of it', () => socket.destroy()); };
    const client = await connect(started.scope, started.gateway.port);
    client.send(request('GET', '/open'));
    await client.ended();
    assert.doesNotMatch(client.text, /\r\n0\r\n\r\n$/);
  });
});

describe('a key that is not its certificate\'s', () => {
  const scope = scoped();
  const pairs = {};
  let authority, jwksFile;
  before(async () => {
    authority = await makeAuthority(scope);
    pairs.EC = await authority.issue('shop.example.com');
    pairs['another EC'] = await authority.issue('other.example.com');
    pairs.RSA = {certificateFile: `${scope.directory}/rsa.pem`, keyFile: `${scope.directory}/rsa.key`};
    const {code, stderr} = await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=shop.example.com',
      '-addext', 'subjectAltName=DNS:shop.example.com', '-keyout', pairs.RSA.keyFile, '-out', pairs.RSA.certificateFile]);
    assert.equal(code, 0, stderr);
    jwksFile = scope.file('jwks.json', jwks(await makeKey('ES256')));
  });
  const mixed = (certificate, key) => ({certificate_file: pairs[certificate].certificateFile, key_file: pairs[key].keyFile});
  const listening = (certificate) => ({listeners: [{address: '127.0.0.1:0', tls: {certificates: [certificate]}}]});

  const places = {
    'a listener\'s': listening,
    'a listener\'s with hosts': (pair) => listening({...pair, hosts: ['shop.example.com']}),
    'an upstream\'s': (pair) => ({upstreams: {orders: {endpoints: ['https://127.0.0.1:1'], tls: pair}}}),
    'a provider\'s': (pair) => ({providers: {shop: {issuer: 'https://127.0.0.1:1', audiences: [audience], ...pair}}}),
  };
  const validate = (t, changes) => runPostern(['validate', '-c', scoped(t).file('keys.yaml',
    standardConfig({endpoint: 'http://127.0.0.1:1', jwksFile, ...changes}))]);
  for (const [place, changesWith] of Object.entries(places)) {
    it(`is told at its place: ${place}`, async (t) => {
      for (const [certificate, key] of [['EC', 'RSA'], ['RSA', 'EC'], ['EC', 'another EC']]) {
        const {code, stderr} = await validate(t, changesWith(mixed(certificate, key)));
        assert.equal(code, 78, `${key} key of the ${certificate} certificate: ${stderr}`);
        assert.match(stderr, /keys\.yaml:\d+:\d+: \S+\.key_file: cannot use \S+\.key: it is not the key of certificate_file\n/);
      }
      for (const kind of ['EC', 'RSA']) assert.equal((await validate(t, changesWith(mixed(kind, kind)))).code, 0);
    });
  }

  it('is refused by a reload, and the gateway serves on', async (t) => {
    const scope = scoped(t);
    const files = {certificate_file: `${scope.directory}/own.pem`, key_file: `${scope.directory}/own.key`};
    copyFileSync(pairs.EC.certificateFile, files.certificate_file);
    copyFileSync(pairs.EC.keyFile, files.key_file);
    const {gateway} = await startStandard(scope, listening(files));
    copyFileSync(pairs.RSA.keyFile, files.key_file);
    const {status, text} = await gateway.admin('/reload', {method: 'POST'});
    assert.equal(status, 422);
    assert.match(text, /listeners\[0\]\.tls\.certificates\[0\]\.key_file: .*not the key of certificate_file/);
    const secure = {ca: authority.certificate, servername: 'shop.example.com'};
    assert.equal((await exchange(scope, gateway.port, request('GET', '/open'), {secure})).response.status, 200);
  });
});
