// A name that the system resolves slowly, or not at all: nobody waits longer for it than for a connection.
import assert from 'node:assert/strict';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {before, describe, it} from 'node:test';
import {fileURLToPath} from 'node:url';

import {startGateway} from './harness/gateway.mjs';
import {run} from './harness/program.mjs';
import {connect, exchange} from './harness/raw_client.mjs';
import {startUpstream} from './harness/recording_upstream.mjs';
import {request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {jwks, makeKey} from './harness/tokens.mjs';
import {eventually, sanitized, within} from './harness/waiting.mjs';

const skip = sanitized && 'a sanitizer\'s library must be the first that is loaded';

describe('a name', {skip}, () => {
  const suite = scoped();
  let library;
  before(async () => {
    library = `${suite.directory}/slow_names.so`;
    const source = fileURLToPath(new URL('harness/slow_names.c', import.meta.url));
    const {code, stderr} = await run('gcc', ['-O1', '-Wall', '-Wextra', '-shared', '-fPIC', '-o', library, source, '-ldl']);
    assert.equal(code, 0, stderr);
  });

  function nameFile(scope, answer) {
    const file = scope.file('name', answer);
    const env = {LD_PRELOAD: library, SLOW_NAMES: file};
    return {env, names: {
      become: (text) => writeFileSync(file, text),
      age: () => writeFileSync(`${file}.later`, ''),
      get asked() { return existsSync(`${file}.asked`) ? readFileSync(`${file}.asked`).length : 0; },
    }};
  }

  // A gateway that makes a connection for each request; `names` are what the name is, and what was asked.
  async function startNamed(t, answer, timeouts) {
    const scope = scoped(t);
    const {env, names} = nameFile(scope, answer);
    const upstream = await startUpstream(scope);
    const endpoint = `http://orders.example:${upstream.port}`;
    const config = standardConfig({
      endpoint, jwksFile: scope.file('jwks.json', jwks(await makeKey('ES256'))),
      upstreams: {orders: {endpoints: [endpoint], pool: {max_idle: 0}}}, ...(timeouts && {timeouts}),
    });
    const gateway = await startGateway(scope, config, {env});
    const ask = async (path = '/open') => {
      const began = performance.now();
      const {response} = await exchange(scope, gateway.port, request('GET', path));
      return {status: response.status, reason: response.status === 200 ? undefined : response.json.reason, took: performance.now() - began};
    };
    const askFour = () => Promise.all([1, 2, 3, 4].map((number) => ask(`/open/${number}`)));
    return {scope, gateway, names, ask, askFour};
  }

  for (const phase of ['connect', 'total']) {
    it(`is awaited until timeouts.${phase} has passed, by four requests as by one`, async (t) => {
      const {gateway, names, ask, askFour} = await startNamed(t, 'wait', {connect: '1m', [phase]: '500ms'});
      for (const {status, reason, took} of await askFour()) {
        assert.equal(status, 504);
        assert.equal(reason, 'upstream_timeout');
        assert.ok(took > 300 && took < 3000, `after ${took} ms`);
      }
      assert.equal((await gateway.lineOf('/open/1')).side, 'upstream');
      assert.equal(names.asked, 1);
      names.become('127.0.0.1');
      await eventually('the name is known', async () => (await ask()).status === 200);
      assert.equal(names.asked, 1);
    });
  }

  it('that is not found is looked up once for a burst of requests, and again soon', async (t) => {
    const {names, ask, askFour} = await startNamed(t, 'fail');
    for (const {status, reason} of await askFour()) {
      assert.equal(status, 502);
      assert.equal(reason, 'upstream_unavailable');
    }
    assert.equal(names.asked, 1);
    names.become('127.0.0.1');
    await eventually('the name is known', async () => (await ask()).status === 200, 5000);
    assert.equal(names.asked, 2);
  });

  it('stands for its last good address while it is looked up again, and when that fails', async (t) => {
    const {names, ask, askFour} = await startNamed(t, '127.0.0.1', {head: '5m', idle: '5m', connect: '5m', response: '5m'});
    assert.equal((await ask()).status, 200);
    names.become('wait');
    names.age();
    for (const {status} of await askFour()) assert.equal(status, 200);
    await eventually('the name is looked up again', () => names.asked > 1);
    for (const {status} of await askFour()) assert.equal(status, 200);
    assert.equal(names.asked, 2);
    names.become('fail');
    await eventually('that look-up has failed and another one begun', async () => {
      assert.equal((await ask()).status, 200);
      return names.asked > 2;
    });
  });

  it('of an upstream does not hold up the end of the gateway', async (t) => {
    const {scope, gateway, names} = await startNamed(t, 'wait', {connect: '1m'});
    const client = await connect(scope, gateway.port);
    client.send(request('GET', '/open'));
    await eventually('the name is looked up', () => names.asked === 1);
    gateway.signal('SIGTERM');
    await eventually('it drains', () => /draining/.test(gateway.stderr));
    gateway.signal('SIGTERM');
    const {code} = await within('the gateway ends', gateway.running.ended, 3000);
    assert.equal(code, 0);
    await client.ended();
  });

  it('of a provider does not hold it up either', async (t) => {
    const scope = scoped(t);
    const {env, names} = nameFile(scope, 'wait');
    const config = standardConfig({endpoint: 'http://127.0.0.1:9'});
    config.providers.shop = {...config.providers.shop, jwks_file: undefined, jwks_uri: 'https://orders.example/jwks'};
    const gateway = await startGateway(scope, config, {env});
    await eventually('the name is looked up', () => names.asked === 1);
    gateway.signal('SIGTERM');
    const {code} = await within('the gateway ends', gateway.running.ended, 3000);
    assert.equal(code, 0);
  });
});
