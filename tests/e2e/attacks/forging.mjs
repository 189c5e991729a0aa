// Requests and tokens that no honest program makes.
import {createHmac} from 'node:crypto';

import {bearer, request} from '../harness/requests.mjs';
import {base64url, goodClaims, mintedTokens} from '../harness/tokens.mjs';

const asText = (part) => (typeof part === 'object' && !(part instanceof Uint8Array) ? JSON.stringify(part) : part);

// A token of any parts: objects become JSON, text and bytes are taken as they are.
export function assemble(header, payload, signature) {
  const token = [header, payload, signature].map((part) => base64url(asText(part))).join('.');
  mintedTokens.add(token);
  return token;
}

// A token whose signature is made by `sign(signing input)`.
export function signedBy(sign, header, payload = goodClaims()) {
  const input = `${base64url(asText(header))}.${base64url(asText(payload))}`;
  const token = `${input}.${base64url(sign(Buffer.from(input)))}`;
  mintedTokens.add(token);
  return token;
}

export const macBy = (algorithm, secret) => (input) => createHmac(`sha${algorithm.slice(2)}`, secret).update(input).digest();
export const hs256 = (secret) => macBy('HS256', secret);

// The same token with other bytes for its signature, made of the good ones.
export function withSignature(token, change) {
  const [header, payload, signature] = token.split('.');
  const changed = `${header}.${payload}.${base64url(change(Buffer.from(signature, 'base64url')))}`;
  mintedTokens.add(changed);
  return changed;
}

// The base64url character of the same leading bits with one of the unused low bits set: `text` decodes to the same bytes.
export function withTrailingBit(text) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  if (text.length % 4 < 2) throw new Error('no bits are unused');
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)) + 1];
}

// An attack by a token on `/orders`, refused with 401.
export function badToken(row, what, token, reason = 'token_malformed', more = {}) {
  const send = async (world) => request('GET', '/orders', [bearer(await token(world))]);
  return {row, what, send, status: 401, reason, ...more};
}

// A token that is close to a bad one and must be accepted.
export function goodToken(row, what, token) {
  const send = async (world) => request('GET', '/orders', [bearer(await token(world))]);
  return {row, what, send, arrives() {}};
}
