// Serving without a file of one's own: the sidecar by flags or environment variables, and the demo.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';

import {startGateway, startWith} from './harness/gateway.mjs';
import {keysPath, startKeyServer} from './harness/key_server.mjs';
import {postern, run, runPostern, start} from './harness/program.mjs';
import {exchange} from './harness/raw_client.mjs';
import {startUpstream} from './harness/recording_upstream.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {audience, issuer, jwks, makeKey, mint, mintedTokens} from './harness/tokens.mjs';
import {eventually, within} from './harness/waiting.mjs';

describe('the sidecar', () => {
  const scope = scoped();
  let upstream, key, jwksFile;
  before(async () => {
    upstream = await startUpstream(scope);
    key = await makeKey('RS256');
    jwksFile = scope.file('jwks.json', jwks(key));
  });
  const flags = () => [
    '--listen', '127.0.0.1:0', '--upstream', upstream.endpoint, '--issuer', issuer, '--audience', audience,
    '--jwks-file', jwksFile, '--claim', 'sub=X-User-Id', '--claim', 'tenant=X-Tenant', '--admin', '127.0.0.1:0',
  ];
  const environment = () => ({
    POSTERN_LISTEN: '127.0.0.1:0', POSTERN_UPSTREAM: upstream.endpoint, POSTERN_ISSUER: issuer, POSTERN_AUDIENCE: audience,
    POSTERN_JWKS_FILE: jwksFile, POSTERN_CLAIM: 'sub=X-User-Id,tenant=X-Tenant', POSTERN_ADMIN: '127.0.0.1:0',
  });

  const protects = async (scope, gateway) => {
    upstream.forget();
    for (const path of ['/', '/anything', '/healthz']) {
      assert.equal((await exchange(scope, gateway.port, request('GET', path))).response.status, 401);
    }
    assert.equal(upstream.bytes, '');
    const {response} = await exchange(scope, gateway.port, request('GET', '/any/path', [bearer(await mint(key, {tenant: 't1'}))]));
    assert.equal(response.status, 200);
    assert.equal(upstream.last.get('x-user-id'), 'alice');
    assert.equal(upstream.last.get('x-tenant'), 't1');
  };

  it('runs by flags and protects every path', async (t) => {
    const scope = scoped(t);
    await protects(scope, await startWith(scope, ['run', ...flags()]));
  });

  it('runs by environment variables', async (t) => {
    const scope = scoped(t);
    await protects(scope, await startWith(scope, ['run'], {env: environment()}));
  });

  it('runs twice on one host, each with an admin listener of its own', async (t) => {
    const scope = scoped(t);
    const byFlags = await startWith(scope, ['run', ...flags()]);
    const byVariables = await startWith(scope, ['run'], {env: environment()});
    for (const gateway of [byFlags, byVariables]) {
      const {code, stderr} = await runPostern(['healthcheck'], {env: {POSTERN_ADMIN: `127.0.0.1:${gateway.adminPort}`}});
      assert.equal(code, 0, stderr);
    }
    const taken = await runPostern(['run', ...flags().slice(0, -1), `127.0.0.1:${byFlags.adminPort}`]);
    assert.equal(taken.code, 69);
    assert.match(taken.stderr, /--admin/);
  });

  it('finds the keys by the issuer alone', async (t) => {
    const scope = scoped(t);
    const server = await startKeyServer(scope, {keys: [key]});
    const args = ['run', '--listen', '127.0.0.1:0', '--upstream', upstream.endpoint, '--audience', audience, '--admin', 'off'];
    for (const more of [['--issuer', server.issuer], ['--issuer', server.issuer, '--jwks-uri', `${server.issuer}${keysPath}`]]) {
      const inner = scoped(t);
      const gateway = await startWith(inner, [...args, ...more]);
      const {response} = await exchange(inner, gateway.port, request('GET', '/', [bearer(await mint(key, {iss: server.issuer}))]));
      assert.equal(response.status, 200);
      await gateway.stop();
    }
  });

  it('prefers a flag to its variable', async () => {
    const {stdout} = await runPostern(['config', 'print', '--issuer', 'https://flag.example'], {env: environment()});
    assert.match(stdout, /flag\.example/);
    assert.doesNotMatch(stdout, new RegExp(issuer));
  });

  it('is the file that `config print` shows', async (t) => {
    const scope = scoped(t);
    const printed = await runPostern(['config', 'print', ...flags()]);
    assert.equal(printed.code, 0, printed.stderr);
    const again = await runPostern(['config', 'print', '-c', scope.file('printed.yaml', printed.stdout)]);
    assert.equal(again.stdout, printed.stdout);
    await protects(scope, await startGateway(scope, printed.stdout));
  });

  it('is checked like a file: 78 and every error, each with its flag or variable', async () => {
    const bad = await runPostern(['run', '--listen', 'nonsense', '--upstream', 'ftp://x', '--issuer', issuer, '--audience', audience]);
    assert.equal(bad.code, 78);
    assert.match(bad.stderr, /--listen/);
    assert.match(bad.stderr, /--upstream/);
    const variables = await runPostern(['run'], {env: {...environment(), POSTERN_LISTEN: 'nonsense'}});
    assert.equal(variables.code, 78);
    assert.match(variables.stderr, /POSTERN_LISTEN/);
  });

  it('wants all that it needs', async () => {
    const {code, stderr} = await runPostern(['run', '--listen', '127.0.0.1:0', '--upstream', 'http://127.0.0.1:1']);
    assert.notEqual(code, 0);
    assert.match(stderr, /issuer/);
    assert.match(stderr, /audience/);
  });
});

// The blocks of the demo: a comment that names the status, then the lines to paste.
const blocksOf = (text) => [...text.matchAll(/^# (.*?\b(\d{3})\b.*)\n((?:.+\n)+)\n/gm)]
  .map(([, title, status, lines]) => ({title, status: Number(status), lines}));

// What each block prints in one shell, as it stands there: later ones use what earlier ones keep.
async function paste(blocks, scope) {
  const mark = '=== the next block ===';
  const script = blocks.map(({lines}) => `${lines}echo; echo '${mark}'\n`).join('');
  const {stdout} = await run('bash', ['-c', script], {env: {no_proxy: '*', HOME: scope.directory}});
  return stdout.split(mark).slice(0, blocks.length);
}

describe('the demo', () => {
  it('answers each of its lines as it says, and cleans up', async (t) => {
    const scope = scoped(t);
    const demo = start(postern, ['demo'], {env: {TMPDIR: scope.directory}});
    scope.onClose(() => demo.child.kill('SIGKILL'));
    await eventually('the instructions', () => {
      assert.ok(!demo.over, demo.stderr);
      return /Ctrl-C/.test(demo.stdout);
    });
    const blocks = blocksOf(demo.stdout);
    assert.deepEqual(new Set(blocks.map(({status}) => status)), new Set([200, 204, 401, 403]));
    const topics = ['valid', 'missing', 'expired', 'forged', 'audience', 'log in:', 'refresh:', 'used one again', 'log out:',
      'token_revoked', 'refresh_token_invalid', 'as a page', 'origin_refused', 'everywhere', 'a copy'];
    for (const topic of topics) assert.ok(blocks.some(({title}) => title.includes(topic)), `no block about ${topic}`);
    const answers = await paste(blocks, scope);
    const answerTo = (topic) => answers[blocks.findIndex(({title}) => title.includes(topic))];
    for (const [i, {title, status, lines}] of blocks.entries()) {
      assert.match(answers[i], new RegExp(`^\\s*HTTP/1.1 ${status} `), `${title}: ${answers[i]}`);
      const reason = /40[13] (\w+)/.exec(title)?.[1];
      if (reason) assert.ok(answers[i].includes(`"reason":"${reason}"`), `${title}: ${answers[i]}`);
      const token = /Bearer ([\w.-]+)/.exec(lines)?.[1];
      if (token) mintedTokens.add(token);
    }
    for (const topic of ['valid:', 'alice']) assert.match(answerTo(topic), /"X-User-Id": "alice"/);
    assert.match(answerTo('the access token: 200'), /"X-Role": "admin",\s+"X-User-Id": "ann"/);
    const successor = (topic) => /"refresh_token":"([^"]+)"/.exec(answerTo(topic))[1];
    assert.equal(successor('used one again'), successor('refresh:'));
    assert.notEqual(successor('refresh:'), successor('log in:'));
    for (const topic of ['the cookies:', 'only the refresh']) {
      assert.match(answerTo(topic), /"X-User-Id": "ben"/);
      assert.doesNotMatch(answerTo(topic), /"cookie"/i);
    }
    for (const topic of ['as a page', 'only the refresh']) assert.equal(answerTo(topic).match(/^Set-Cookie: postern_/gim).length, 2);
    demo.child.kill('SIGTERM');
    assert.deepEqual(await within('the end of the demo', demo.ended), {code: 0, signal: null});
    const {readdirSync} = await import('node:fs');
    assert.deepEqual(readdirSync(scope.directory), []);
  });
});
