// Answers that are no keys, or not only: a good set stays, nobody waits for a broken provider, every skipped key is named.
import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {before, describe, it} from 'node:test';

import {answers, keysPath, metadataPath} from './harness/key_server.mjs';
import {runPostern} from './harness/program.mjs';
import {
  ask, assertAccepted, assertSaysUnavailable, assertUnavailable, inState, providerOf, ready, refreshEachSecond,
  refreshSeldom, startLoad, startRemote, tally,
} from './harness/remote_keys.mjs';
import {scoped} from './harness/scope.mjs';
import {base64url, makeKey, signRaw, goodClaims} from './harness/tokens.mjs';
import {eventually, sanitized} from './harness/waiting.mjs';

const stranger = await makeKey('ES256', {kid: 'stranger'});

// An answer of the keys' URL, and how the last error must speak of it.
const faults = {
  'a 500': [answers.status(500, 'oops'), /500/],
  'a 503': [answers.status(503), /503/],
  'a 404': [answers.status(404), /404/],
  'a 204': [answers.status(204), /204/],
  'a 304 that nobody asked for': [answers.status(304), /304/],
  'a 401': [answers.status(401), /401/],
  'HTML': [answers.html, /JSON|HTML|text\/html/i],
  'nothing': [answers.text(''), /JSON|empty/i],
  'null': [answers.text('null'), /JSON|object|keys/i],
  'an array': [answers.text('[]'), /JSON|object|keys/i],
  'an object without keys': [answers.text('{}'), /keys/i],
  'keys that are no array': [answers.text('{"keys":{}}'), /keys/i],
  'an empty set': [answers.text('{"keys":[]}'), /key/i],
  '50 MB': [answers.huge([stranger], 50), /long/],
  '50 MB, announced': [answers.huge([stranger], 50, {length: true}), /long/],
  '50 MB, compressed': [answers.gzipBomb([stranger], 50), /long/],
  'gzip that breaks off': [answers.brokenGzip, /gzip|compress|body/i],
  'JSON that breaks off': [answers.text('{"keys":[{"kty":"EC","crv":"P-256"'), /JSON/],
  'JSON that is nested 5,000 times': [answers.text(`{"keys":${'['.repeat(5000)}${']'.repeat(5000)}}`), /JSON|deep|nest|depth/i],
  'numbers that overflow a parser': [answers.text('{"keys":[],"x":0.12345678901234567890e-2147483639}'), /key|JSON/i],
  'a body that is cut off': [answers.cutOff(`{"keys":[${JSON.stringify(stranger.jwk)}]}`), /ended|broken/],
  'a chunked body that is cut off': [answers.cutOff(`{"keys":[${JSON.stringify(stranger.jwk)}]}`, {chunked: true}), /ended|broken/],
  'bytes that are no HTTP': [(request) => request.socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n'), /HTTP|response|version/i],
  'a reset': [(request) => request.socket.resetAndDestroy(), /reset|clos|end/i],
  'a head of 2 MB': [(request) => request.socket.end(`HTTP/1.1 200 OK\r\n${`X: ${'x'.repeat(8000)}\r\n`.repeat(250)}\r\n`), /head|field/i],
  'silence': [answers.hang, /longer than 1000 ms/],
  'silence after the head': [answers.stall, /longer than 1000 ms/],
  'a trickle': [answers.trickle, /longer than 1000 ms/],
  'only a key for encryption': [answers.json({keys: [{...stranger.jwk, use: 'enc'}]}), /usable|key/i],
  'only a secret': [answers.json({keys: [{kty: 'oct', k: base64url(randomBytes(64)), kid: 'secret'}]}), /usable|key/i],
};

describe('a good set stays when its provider answers', {concurrency: 8}, () => {
  for (const [name, [answer, named]] of Object.entries(faults)) {
    it(name, async (t) => {
      const {gateway, server, key, token} = await startRemote(scoped(t), {provider: {...refreshEachSecond, fetch_timeout: '1s'}});
      await ready(gateway);  // not by the first fetch, where the server is held up by another test's 50 MB
      const cached = await token();
      await assertAccepted(gateway, cached);
      const residentBefore = gateway.residentKiB();
      server.on(keysPath, answer);
      const shown = await inState(gateway, 'stale');
      assert.match(shown.last_error, named);
      assert.deepEqual(shown.keys.map(({kid}) => kid), [key.kid]);
      await server.fetched(server.fetches + 1);
      for (const each of [cached, await token()]) await assertAccepted(gateway, each);
      await assertUnavailable(gateway, await token({}, {}, stranger));
      assert.equal((await gateway.admin('/readyz')).status, 200);
      const grown = gateway.residentKiB() - residentBefore;
      assert.ok(sanitized || grown < 16 * 1024, `${grown} KiB more`);
      assert.match(gateway.stderr, /shop/);
      server.heal();
      await inState(gateway, 'ready');
    });
  }

  it('unusable keys, each of which is named once, however often they are fetched', async (t) => {
    const {gateway, server, token} = await startRemote(scoped(t), {provider: refreshEachSecond});
    await ready(gateway);
    server.on(keysPath, answers.json({keys: ['one', 'two'].map((kid) => ({kty: 'AKP', kid: `unusable-${kid}`}))}));
    const asked = server.fetches;
    await server.fetched(asked + 3);
    await inState(gateway, 'stale');
    for (const kid of ['one', 'two']) assert.equal(gateway.stderr.split(`unusable-${kid}`).length, 2, gateway.stderr);
    await assertAccepted(gateway, await token());
  });

  it('metadata that is broken, too', async (t) => {
    const {gateway, server, token} = await startRemote(scoped(t), {provider: {...refreshEachSecond, fetch_timeout: '1s'}});
    await ready(gateway);
    for (const answer of [answers.html, answers.json({issuer: 'https://other.example', jwks_uri: server.keysUrl}), answers.hang]) {
      const asked = server.requests.length;
      server.on(metadataPath, answer);
      await eventually('two more requests', () => server.requests.length >= asked + 2);
      await assertAccepted(gateway, await token());
    }
  });
});

describe('a provider that hangs', () => {
  it('blocks nobody whose key is known, and others no longer than the timeout', async (t) => {
    const scope = scoped(t);
    const {gateway, server, token} = await startRemote(scope, {provider: {...refreshSeldom, fetch_timeout: '1s'}});
    const known = await token();
    await assertAccepted(gateway, known);
    server.on(keysPath, answers.hang);
    const load = startLoad(scope, gateway, {perSecond: 200, token: () => known});
    const begin = performance.now();
    const unknown = await ask(gateway, await token({}, {kid: 'unknown'}));
    const took = performance.now() - begin;
    assertSaysUnavailable(unknown);
    assert.ok(took > 500 && took < 5_000, `${took} ms`);
    const quick = performance.now();
    await assertAccepted(gateway, known);
    assert.ok(performance.now() - quick < 500);
    assert.deepEqual(Object.keys(tally(await load.stop())), ['200']);
    assert.equal(await gateway.metric('postern_jwks_waiting_requests'), 0);
  });

  it('from the start makes cold requests wait no longer than the timeout', async (t) => {
    const {gateway, token} = await startRemote(scoped(t), {
      provider: {fetch_timeout: '1s'}, prepare(server) { server.on(metadataPath, answers.hang); },
    });
    const begin = performance.now();
    await assertUnavailable(gateway, await token());
    assert.ok(performance.now() - begin < 5_000);
  });
});

describe('a set with all kinds of keys', () => {
  const scope = scoped();
  const secret = {alg: 'HS256', kid: 'oct', secret: randomBytes(64)};
  let rsa, bad, remote;
  before(async () => {
    rsa = await makeKey('RS256', {kid: 'rsa'});
    const ec = (await makeKey('ES256')).jwk;
    const small = (await makeKey('RS256', {modulusLength: 2048})).jwk;
    bad = {
      'post-quantum': [{kty: 'AKP', alg: 'ML-DSA-44', kid: 'post-quantum', use: 'sig', pub: base64url(randomBytes(1312))}, /AKP|ML-DSA-44/],
      'oct': [{kty: 'oct', alg: 'HS256', kid: 'oct', k: base64url(secret.secret)}, /oct|secret|symmetric/i],
      'off-curve': [{...ec, kid: 'off-curve', y: ec.x}, /curve|point/i],
      'other-curve': [{...ec, kid: 'other-curve', crv: 'P-999'}, /P-999|crv|curve/i],
      'half': [{kty: 'RSA', kid: 'half', e: 'AQAB'}, /\bn\b|modulus|missing/i],
      'small': [{...small, kid: 'small', n: base64url(Buffer.concat([Buffer.from([0xc1]), randomBytes(127)]))}, /2048|1024|bits/i],
      'e-is-1': [{...small, kid: 'e-is-1', e: 'AQ'}, /\be\b|exponent/i],
      'for-encryption': [{...ec, kid: 'for-encryption', use: 'enc'}, /use|enc/i],
      'no-kty': [{kid: 'no-kty'}, /kty/],
      'kty-of-a-number': [{kid: 'kty-of-a-number', kty: 7}, /kty/],
      'not-base64': [{...ec, kid: 'not-base64', x: '!!!'}, /base64|\bx\b/i],
    };
    remote = await startRemote(scope, {
      provider: refreshEachSecond,
      prepare(server) { server.keys = [null, 42, 'text', [], ...Object.values(bad).map(([jwk]) => jwk), rsa, {}]; },
    });
    await ready(remote.gateway);
  });

  it('serves tokens of the good one', async () => {
    await assertAccepted(remote.gateway, await remote.token({}, {}, rsa));
    assert.equal(await remote.gateway.metric('postern_jwks_keys', {provider: 'shop'}), 1);
  });

  it('names the others with the reason at /providers', async () => {
    const shown = await providerOf(remote.gateway);
    assert.deepEqual(shown.keys.map(({kid}) => kid), ['rsa']);
    assert.equal(shown.skipped.length, 5 + Object.keys(bad).length, JSON.stringify(shown.skipped));
    for (const [kid, [, why]] of Object.entries(bad)) {
      const skipped = shown.skipped.find(({key}) => key.includes(kid));
      assert.ok(skipped, `${kid} is not named: ${JSON.stringify(shown.skipped)}`);
      assert.match(skipped.reason, why, kid);
    }
    for (const {key, reason} of shown.skipped) assert.ok(key && reason);
  });

  it('names them in the log, once, however often the set is fetched', async () => {
    const {gateway, server} = remote;
    await server.fetched(4);
    for (const kid of Object.keys(bad)) {
      const lines = gateway.stderr.split('\n').filter((line) => new RegExp(`["' ]${kid}["':, ]`).test(line));
      assert.equal(lines.length, 1, `${kid}:\n${gateway.stderr}`);
      assert.match(lines[0], /shop/);
    }
  });

  it('names them in `postern explain` of a token of such a key', async (t) => {
    const file = scoped(t).file('explain.yaml', remote.config);
    const token = await remote.token({}, {kid: 'post-quantum'}, rsa);
    const {code, stdout} = await runPostern(['explain', '-c', file, '--request', 'GET /orders', token]);
    assert.equal(code, 1);
    assert.match(stdout, /post-quantum/);
    assert.match(stdout, /AKP|ML-DSA-44/);
    const good = await runPostern(['explain', '-c', file, '--request', 'GET /orders', await remote.token({}, {}, rsa)]);
    assert.equal(good.code, 0, good.stdout + good.stderr);
  });

  it('never takes a secret out of it', async () => {
    for (const header of [{alg: 'HS256', kid: 'oct'}, {alg: 'HS256'}]) {
      const token = signRaw(secret, {typ: 'at+jwt', ...header}, goodClaims({iss: remote.server.issuer}));
      const answer = await ask(remote.gateway, token);
      assert.equal(answer.status, 401);
    }
    assert.doesNotMatch(JSON.stringify(await providerOf(remote.gateway)), new RegExp(base64url(secret.secret).slice(0, 40)));
  });
});
