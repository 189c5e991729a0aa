// npm's oidc-provider on loopback, with one client that may use client credentials.
import http from 'node:http';

import Provider from 'oidc-provider';

import {freePort} from './recording_upstream.mjs';
import {makeKey, mintedTokens} from './tokens.mjs';

const client = {id: 'service', secret: 'service-secret-of-the-test'};

export async function startProvider(scope, {audience}) {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const key = await makeKey('RS256');
  const {exportJWK} = await import('jose');
  const provider = new Provider(issuer, {
    jwks: {keys: [{...await exportJWK(key.privateKey), alg: 'RS256', use: 'sig', kid: key.kid}]},
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
  const server = http.createServer(provider.callback());
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  scope.onClose(() => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  return {issuer};
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
