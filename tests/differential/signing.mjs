// Signatures that the key and the input alone decide, so that a seed repeats a whole run: ECDSA's nonce and the salt of
// RSASSA-PSS, which libraries draw, are derived.
import {constants, createECDH, createHash, createHmac, privateEncrypt, sign} from 'node:crypto';

import {curves} from './keys.mjs';
import {inverse, modulo, toBytes, toNumber} from './numbers.mjs';
import {bytesOf} from './random.mjs';

export const digestOf = (alg) => (alg === 'ES256K' ? 'sha256' : `sha${alg.slice(2)}`);
const hashed = (digest, input) => createHash(digest).update(input).digest();

// r and s (SEC 1 section 4.1.3).
export function ecdsa({crv, secretNumber, name}, digest, input) {
  const {group, width, order} = curves[crv];
  const nonce = modulo(toNumber(bytesOf(width + 8, name, digest, input)), order - 1n) + 1n;
  const pair = createECDH(group);
  pair.setPrivateKey(toBytes(nonce, width));
  const r = modulo(toNumber(pair.getPublicKey().subarray(1, 1 + width)), order);
  const bits = order.toString(2).length;
  const hash = hashed(digest, input);
  const z = toNumber(hash) >> BigInt(Math.max(0, hash.length * 8 - bits));
  return {r, s: modulo(inverse(nonce, order) * (z + r * secretNumber), order)};
}

export const joinedPair = ({r, s}, width) => Buffer.concat([toBytes(r, width), toBytes(s, width)]);

export function splitPair(signature) {
  const half = signature.length / 2;
  return {r: toNumber(signature.subarray(0, half)), s: toNumber(signature.subarray(half))};
}

const raw = (privateKey, block) => privateEncrypt({key: privateKey, padding: constants.RSA_NO_PADDING}, block);

function mask(digest, seed, length) {
  const blocks = [];
  for (let i = 0; blocks.length * createHash(digest).digest().length < length; ++i) {
    blocks.push(hashed(digest, Buffer.concat([seed, toBytes(BigInt(i), 4)])));
  }
  return Buffer.concat(blocks).subarray(0, length);
}

// RSASSA-PSS of a modulus of 2048 bits (RFC 8017 sections 8.1.1, 9.1.1); JWS has a salt as long as the hash, and the same
// hash in the mask.
export function pss({privateKey, name}, digest, input, {saltLength, maskDigest = digest} = {}) {
  const hash = hashed(digest, input);
  const salt = bytesOf(saltLength ?? hash.length, name, digest, input);
  const check = hashed(digest, Buffer.concat([Buffer.alloc(8), hash, salt]));
  const block = Buffer.alloc(256 - check.length - 1);
  block[block.length - salt.length - 1] = 1;
  salt.copy(block, block.length - salt.length);
  mask(maskDigest, check, block.length).forEach((byte, i) => { block[i] ^= byte; });
  block[0] &= 0x7f;
  return raw(privateKey, Buffer.concat([block, check, Buffer.from([0xbc])]));
}

// RSASSA-PKCS1-v1_5 with any DigestInfo and padding (RFC 8017 section 9.2), for forgeries by the holder of the key.
export function pkcs1({privateKey}, digestInfo, {padding = 0xff, tail = Buffer.alloc(0)} = {}) {
  const fill = Buffer.alloc(256 - 3 - digestInfo.length - tail.length, padding);
  return raw(privateKey, Buffer.concat([Buffer.from([0, 1]), fill, Buffer.from([0]), digestInfo, tail]));
}

// The signature of `alg`, by a key of the kind that it needs.
export function signatureOf(key, alg, input) {
  if (alg === 'EdDSA') return sign(null, Buffer.from(input), key.privateKey);
  const digest = digestOf(alg);
  if (alg.startsWith('HS')) return createHmac(digest, key.secret).update(input).digest();
  if (alg.startsWith('RS')) return sign(digest, Buffer.from(input), key.privateKey);
  if (alg.startsWith('PS')) return pss(key, digest, input);
  return joinedPair(ecdsa(key, digest, input), curves[key.crv].width);
}
