// A gateway whose provider `shop` fetches its keys, and how the tests ask it.
import assert from 'node:assert/strict';

import {Agent, request} from 'undici';

import {startGateway} from './gateway.mjs';
import {startKeyServer} from './key_server.mjs';
import {startUpstream} from './recording_upstream.mjs';
import {standardConfig} from './standard_config.mjs';
import {audience, makeKey, mint} from './tokens.mjs';
import {eventually, within} from './waiting.mjs';

// Members of a provider that fetches its keys about once a second.
export const refreshEachSecond = {min_refresh: '1s', max_refresh: '1s'};
// Members of a provider that does so only when a token's kid is unknown.
export const refreshSeldom = {min_refresh: '1h', max_refresh: '1h'};

// standardConfig() with the two lines of a remote provider, and `provider` laid over them; `others` are further providers.
export function remoteConfig({endpoint, issuer, provider = {}, others = {}, ...changes}) {
  return standardConfig({endpoint, providers: {shop: {issuer, audiences: [audience], ...provider}, ...others}, ...changes});
}

// {server, key, upstream, gateway, config, token(changes, header)}: an ES256 key at a key server, and a gateway that
// knows no more than the issuer. `serverOptions` are those of startKeyServer(); `prepare(server, key)` changes the
// server's answers before the gateway can ask; `provider` and `others` may be functions of the server.
export async function startRemote(scope, {serverOptions, prepare, provider, others, env, ...changes} = {}) {
  const key = await makeKey('ES256');
  const server = await startKeyServer(scope, {keys: [key], ...serverOptions});
  await prepare?.(server, key);
  const upstream = await startUpstream(scope);
  const given = (members) => (typeof members === 'function' ? members(server) : members);
  const config = remoteConfig({
    endpoint: upstream.endpoint, issuer: server.issuer, provider: given(provider), others: given(others), ...changes,
  });
  const gateway = await startGateway(scope, config, {env});
  const token = (claims = {}, header = {}, by = key) => mint(by, {iss: server.issuer, ...claims}, header);
  return {server, key, upstream, gateway, config, token};
}

export const ready = (gateway) => eventually('the gateway is ready', async () => (await gateway.admin('/readyz')).status === 200);

// What the admin listener says of a provider.
export async function providerOf(gateway, name = 'shop') {
  const {status, text} = await gateway.admin('/providers');
  assert.equal(status, 200, text);
  return JSON.parse(text).providers.find((provider) => provider.name === name);
}

export const inState = (gateway, state, name) => eventually(`the provider is ${state}`, async () => {
  const provider = await providerOf(gateway, name);
  return provider.state === state && provider;
}, 30_000);

// One client of many connections: {get(path, token) -> {status, reason, retryAfter}}; the scope closes it.
export function makeClient(scope, gateway, {connections = 64} = {}) {
  const dispatcher = new Agent({connections});
  scope.onClose(() => dispatcher.destroy());
  return {
    async get(path, token) {
      const headers = token ? {authorization: `Bearer ${token}`} : {};
      const {statusCode, headers: fields, body} = await request(gateway.url + path, {dispatcher, headers});
      const text = await body.text();
      const reason = statusCode >= 400 ? JSON.parse(text).reason : undefined;
      return {status: statusCode, reason, retryAfter: fields['retry-after'], text};
    },
  };
}

// The answer to one request on a connection of its own.
export async function ask(gateway, token, path = '/orders') {
  const scope = {onClose(closer) { this.close = closer; }};
  try {
    return await makeClient(scope, gateway, {connections: 1}).get(path, token);
  } finally {
    await scope.close();
  }
}

export async function assertAccepted(gateway, token, path) {
  const answer = await ask(gateway, token, path);
  assert.equal(answer.status, 200, answer.text);
}

// 503 with Retry-After: it is not the token's fault.
export async function assertUnavailable(gateway, token, path) {
  const answer = await ask(gateway, token, path);
  assertSaysUnavailable(answer);
}

export function assertSaysUnavailable(answer) {
  assert.equal(answer.status, 503, answer.text);
  assert.equal(answer.reason, 'keys_unavailable');
  assert.match(answer.retryAfter ?? '', /^[1-9]\d*$/);
}

// How often each status came.
export function tally(results) {
  const counts = {};
  for (const {status} of results) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

// `perSecond` requests in each second until stop(), however long the answers take. `token()` is asked for each one.
export function startLoad(scope, gateway, {perSecond, token}) {
  const client = makeClient(scope, gateway);
  const begin = performance.now();
  const pending = [];
  const timer = setInterval(() => {
    const due = Math.floor((performance.now() - begin) * perSecond / 1000);
    while (pending.length < due) pending.push(client.get('/orders', token()));
  }, 10);
  scope.onClose(() => clearInterval(timer));
  return {
    get sent() { return pending.length; },
    // To everything that was sent so far.
    answers() { return within('the load\'s last answer', Promise.all(pending)); },
    stop() {
      clearInterval(timer);
      return this.answers();
    },
  };
}
