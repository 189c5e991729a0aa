// Rows 37 to 42: what must be decrypted or derived first. Until that is done encrypted tokens are refused by the number of
// their parts, before a byte of them is looked at.
import assert from 'node:assert/strict';
import {createCipheriv, randomBytes} from 'node:crypto';
import {deflateRawSync} from 'node:zlib';

import * as jose from 'jose';

import {connect, exchange} from '../harness/raw_client.mjs';
import {bearer, request} from '../harness/requests.mjs';
import {base64url, goodClaims, makeKey, mintedTokens} from '../harness/tokens.mjs';
import {badToken} from './forging.mjs';
import {startWorld} from './world.mjs';

export const title = 'encrypted tokens';

export async function start(scope) {
  const ec = await makeKey('ES256', {kid: 'ec'});
  return startWorld(scope, {keys: [ec]}, {ec});
}

const plain = () => new TextEncoder().encode(JSON.stringify(goodClaims()));

async function encrypt(key, header, payload = plain()) {
  const token = await new jose.CompactEncrypt(payload).setProtectedHeader(header).encrypt(key);
  mintedTokens.add(token);
  return token;
}

// A token whose parts are taken as they are; `sealed` are {iv, ciphertext, tag}.
const compactJwe = (header, encryptedKey, {iv, ciphertext, tag}) => {
  const token = [JSON.stringify(header), encryptedKey, iv, ciphertext, tag].map(base64url).join('.');
  mintedTokens.add(token);
  return token;
};

// `alg: dir` over any bytes, also those that jose does not write: compressed ones.
function sealDirectly(secret, header, bytes) {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', secret, iv);
  cipher.setAAD(Buffer.from(base64url(JSON.stringify(header))));
  const ciphertext = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return compactJwe(header, '', {iv, ciphertext, tag: cipher.getAuthTag()});
}

const anything = {iv: Buffer.alloc(12, 1), ciphertext: Buffer.alloc(64, 2), tag: Buffer.alloc(16, 3)};
const later = (row, what, token) => badToken(row, what, token, 'token_malformed', {today: true});

const zipBomb = () => sealDirectly(randomBytes(32), {alg: 'dir', enc: 'A256GCM', zip: 'DEF'}, deflateRawSync(Buffer.alloc(4_000_000, ' ')));

const derived = (p2c) => {
  const header = {alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2s: base64url(randomBytes(16)), p2c};
  return compactJwe(header, Buffer.alloc(24, 4), anything);
};

// Two thousand million rounds of a hash take minutes; the fastest of ten, since the machine may be busy.
const refusedAtOnce = (scope, world) => world.inTurn(async () => {
  const client = await connect(scope, world.gateway.port);
  const from = await world.mark(client);
  for (let i = 0; i < 10; ++i) {
    client.send(request('GET', '/orders/derived', [bearer(derived(2 ** 31))]));
    assert.equal((await client.response()).status, 401);
  }
  const lines = await world.linesBetween(from, await world.mark(client));
  assert.equal(lines.length, 10);
  const fastest = Math.min(...lines.map((line) => line.duration_ms));
  assert.ok(fastest < 5, `${fastest} ms`);
});

// A point that is on no P-256: one coordinate of a good one, twice.
const offCurve = ({ec: {jwk: {x}}}) => compactJwe({alg: 'ECDH-ES', enc: 'A128GCM', epk: {kty: 'EC', crv: 'P-256', x, y: x}}, '', anything);

const flipped = (token, part) => token.split('.').map((text, i) => {
  if (i !== part) return text;
  const bytes = Buffer.from(text, 'base64url');
  bytes[0] ^= 1;
  return base64url(bytes);
}).join('.');

// The reply to a broken padding must not be told from the reply to a broken tag.
const sameReply = (scope, world) => world.inTurn(async () => {
  const good = await encrypt(world.key.publicKey, {alg: 'RSA-OAEP-256', enc: 'A256GCM'});
  const replies = [];
  for (const token of [flipped(good, 1), flipped(good, 4), flipped(good, 3)]) {
    const {response} = await exchange(scope, world.gateway.port, request('GET', '/orders', [bearer(token)]));
    assert.equal(response.status, 401);
    replies.push([response.get('www-authenticate'), response.text]);
  }
  assert.deepEqual(replies[1], replies[0]);
  assert.deepEqual(replies[2], replies[0]);
});

async function tenLayers() {
  const secret = randomBytes(16);
  let token = new TextDecoder().decode(plain());
  for (let layer = 0; layer < 10; ++layer) token = await encrypt(secret, {alg: 'dir', enc: 'A128GCM'}, new TextEncoder().encode(token));
  return token;
}

export const attacks = [
  badToken(37, 'a JWE where JWS is required', ({key}) => encrypt(key.publicKey, {alg: 'RSA-OAEP-256', enc: 'A256GCM'})),
  badToken(37, 'a JWE around a good token',
    async ({key, token}) => encrypt(key.publicKey, {alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT'}, new TextEncoder().encode(token))),
  badToken(37, 'a JWE with an empty key part', () => encrypt(randomBytes(16), {alg: 'dir', enc: 'A128GCM'})),
  later(38, 'a JWE zip bomb', zipBomb),
  later(39, 'PBES2 with p2c 2^31', () => derived(2 ** 31)),
  {row: 39, what: 'PBES2 with p2c 2^31 is refused without the work', run: refusedAtOnce, today: true},
  later(40, 'an ECDH epk off its curve', offCurve),
  {row: 41, what: 'RSA padding and tag failure have the same reply', run: sameReply, today: true},
  later(42, 'ten nested JWEs', tenLayers),
];
