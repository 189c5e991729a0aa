// npm's oidc-provider on loopback, with one client that may use client credentials.
import http from 'node:http';

import {exportJWK} from 'jose';
import Provider from 'oidc-provider';

import {freePort} from './free_port.mjs';
import {makeKey, mintedTokens} from './tokens.mjs';

const client = {id: 'service', secret: 'service-secret-of-the-test'};

async function newProvider({issuer, audience, keys}) {
  const privateKeys = keys.map(async (key) => ({...await exportJWK(key.privateKey), alg: 'RS256', use: 'sig', kid: key.kid}));
  return new Provider(issuer, {
    jwks: {keys: await Promise.all(privateKeys)},
    clients: [{
      client_id: client.id, client_secret: client.secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
    }],
    features: {
      clientCredentials: {enabled: true},
      devInteractions: {enabled: false},
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({scope: 'orders:read orders:write', audience, accessTokenFormat: 'jwt', accessTokenTTL: 300, jwt: {sign: {alg: 'RS256'}}}),
      },
    },
  });
}

// {issuer, keys, useKeys(keys), stop(), start(), delay(promise)}; the first of its RS256 keys signs.
export async function startProvider(scope, {audience}) {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  let callback, server;
  let delayed = Promise.resolve();
  const provider = {
    issuer,
    // Publishes these keys from now on, as after a restart with other keys.
    async useKeys(keys) {
      provider.keys = keys;
      callback = (await newProvider({issuer, audience, keys})).callback();
    },
    async start() {
      server = http.createServer((request, response) => delayed.then(() => callback(request, response)));
      await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
    },
    stop: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
    // Nothing is answered before the promise is fulfilled.
    delay(promise) { delayed = promise; },
  };
  await provider.useKeys([await makeKey('RS256')]);
  await provider.start();
  scope.onClose(() => provider.stop());
  return provider;
}

// An access token (a JWT of RFC 9068) for the client itself.
export async function issueAccessToken({issuer}, {scope}) {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: {Authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`},
    body: new URLSearchParams({grant_type: 'client_credentials', scope, resource: 'urn:orders'}),
  });
  const answer = await response.json();
  if (!answer.access_token) throw new Error(`oidc-provider: ${JSON.stringify(answer)}`);
  mintedTokens.add(answer.access_token);
  return answer.access_token;
}
