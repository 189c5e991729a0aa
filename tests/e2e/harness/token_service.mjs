// A gateway that issues the tokens which it validates, its users, and how the tests ask it.
import assert from 'node:assert/strict';
import {join} from 'node:path';

import {startGateway} from './gateway.mjs';
import {debianPython, run, runPostern, start} from './program.mjs';
import {connect} from './raw_client.mjs';
import {startUpstream} from './recording_upstream.mjs';
import {assertErrorReply} from './refusals.mjs';
import {bearer, request} from './requests.mjs';
import {remember, secretTexts} from './tokens.mjs';
import {eventually, within} from './waiting.mjs';

export const issuer = 'https://shop.example.com';
export const audience = 'shop-api';

// Long enough that no log can hold it by chance.
export const passwordOf = (name) => `the correct password of ${name}`;

// `postern users VERB --file FILE NAME`; it must succeed.
export async function changeUsers(verb, file, name, {password, claims = []} = {}) {
  const more = [...(password ? ['--password-stdin'] : []), ...claims.flatMap((claim) => ['--claim', claim])];
  if (password) secretTexts.add(password);
  const ending = await runPostern(['users', verb, '--file', file, name, ...more], {input: password ? `${password}\n` : ''});
  assert.equal(ending.code, 0, ending.stderr);
  assert.equal(ending.stdout, '');
}

const guarded = (name, more = {}) => ({
  name,
  match: {path_prefix: `/${name}`},
  upstream: 'orders',
  jwt: {providers: ['token_service'], ...more},
  claim_headers: {sub: 'X-User-Id', role: 'X-Role'},
});

// `/orders` wants a token of the service, `/open` is public. `service` is laid over the members of `token_service`,
// everything else over whole top-level keys.
export function sessionConfig({endpoint, usersFile, stateFile, service = {}, ...changes}) {
  return {
    listeners: [{address: '127.0.0.1:0'}],
    admin: {address: '127.0.0.1:0'},
    workers: 1,
    upstreams: {orders: {endpoints: [endpoint]}},
    token_service: {
      issuer,
      audiences: [audience],
      users_file: usersFile,
      store: {sqlite: stateFile},
      access_claims: ['role'],
      login_limits: {user_and_address: 'off', address: 'off', user: 'off'},
      ...service,
    },
    routes: [
      guarded('orders'),
      guarded('kept', {keep_token: true}),
      {...guarded('observed'), observe: true},
      {name: 'open', match: {path_prefix: '/open'}, upstream: 'orders', public: true},
    ],
    ...changes,
  };
}

// Sends bytes on a connection of its own, which is closed after the response.
async function exchangeOnce(port, bytes, method) {
  const client = await connect({onClose() {}}, port);
  try {
    client.send(bytes);
    return await client.response(method);
  } finally {
    client.socket.destroy();
  }
}

const contentType = (type) => ['Content-Type', type];

// A body as it is sent: a value as JSON, URLSearchParams as a form, texts as they are.
function encode(body) {
  if (body === undefined || typeof body === 'string') return {fields: [], text: body};
  if (body instanceof URLSearchParams) return {fields: [contentType('application/x-www-form-urlencoded')], text: `${body}`};
  return {fields: [contentType('application/json')], text: JSON.stringify(body)};
}

function rememberTokens(response) {
  if (!/json/.test(response.get('content-type') ?? '') || response.status !== 200) return;
  for (const name of ['access_token', 'refresh_token']) if (response.json[name]) remember(response.json[name]);
}

class TokenService {
  constructor(parts) { Object.assign(this, parts); }

  async post(path, body, fields = []) {
    const {fields: own, text} = encode(body);
    const response = await exchangeOnce(this.gateway.port, request('POST', path, [...own, ...fields], text));
    rememberTokens(response);
    return response;
  }

  ask(method, path, fields = []) { return exchangeOnce(this.gateway.port, request(method, path, fields), method); }
  get(path, fields) { return this.ask('GET', path, fields); }

  // The answer to a login; login() is one that must succeed, with the answer's members and the instant of the answer.
  tryLogin(username = 'alice', password = passwordOf(username), fields = []) {
    secretTexts.add(password);
    return this.post('/auth/login', {username, password}, fields);
  }
  async login(username) { return issued(await this.tryLogin(username)); }

  // Adds a user whom no other test logs out, and gives the name.
  async newUser() {
    this.added = (this.added ?? 0) + 1;
    const name = `user-${this.added}`;
    await changeUsers('add', this.usersFile, name, {password: passwordOf(name)});
    return name;
  }

  tryRefresh(refreshToken, accessToken) {
    return this.post('/auth/refresh', {refresh_token: refreshToken}, accessToken ? [bearer(accessToken)] : []);
  }
  async refresh(refreshToken, accessToken) { return issued(await this.tryRefresh(refreshToken, accessToken)); }

  tryLogout(members, fields) { return this.post('/auth/logout', members, fields); }
  async logout(members, fields) {
    const response = await this.tryLogout(members, fields);
    assert.equal(response.status, 204, response.text);
    assert.equal(response.get('cache-control'), 'no-store');
    return response;
  }

  // A guarded request with the access token.
  use(accessToken, path = '/orders') { return this.get(path, [bearer(accessToken)]); }

  async assertAccepted(accessToken) {
    const response = await this.use(accessToken);
    assert.equal(response.status, 200, response.text);
  }
  async assertRevoked(accessToken) {
    assertErrorReply(await this.use(accessToken), {status: 401, reason: 'token_revoked'});
  }
  // The access token is accepted, and the refresh token gives another one, which is the answer.
  async assertAlive({access_token: access, refresh_token: refresh}) {
    await this.assertAccepted(access);
    return this.refresh(refresh);
  }
  // Nothing of the session works any more.
  async assertOver({access_token: access, refresh_token: refresh}) {
    await this.assertRevoked(access);
    assertRefusal(await this.tryRefresh(refresh), 401, 'refresh_token_invalid');
  }
}

function issued(response) {
  assert.equal(response.status, 200, response.text);
  return {...response.json, at: Date.now()};
}

// A refusal by the service itself, which no cache may keep.
export function assertRefusal(response, status, reason, type) {
  assertErrorReply(response, {status, reason, type});
  assert.equal(response.get('cache-control'), 'no-store');
}

// What no endpoint reads: [content type, body] by what is wrong with it.
export const malformedBodies = {
  'of another type': ['text/plain', '{"refresh_token":"x"}'],
  'of no type': [undefined, '{"refresh_token":"x"}'],
  'in another charset': ['application/json; charset=utf-16', '{"refresh_token":"x"}'],
  'that is no JSON': ['application/json', '{"refresh_token":"x"'],
  'that is an array': ['application/json', '["x"]'],
  'with a number as token': ['application/json', '{"refresh_token":1}'],
  'with an object as token': ['application/json', '{"refresh_token":{"a":"b"}}'],
  'with a name twice': ['application/json', '{"refresh_token":"x","refresh_token":"x"}'],
  'with 33 members': ['application/json', JSON.stringify(Object.fromEntries([...Array(33).keys()].map((i) => [i, 'x'])))],
  'with a form\'s parameter twice': ['application/x-www-form-urlencoded', 'refresh_token=x&refresh_token=x'],
  'with a broken percent-encoding': ['application/x-www-form-urlencoded', 'refresh_token=%zz'],
  'that is no UTF-8': ['application/x-www-form-urlencoded', 'refresh_token=%ff'],
  'with a control character': ['application/x-www-form-urlencoded', 'refresh_token=x%00'],
};

// JSON of exactly `size` bytes with these members and one more.
export function paddedJson(members, size) {
  const open = `${JSON.stringify(members).slice(0, -1)},"more":"`;
  return `${open}${'x'.repeat(size - open.length - 2)}"}`;
}

// The rows that a statement gives in a store's file, run by a program that has nothing to do with the gateway's SQLite.
export async function queryStore(stateFile, sql, ...values) {
  const script = 'import json, sqlite3, sys; file, sql, values = sys.argv[1:]; '
    + 'print(json.dumps(sqlite3.connect(file, timeout=30, isolation_level=None).execute(sql, json.loads(values)).fetchall()))';
  const ending = await run(debianPython, ['-c', script, stateFile, sql, JSON.stringify(values)]);
  assert.equal(ending.code, 0, ending.stderr);
  return JSON.parse(ending.stdout);
}

// Holds the lock for writing of a store's file, as a backup or another program might; the answer gives it back.
export async function lockStore(scope, stateFile) {
  const script = 'import sqlite3, sys; store = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None); '
    + 'store.execute("BEGIN IMMEDIATE"); print("locked", flush=True); sys.stdin.read(); store.execute("ROLLBACK")';
  const running = start(debianPython, ['-c', script, stateFile]);
  const release = () => {
    running.child.stdin.end();
    return within('the lock is given back', running.ended);
  };
  scope.onClose(release);
  await eventually('the store is locked', () => {
    assert.ok(!running.over, running.stderr);
    return running.stdout.includes('locked');
  });
  return release;
}

// Waits until this machine's clock, which the gateway reads too, has passed the instant in milliseconds.
export const clockPasses = (instant) => eventually(`the clock passes ${new Date(instant).toISOString()}`, () => Date.now() > instant, 30_000);

// A gateway with a token service in a folder of the scope; `users` are names with their claims, as `{alice: ['role=admin']}`.
// `like`: another service, whose users, store and upstream it shares.
export async function startTokenService(scope, {users = {alice: ['role=admin']}, like, upstreamOptions, env, under, ...changes} = {}) {
  startTokenService.count = (startTokenService.count ?? 0) + 1;
  const usersFile = like?.usersFile ?? join(scope.directory, `users-${startTokenService.count}.yaml`);
  const stateFile = like?.stateFile ?? join(scope.directory, `state-${startTokenService.count}.db`);
  const upstream = like?.upstream ?? await startUpstream(scope, upstreamOptions);
  if (!like) {
    for (const [name, claims] of Object.entries(users)) {
      await changeUsers('add', usersFile, name, {password: passwordOf(name), claims});
    }
  }
  const config = sessionConfig({endpoint: upstream.endpoint, usersFile, stateFile, ...changes});
  const gateway = await startGateway(scope, config, {env, under});
  await eventually('the gateway is ready', async () => (await gateway.admin('/readyz')).status === 200);
  return new TokenService({gateway, upstream, config, usersFile, stateFile});
}
