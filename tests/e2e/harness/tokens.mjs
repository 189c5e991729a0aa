// Keys and tokens: honest ones by npm's jose, dishonest ones put together by hand.
import {createHmac, createPrivateKey, randomBytes, randomUUID, sign} from 'node:crypto';

import * as jose from 'jose';

export const issuer = 'https://id.example.com/realms/shop';
export const audience = 'orders-api';
export const now = () => Math.floor(Date.now() / 1000);

// Everything that was minted: the gateway's output is searched for it.
export const mintedTokens = new Set();
// Passwords, and whatever else must not stand in any log as it is.
export const secretTexts = new Set();

export const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

// A key pair (or secret) of an algorithm: {alg, kid, privateKey, jwk: the public JWK, or the secret's}.
export async function makeKey(alg, {kid = `${alg}-${randomUUID().slice(0, 8)}`, ...options} = {}) {
  if (alg.startsWith('HS')) {
    const secret = randomBytes(64);
    return {alg, kid, privateKey: secret, secret, jwk: {kty: 'oct', k: base64url(secret), alg, kid}};
  }
  const pair = await jose.generateKeyPair(alg, {extractable: true, ...options});
  const jwk = {...await jose.exportJWK(pair.publicKey), alg, use: 'sig', kid};
  return {alg, kid, ...pair, jwk, spki: await jose.exportSPKI(pair.publicKey)};
}

export const jwks = (...keys) => ({keys: keys.map((key) => key.jwk ?? key)});

// The claims of a token that the standard provider accepts; undefined removes one.
export function goodClaims(changes = {}) {
  const at = now();
  const claims = {iss: issuer, aud: audience, sub: 'alice', iat: at, exp: at + 300, jti: randomUUID(), ...changes};
  return JSON.parse(JSON.stringify(claims));
}

export function remember(token) {
  mintedTokens.add(token);
  return token;
}

export async function mint(key, changes = {}, header = {}) {
  const payload = new TextEncoder().encode(JSON.stringify(goodClaims(changes)));
  const protectedHeader = JSON.parse(JSON.stringify({alg: key.alg, typ: 'at+jwt', kid: key.kid, ...header}));
  return remember(await new jose.CompactSign(payload).setProtectedHeader(protectedHeader).sign(key.privateKey));
}

// A token of any header and payload bytes, with a good signature of the RSA, EC P-256 or secret key over exactly them.
export function signRaw(key, header, payload) {
  const text = (part) => (typeof part === 'object' && !(part instanceof Uint8Array) ? JSON.stringify(part) : part);
  const input = `${base64url(text(header))}.${base64url(text(payload))}`;
  return remember(`${input}.${base64url(signature(key, input))}`);
}

function signature(key, input) {
  if (key.secret) return createHmac(`sha${key.alg.slice(2)}`, key.secret).update(input).digest();
  return sign('sha256', Buffer.from(input), {key: asKeyObject(key.privateKey), dsaEncoding: 'ieee-p1363'});
}

const asKeyObject = (key) => (typeof key === 'string' ? createPrivateKey(key) : key);

// The same token with another signature of the same length.
export function withOtherSignature(token) {
  const [header, payload, signed] = token.split('.');
  const bytes = Buffer.from(signed, 'base64url');
  bytes[bytes.length >> 1] ^= 1;
  return remember(`${header}.${payload}.${base64url(bytes)}`);
}
