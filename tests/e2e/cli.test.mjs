// The command line: verbs, outputs and exit codes.
import assert from 'node:assert/strict';
import {readdirSync} from 'node:fs';
import net from 'node:net';
import {before, describe, it} from 'node:test';

import {freePort} from './harness/free_port.mjs';
import {startGateway} from './harness/gateway.mjs';
import {repository, run, runPostern} from './harness/program.mjs';
import {exchange} from './harness/raw_client.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {sessionConfig} from './harness/token_service.mjs';
import {audience, goodClaims, issuer, jwks, makeKey, mint, now, withOtherSignature} from './harness/tokens.mjs';

const suiteScope = scoped();
let key, jwksFile, configFile, config;
before(async () => {
  key = await makeKey('RS256');
  jwksFile = suiteScope.file('jwks.json', jwks(key));
  config = standardConfig({endpoint: 'http://127.0.0.1:1', jwksFile});
  configFile = suiteScope.file('postern.yaml', config);
});

describe('run', () => {
  it('ends with 78 and every error at once', async (t) => {
    const file = scoped(t).file('bad.yaml', [
      'listeners:',
      '  - addres: 127.0.0.1:0',
      'providers:',
      '  shop: {issuer: https://id.example.com, audiences: [a], jwks_file: missing.json}',
      'upstreams:',
      '  orders: {endpoints: [http://127.0.0.1:1]}',
      'routes:',
      '  - {name: a, match: {path_prefix: /a}, upstream: order, jwt: {providers: [shpo]}}',
      '  - {name: b, match: {path_prefix: /b}, upstream: orders}',
      'timeouts: {head: soon}',
      'timeouts: {idle: 1s}',
    ].join('\n'));
    for (const verb of ['run', 'validate']) {
      const {code, stdout, stderr} = await runPostern([verb, '-c', file]);
      assert.equal(code, 78);
      const told = stderr + stdout;
      assert.match(told, /bad\.yaml:2:\d+: listeners\[0\].*addres.*address/);
      assert.match(told, /bad\.yaml:4:\d+: providers\.shop\.jwks_file\[0\]: .*missing\.json/);
      assert.match(told, /bad\.yaml:8:\d+: routes\[0\]\.upstream: .*orders/);
      assert.match(told, /bad\.yaml:8:\d+: routes\[0\]\.jwt\.providers\[0\]: .*shop/);
      assert.match(told, /bad\.yaml:9:\d+: routes\[1\]/);
      assert.match(told, /bad\.yaml:10:\d+: timeouts\.head/);
      assert.match(told, /bad\.yaml:11:\d+: timeouts/);
    }
  });

  it('tells of files that cannot be used beside mistakes in the text', async (t) => {
    const file = scoped(t).file('files.yaml', [
      'listeners:',
      '  - address: 127.0.0.1:0',
      '    tls:',
      '      certificates:',
      '        - {certificate_file: no-chain.pem, key_file: no-key.pem}',
      '        - {certificate_file: no-other.pem, key_file: ""}',
      'providers:',
      '  shop: {issuer: https://id.example.com, audiences: [a], jwks_file: no-set.json}',
      '  partner: {issuer: https://id.example.org, audiences: [a], pem_file: [no-public.pem], leewya: 5s}',
      '  remote: {issuer: https://id.example.net, audiences: [a], ca_file: no-roots.pem, max_stale: soon}',
      'upstreams:',
      '  orders: {endpoints: [https://127.0.0.1:1], tls: {ca_file: no-ca.pem}, pool: {idle: soon}}',
      'routes:',
      '  - {name: a, match: {path_prefix: /a}, upstrem: orders, public: true}',
    ].join('\n'));
    for (const verb of ['run', 'validate']) {
      const {code, stdout, stderr} = await runPostern([verb, '-c', file]);
      assert.equal(code, 78);
      const places = [...(stderr + stdout).matchAll(/files\.yaml:(\d+):\d+: (\S+): (.*)/g)].map(([, line, path, message]) => ({line, path, message}));
      const wanted = [
        ['5', 'listeners[0].tls.certificates[0].certificate_file', /no-chain\.pem/],
        ['5', 'listeners[0].tls.certificates[0].key_file', /no-key\.pem/],
        ['6', 'listeners[0].tls.certificates[1].certificate_file', /no-other\.pem/],
        ['6', 'listeners[0].tls.certificates[1].key_file', /must not be empty/],
        ['8', 'providers.shop.jwks_file[0]', /no-set\.json/],
        ['9', 'providers.partner.pem_file[0]', /no-public\.pem/],
        ['9', 'providers.partner.leewya', /leeway/],
        ['10', 'providers.remote.ca_file', /no-roots\.pem/],
        ['10', 'providers.remote.max_stale', /soon|duration/],
        ['12', 'upstreams.orders.tls.ca_file', /no-ca\.pem/],
        ['12', 'upstreams.orders.pool.idle', /soon|duration/],
        ['14', 'routes[0].upstrem', /upstream/],
      ];
      const ofPath = new Map(places.map((place) => [place.path, place]));
      for (const [line, path, why] of wanted) {
        assert.equal(ofPath.get(path)?.line, line, `${path}\n${stderr}${stdout}`);
        assert.match(ofPath.get(path).message, why);
      }
      assert.equal(places.length, wanted.length, `nothing else, and nothing twice\n${stderr}${stdout}`);
      const lines = places.map(({line}) => Number(line));
      assert.deepEqual(lines, [...lines].sort((a, b) => a - b), 'in the order of the file');
    }
  });

  it('ends with 78 for a file that is not there, is no YAML, or is empty', async (t) => {
    const scope = scoped(t);
    for (const file of ['/nonexistent/postern.yaml', scope.file('a.yaml', 'a: [b'), scope.file('b.yaml', ''), scope.file('c.yaml', '- 1\n')]) {
      const {code, stderr} = await runPostern(['run', '-c', file]);
      assert.equal(code, 78, file);
      assert.ok(stderr.includes(file), stderr);
    }
  });

  it('ends with 78 when no key of a provider is usable, and names a skipped one', async (t) => {
    const scope = scoped(t);
    const weak = {kty: 'RSA', kid: 'tiny', alg: 'RS256', n: 'AQAB', e: 'AQAB'};
    const start = (...keys) => standardConfig({endpoint: 'http://127.0.0.1:1', jwksFile: scope.file('keys.json', jwks(...keys))});
    const none = await runPostern(['run', '-c', scope.file('none.yaml', start(weak))]);
    assert.equal(none.code, 78);
    assert.match(none.stderr, /tiny/);
    const gateway = await startGateway(scope, start(weak, key));
    assert.match(gateway.stderr, /tiny/);
  });

  it('ends with 69 when a port is in use, of a listener or of the admin listener', async (t) => {
    const scope = scoped(t);
    const holder = net.createServer();
    await new Promise((resolve) => holder.listen(0, '127.0.0.1', resolve));
    scope.onClose(() => new Promise((resolve) => holder.close(resolve)));
    const taken = `127.0.0.1:${holder.address().port}`;
    for (const changes of [{listeners: [{address: taken}]}, {admin: {address: taken}}]) {
      const {code, stderr} = await runPostern(['run', '-c', scope.file('taken.yaml', {...config, ...changes})]);
      assert.equal(code, 69);
      assert.ok(stderr.includes(taken), stderr);
      if (changes.admin) assert.match(stderr, /`admin\.address` or --admin/);
    }
  });

  it('warns of a variable that is nearly one of its own', async (t) => {
    const env = {POSTERN_CLAIMS: 'sub=X-User-Id', POSTERN_SERVICE_HOST: '10.0.0.1'};
    const gateway = await startGateway(scoped(t), config, {env});
    assert.match(gateway.stderr, /warn.* POSTERN_CLAIMS says nothing; did you mean POSTERN_CLAIM\?/);
    assert.doesNotMatch(gateway.stderr, /SERVICE_HOST/);
    const {code, stderr} = await runPostern(['run'], {env});
    assert.equal(code, 2);
    assert.match(stderr, /warning: .*POSTERN_CLAIMS/);
  });

  it('ends with 69 when another postern has the port', async (t) => {
    const scope = scoped(t);
    const gateway = await startGateway(scope, config);
    const {code} = await runPostern(['run', '-c', scope.file('second.yaml', {...config, listeners: [{address: `127.0.0.1:${gateway.port}`}]})]);
    assert.equal(code, 69);
  });

  it('serves without an admin listener', async (t) => {
    const scope = scoped(t);
    const gateway = await startGateway(scope, {...config, admin: {address: 'off'}});
    assert.equal((await exchange(scope, gateway.port, request('GET', '/orders'))).response.status, 401);
  });

  it('expands variables and reads a secret from a file', async (t) => {
    const scope = scoped(t);
    const secretKey = await makeKey('HS256');
    const yaml = `
listeners: [{address: "\${BIND:-127.0.0.1:0}"}]
admin: {address: 127.0.0.1:0}
providers:
  shop: {issuer: "\${ISSUER}", audiences: [${audience}], secret_file: secret.b64, secret_encoding: base64url}
upstreams: {orders: {endpoints: [http://127.0.0.1:1]}}
routes:
  - {name: direct, match: {path: /direct}, direct_response: {body: hello}, jwt: {providers: [shop]}}
`;
    scope.file('secret.b64', `${secretKey.jwk.k}\n`);
    const gateway = await startGateway(scope, yaml, {env: {ISSUER: issuer}});
    const {response} = await exchange(scope, gateway.port, request('GET', '/direct', [bearer(await mint(secretKey))]));
    assert.equal(response.text, 'hello');
  });

  it('takes a free port that it is told', async (t) => {
    const port = await freePort();
    const gateway = await startGateway(scoped(t), {...config, listeners: [{address: `127.0.0.1:${port}`}]});
    assert.equal(gateway.port, port);
  });
});

describe('validate', () => {
  it('prints each route with its policy and ends with 0', async () => {
    const {code, stdout} = await runPostern(['validate', '-c', configFile]);
    assert.equal(code, 0);
    assert.match(stdout, /orders.*\/orders.*shop/);
    assert.match(stdout, /open.*\/open.*public/);
  });

  it('tells of an access log that cannot be written, at its place', async (t) => {
    const scope = scoped(t);
    const told = async (target) => {
      const {code, stderr} = await runPostern(['validate', '-c', scope.file('log.yaml', {access_log: target, ...config})]);
      assert.equal(code, 78);
      return stderr;
    };
    assert.match(await told(`${scope.directory}/missing/access.log`), /log\.yaml:\d+:\d+: access_log: there is no folder .*missing/);
    assert.match(await told(scope.directory), /log\.yaml:\d+:\d+: access_log: .* is a folder/);
    assert.match(await told('stderr'), /log\.yaml:\d+:\d+: access_log: must be `stdout`, `off`, or a file; one of that name is `.\/stderr`/);
  });

  it('tells of stores and kept keys in a folder that is not there, at their places', async (t) => {
    const scope = scoped(t);
    const file = scope.file('state.yaml', {
      ...config, key_cache_dir: './missing/keys/', revocations: {store: {sqlite: './missing/revocations.db'}},
    });
    const {code, stderr} = await runPostern(['validate', '-c', file]);
    assert.equal(code, 78);
    assert.match(stderr, /state\.yaml:\d+:\d+: revocations\.store\.sqlite: there is no folder .*missing\n/);
    assert.match(stderr, /state\.yaml:\d+:\d+: key_cache_dir: there is no folder .*missing\n/);
    const service = sessionConfig({endpoint: 'http://127.0.0.1:1', usersFile: scope.file('users.yaml', {users: {}}), stateFile: './missing/s.db'});
    const told = await runPostern(['validate', '-c', scope.file('service.yaml', service)]);
    assert.match(told.stderr, /service\.yaml:\d+:\d+: token_service\.store\.sqlite: there is no folder .*missing\n/);
    const made = {...config, key_cache_dir: './keys', revocations: {store: {sqlite: 'revocations.db'}}};
    assert.equal((await runPostern(['validate', '-c', scope.file('made.yaml', made)])).code, 0);
  });

  it('tells each fault of a users file on a line of its own', async (t) => {
    const scope = scoped(t);
    const users = scope.file('users.yaml', {users: {ann: {password: 'a'}, bob: {pasword: 'b'}}});
    const wrong = sessionConfig({endpoint: 'http://127.0.0.1:1', usersFile: users, stateFile: `${scope.directory}/state.db`});
    const {code, stderr} = await runPostern(['validate', '-c', scope.file('service.yaml', wrong)]);
    assert.equal(code, 78);
    const lines = stderr.trimEnd().split('\n');
    assert.equal(lines.length, 2, stderr);
    for (const line of lines) assert.match(line, /^\S+service\.yaml:\d+:\d+: token_service\.users_file: \S+users\.yaml:\d+:\d+: users\.(ann|bob)/);
    assert.doesNotMatch(stderr, /\\x0a/);
  });

  it('takes every example file', async (t) => {
    const env = {STATE_DIRECTORY: scoped(t).directory};
    const folder = `${repository}conf/examples`;
    const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
    assert.ok(files.length >= 10, `${files}`);
    for (const file of files) {
      const {code, stderr} = await runPostern(['validate', '-c', `${folder}/${file}`], {env});
      assert.ok([0, 78].includes(code));
      // An example may want variables and key files that are the reader's own; its text must be right.
      if (code === 78) assert.match(stderr, /is not set|cannot be read|No such file|no usable key/, `${file}: ${stderr}`);
    }
    t.diagnostic(`${files.length} examples`);
  });
});

describe('explain', () => {
  it('tells every check of an accepted token and the headers it would inject', async () => {
    const {code, stdout} = await runPostern(['explain', '-c', configFile, '--request', 'GET /orders/1', await mint(key)]);
    assert.equal(code, 0, stdout);
    for (const word of ['orders', 'RS256', issuer, audience, key.kid, 'X-User-Id', 'alice']) assert.ok(stdout.includes(word), word);
  });
  it('tells why a token is refused, from stdin and as JSON', async () => {
    const token = await mint(key, {exp: now() - 1000, iat: now() - 2000});
    const {code, stdout} = await runPostern(['explain', '-c', configFile, '--json', '-'], {input: `${token}\n`});
    assert.equal(code, 1);
    assert.match(JSON.stringify(JSON.parse(stdout)), /token_expired/);
  });
  it('judges at another time on request', async () => {
    const token = await mint(key, {exp: 1_600_000_300, iat: 1_600_000_000});
    assert.equal((await runPostern(['explain', '-c', configFile, '--at', '1600000100', token])).code, 0);
    assert.equal((await runPostern(['explain', '-c', configFile, '--at', '1600001000', token])).code, 1);
  });
});

describe('verify', () => {
  const verify = (args, ...tokens) => runPostern(['verify', '--jwks', jwksFile, ...args], {input: tokens.map((token) => `${token}\n`).join('')});
  const parse = ({stdout}) => stdout.trimEnd().split('\n').map((line) => JSON.parse(line));

  it('gives one line for each token, a blank one too, and ends with 1 when one is refused', async () => {
    const token = await mint(key);
    const ending = await verify([], token, '', withOtherSignature(token));
    assert.equal(ending.code, 1);
    const [good, blank, bad] = parse(ending);
    assert.equal(good.valid, true);
    assert.equal(good.claims.sub, 'alice');
    assert.equal(blank.reason, 'token_malformed');
    assert.equal(bad.reason, 'signature_invalid');
  });
  it('checks issuer, audience, algorithm and time on request', async () => {
    const token = await mint(key);
    assert.equal((await verify(['--issuer', issuer, '--audience', audience, '--algorithms', 'RS256,ES256'], token)).code, 0);
    assert.equal(parse(await verify(['--issuer', 'https://other'], token))[0].reason, 'issuer_unknown');
    assert.equal(parse(await verify(['--audience', 'other'], token))[0].reason, 'audience_mismatch');
    assert.equal(parse(await verify(['--algorithms', 'ES256'], token))[0].reason, 'algorithm_not_allowed');
    assert.equal(parse(await verify(['--at', `${now() + 10_000}`], token))[0].reason, 'token_expired');
  });
  it('judges the signature alone on request', async () => {
    const token = await mint(key, {exp: 1});
    const [line] = parse(await verify(['--signature-only'], token));
    assert.equal(line.valid, true);
    assert.equal(JSON.parse(Buffer.from(line.payload, 'base64url')).sub, goodClaims().sub);
  });
});

describe('the other verbs', () => {
  it('config schema is JSON', async () => {
    const {code, stdout} = await runPostern(['config', 'schema']);
    assert.equal(code, 0);
    assert.match(JSON.parse(stdout).$schema, /2020-12/);
  });
  it('config print shows the effective configuration, which loads to itself', async (t) => {
    const printed = await runPostern(['config', 'print', '-c', configFile]);
    assert.equal(printed.code, 0, printed.stderr);
    assert.match(printed.stdout, /drain: 30s/);
    const again = await runPostern(['config', 'print', '-c', scoped(t).file('again.yaml', printed.stdout)]);
    assert.equal(again.stdout, printed.stdout);
  });
  it('version and help end with 0, nonsense with 2', async () => {
    assert.match((await runPostern(['version'])).stdout, /\d+\.\d+\.\d+/);
    assert.equal((await runPostern(['--help'])).code, 0);
    for (const args of [['nonsense'], ['run', '--nonsense'], [], ['verify']]) {
      assert.equal((await runPostern(args)).code, 2, `postern ${args.join(' ')}`);
    }
  });
  for (const shell of ['bash', 'zsh', 'fish']) {
    it(`completion ${shell} names the verbs`, async (t) => {
      const {code, stdout} = await runPostern(['completion', shell]);
      assert.equal(code, 0);
      assert.match(stdout, /validate/);
      if (shell === 'bash') assert.equal((await run('bash', ['-n', scoped(t).file('completion', stdout)])).code, 0);
    });
  }
});
