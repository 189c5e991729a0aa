// `postern providers check`: each provider, step by step, with what failed.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {makeAuthority} from './harness/certificates.mjs';
import {freePort} from './harness/free_port.mjs';
import {answers, keysPath, metadataPath, startKeyServer} from './harness/key_server.mjs';
import {runPostern} from './harness/program.mjs';
import {remoteConfig} from './harness/remote_keys.mjs';
import {scoped} from './harness/scope.mjs';
import {audience, issuer, jwks, makeKey} from './harness/tokens.mjs';

const postQuantum = {kty: 'AKP', alg: 'ML-DSA-44', kid: 'future', pub: 'AAAA'};

describe('postern providers check', () => {
  const suite = scoped();
  let authority, leaf, key;
  before(async () => {
    authority = await makeAuthority(suite);
    leaf = await authority.issue('127.0.0.1');
    key = await makeKey('ES256');
  });

  // The program's ending for a provider with these members; `others` are further providers.
  const check = (scope, provider, others = {}) => runPostern(['providers', 'check', '-c', scope.file('check.yaml',
    remoteConfig({endpoint: 'http://127.0.0.1:1', issuer: provider.issuer ?? issuer, provider, others}))]);
  const startSecure = (scope) => startKeyServer(scope, {keys: [key], secure: leaf.secure});

  it('prints every step of a good one and ends with 0', async (t) => {
    const scope = scoped(t);
    const server = await startSecure(scope);
    const {code, stdout, stderr} = await check(scope, {issuer: server.issuer, ca_file: authority.certificateFile});
    assert.equal(code, 0, stdout + stderr);
    let at = -1;
    for (const step of ['shop', 'dns', 'connect', 'tls', 'response', 'json', 'key']) {
      const next = stdout.toLowerCase().indexOf(step, at + 1);
      assert.ok(next > at, `${step} is not there, or not after the step before it:\n${stdout}`);
      at = next;
    }
    assert.match(stdout, /TLSv?1\.3/);
    assert.ok(stdout.includes(key.kid), stdout);
    assert.ok(stdout.includes(server.keysUrl), stdout);
    assert.deepEqual(server.requests.map(({path}) => path), [metadataPath, keysPath]);
  });

  it('prints no step of TLS where there is none', async (t) => {
    const scope = scoped(t);
    const server = await startKeyServer(scope, {keys: [key]});
    const {code, stdout} = await check(scope, {issuer: server.issuer});
    assert.equal(code, 0, stdout);
    assert.doesNotMatch(stdout, /\btls\b/i);
  });

  const failures = {
    'a host that nobody knows': [() => ({issuer: 'https://nowhere.invalid'}), /dns.*nowhere\.invalid/i],
    'a port that refuses': [async () => ({issuer: `https://127.0.0.1:${await freePort()}`}), /connect.*refused/i],
    'an authority that is not trusted': [(server) => ({issuer: server.issuer}), /tls.*certificate/i],
    '404': [(server) => server.on(keysPath, answers.status(404)), /response.*404/i],
    'HTML': [(server) => server.on(keysPath, answers.html), /json/i],
    'an empty set': [(server) => server.on(keysPath, answers.json({keys: []})), /keys/i],
    'a set without a usable key': [(server) => { server.keys = [postQuantum]; }, /future/],
    'another issuer': [(server) => { server.document.issuer = 'https://other.example'; }, /other\.example/],
    'silence': [(server) => server.on(keysPath, answers.hang), /response.*longer than 1000 ms/],
    'a body that is cut off': [(server) => server.on(keysPath, answers.cutOff('{"keys":[')), /body/i],
    'a redirect loop': [(server) => server.on(keysPath, answers.redirect(keysPath)), /redirect/i],
    'a link-local jwks_uri': [(server) => { server.document.jwks_uri = 'https://169.254.169.254/'; }, /link-local/i],
  };
  for (const [name, [change, named]] of Object.entries(failures)) {
    it(`ends with 1 and names the step for ${name}`, async (t) => {
      const scope = scoped(t);
      const server = await startSecure(scope);
      const changed = await change(server);
      const provider = changed?.issuer ? changed : {issuer: server.issuer, ca_file: authority.certificateFile};
      const {code, stdout, stderr} = await check(scope, {fetch_timeout: '1s', ...provider});
      assert.equal(code, 1, stdout + stderr);
      assert.match(stdout.split('\n').filter((line) => /FAIL|skip/.test(line)).join('\n'), named, stdout);
      assert.match(stdout, /FAIL/);
    });
  }

  it('checks all of them, those of files too, and ends with 1 for one that fails', async (t) => {
    const scope = scoped(t);
    const server = await startKeyServer(scope, {keys: [key]});
    const dead = {issuer: `http://127.0.0.1:${await freePort()}`, audiences: [audience]};
    const files = {issuer: 'https://files.example', audiences: [audience], jwks_file: scope.file('jwks.json', jwks(key))};
    const {code, stdout} = await check(scope, {issuer: server.issuer}, {dead, files});
    assert.equal(code, 1);
    for (const name of ['shop', 'dead', 'files']) assert.match(stdout, new RegExp(`\\b${name}\\b`));
    assert.ok(stdout.includes(key.kid), stdout);
    assert.match(stdout, /refused/i);
  });

  for (const seconds of [3600, -3600]) {
    it(`tells that the provider's clock is an hour ${seconds > 0 ? 'ahead' : 'behind'}`, async (t) => {
      const scope = scoped(t);
      const server = await startKeyServer(scope, {keys: [key]});
      server.fields = {Date: new Date(Date.now() + seconds * 1000).toUTCString()};
      const {code, stdout} = await check(scope, {issuer: server.issuer});
      assert.equal(code, 0, stdout);
      const line = stdout.split('\n').find((each) => /clock/.test(each));
      assert.match(line ?? stdout, seconds > 0 ? /warn.*our clock is 3[56]\d\d s behind/ : /warn.*our clock is 3[56]\d\d s ahead/);
    });
  }

  it('tells a skipped key with its reason and still ends with 0', async (t) => {
    const scope = scoped(t);
    const server = await startKeyServer(scope, {keys: [key, postQuantum]});
    const {code, stdout} = await check(scope, {issuer: server.issuer});
    assert.equal(code, 0, stdout);
    assert.match(stdout, /future.*(AKP|ML-DSA-44)/);
  });

  it('ends with 78 for a bad configuration and with 2 for a wrong use', async (t) => {
    const bad = scoped(t).file('bad.yaml', 'providers: {shop: {isuer: x}}\n');
    assert.equal((await runPostern(['providers', 'check', '-c', bad])).code, 78);
    assert.equal((await runPostern(['providers'])).code, 2);
  });
});
