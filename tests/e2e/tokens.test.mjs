// Real tokens: every algorithm by two independent makers, and one that an OpenID provider issued.
import assert from 'node:assert/strict';
import {before, describe, it} from 'node:test';
import {fileURLToPath} from 'node:url';

import {curl} from './harness/curl.mjs';
import {startGateway} from './harness/gateway.mjs';
import {debianPython, run} from './harness/program.mjs';
import {exchange} from './harness/raw_client.mjs';
import {startUpstream} from './harness/recording_upstream.mjs';
import {issueAccessToken, startProvider} from './harness/oidc_provider.mjs';
import {bearer, request} from './harness/requests.mjs';
import {scoped} from './harness/scope.mjs';
import {standardConfig} from './harness/standard_config.mjs';
import {audience, goodClaims, issuer, jwks, makeKey, mint, mintedTokens, withOtherSignature} from './harness/tokens.mjs';

const rsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const ec = ['ES256', 'ES384', 'ES512', 'ES256K'];
const secrets = ['HS256', 'HS384', 'HS512'];

// A gateway whose route for each secret algorithm has a provider of its own, beside `/orders` for public keys.
async function startWithEveryAlgorithm(scope, publicJwks, secretOf) {
  const upstream = await startUpstream(scope);
  const config = standardConfig({endpoint: upstream.endpoint, jwksFile: scope.file('jwks.json', publicJwks)});
  for (const alg of secrets) {
    config.providers[alg] = {issuer, audiences: [audience], secret_file: scope.file(alg, secretOf(alg)), secret_encoding: 'base64url', algorithms: [alg]};
    config.routes.push({
      name: alg, match: {path_prefix: `/${alg}`}, upstream: 'orders', jwt: {providers: [alg]}, claim_headers: {sub: 'X-User-Id'},
    });
  }
  return {upstream, gateway: await startGateway(scope, config)};
}

const pathOf = (alg) => (alg.startsWith('HS') ? `/${alg}` : '/orders');

describe('tokens by npm\'s jose', () => {
  const scope = scoped();
  const keys = {};
  let gateway, upstream;
  before(async () => {
    for (const alg of [...rsa, ...ec, ...secrets]) keys[alg] = await makeKey(alg);
    keys.Ed25519 = await makeKey('EdDSA', {crv: 'Ed25519'});
    keys.Ed448 = await makeKey('EdDSA', {crv: 'Ed448'});
    const publicKeys = Object.values(keys).filter(({secret}) => !secret);
    ({gateway, upstream} = await startWithEveryAlgorithm(scope, jwks(...publicKeys), (alg) => keys[alg].jwk.k));
  });

  for (const name of [...rsa, ...ec, 'Ed25519', 'Ed448', ...secrets]) {
    it(`of ${name} are accepted, first and again from the cache, and refused with another signature`, async (t) => {
      const scope = scoped(t);
      const token = await mint(keys[name]);
      for (let i = 0; i < 2; ++i) {
        const {response} = await exchange(scope, gateway.port, request('GET', pathOf(name), [bearer(token)]));
        assert.equal(response.status, 200, response.text);
        assert.equal(upstream.last.get('x-user-id'), 'alice');
      }
      const {response} = await exchange(scope, gateway.port, request('GET', pathOf(name), [bearer(withOtherSignature(token))]));
      assert.equal(response.status, 401);
      assert.equal(response.json.reason, 'signature_invalid');
    });
  }

  it('without kid are tried with the keys that fit', async (t) => {
    const token = await mint(keys.ES384, {}, {kid: undefined});
    const {response} = await exchange(scoped(t), gateway.port, request('GET', '/orders', [bearer(token)]));
    assert.equal(response.status, 200, response.text);
  });
});

describe('tokens by python3-jwcrypto', () => {
  const scope = scoped();
  const names = [...rsa, ...ec, 'EdDSA-Ed25519', 'EdDSA-Ed448', ...secrets];
  let gateway, upstream, minted;
  before(async () => {
    const script = fileURLToPath(new URL('harness/mint_with_jwcrypto.py', import.meta.url));
    const order = {algorithms: names, claims: goodClaims({sub: 'python'}), header: {typ: 'JWT'}};
    const ending = await run(debianPython, [script], {input: JSON.stringify(order)});
    assert.equal(ending.code, 0, ending.stderr);
    minted = JSON.parse(ending.stdout);
    Object.values(minted.tokens).forEach((token) => mintedTokens.add(token));
    ({gateway, upstream} = await startWithEveryAlgorithm(scope, minted.jwks, (alg) => minted.secrets[alg]));
  });

  for (const name of names) {
    it(`of ${name} are accepted`, async (t) => {
      const {response} = await exchange(scoped(t), gateway.port, request('GET', pathOf(name), [bearer(minted.tokens[name])]));
      assert.equal(response.status, 200, response.text);
      assert.equal(upstream.last.get('x-user-id'), 'python');
    });
  }
});

describe('keys in PEM files', () => {
  it('are used by the algorithms that fit them, several files together', async (t) => {
    const scope = scoped(t);
    const upstream = await startUpstream(scope);
    const keys = await Promise.all(['RS256', 'ES256', 'EdDSA'].map((alg) => makeKey(alg)));
    const config = standardConfig({endpoint: upstream.endpoint});
    config.providers.shop = {issuer, audiences: [audience], pem_file: keys.map((key) => scope.file(`${key.alg}.pem`, key.spki))};
    const gateway = await startGateway(scope, config);
    for (const key of keys) {
      const {response} = await exchange(scope, gateway.port, request('GET', '/orders', [bearer(await mint(key, {}, {kid: undefined}))]));
      assert.equal(response.status, 200, `${key.alg}: ${response.text}`);
    }
  });
});

describe('an access token of oidc-provider', () => {
  it('by client credentials is accepted with the saved JWKS, and its claims arrive', async (t) => {
    const scope = scoped(t);
    const provider = await startProvider(scope, {audience});
    const token = await issueAccessToken(provider, {scope: 'orders:read'});
    const upstream = await startUpstream(scope);
    const saved = await (await fetch(`${provider.issuer}/jwks`)).json();
    const config = standardConfig({endpoint: upstream.endpoint});
    config.providers.shop = {issuer: provider.issuer, audiences: [audience], jwks_file: scope.file('saved.json', saved)};
    config.routes[0].jwt.scopes = ['orders:read'];
    config.routes[0].claim_headers = {client_id: 'X-Client-Id', scope: 'X-Scope'};
    const gateway = await startGateway(scope, config);
    const answer = await curl('-H', `Authorization: Bearer ${token}`, `${gateway.url}/orders`);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(upstream.last.get('x-client-id'), 'service');
    assert.equal(upstream.last.get('x-scope'), 'orders:read');
    const line = await gateway.lineOf('/orders');
    assert.equal(line.iss, provider.issuer);
    assert.ok(line.kid);
  });
});
