// What mutations work with: the keys, good tokens to start from, and the pen that signs and remembers it.
import {base64url, jwksOf, makeKeys} from './keys.mjs';
import {Members} from './members.mjs';
import {Random} from './random.mjs';
import {signatureOf} from './signing.mjs';

export const issuer = 'https://id.example.com/realms/shop';
export const audience = 'orders-api';
export const at = 1_700_000_000;  // the judges' time
export const leeway = 60;         // seconds
export const algorithms = [
  'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'ES256K', 'EdDSA',
];

const claimSets = [
  {iss: issuer, aud: audience, sub: 'alice', iat: at - 10, exp: at + 300, jti: 'a1'},
  {iss: issuer, aud: ['billing', audience], sub: 'bob', nbf: at - 10, exp: at + 300, scope: 'orders:read orders:list'},
  {iss: issuer, aud: audience, exp: at + 1, realm_access: {roles: ['admin', 'user', []]}, amount: 12.5, ok: true, none: null},
  {iss: issuer, aud: [audience], sub: 'zoë 日本 🔑', iat: at, exp: at + 3600, note: 'a"b\\c/d\n\u0000', 'https://x.example/roles': {}},
];
const types = ['at+jwt', 'JWT', 'application/at+jwt', undefined];

// How often tokens of a key are drawn: those that are slow to sign or to verify come more seldom, and so do those that are
// refused whatever else is with them.
const weights = {oct: 6, RSA: 1.5, 'P-256': 9, 'P-384': 1.5, 'P-521': 1, secp256k1: 4, Ed25519: 5, Ed448: 5};
const shareOf = ({kid, kind}) => (kid === 'twin' ? 0.3 : weights[kind]);

// Signs, and remembers what it signed for whom.
class Pen {
  signed = [];

  // header and payload as they stand in the token, with the good signature of `alg`.
  signParts(key, alg, header, payload) {
    const input = `${header}.${payload}`;
    return this.join(key, alg, input, signatureOf(key, alg, input));
  }

  // The same with a signature made elsewhere, that is one of `alg` by this key.
  join(key, alg, input, signature) {
    const text = base64url(signature);
    this.signed.push({input, signature: text, alg, key});
    return `${input}.${text}`;
  }

  sign(key, alg, header, payload) {
    const encode = (document) => base64url(Buffer.isBuffer(document) ? document : String(document));
    return this.signParts(key, alg, encode(header), encode(payload));
  }
}

function makeBase(key, alg, number) {
  const header = {alg, typ: types[number % types.length], kid: key.kid};
  const base = {key, alg, header: Members.of(JSON.parse(JSON.stringify(header))), payload: Members.of(claimSets[number % claimSets.length])};
  const pen = new Pen();
  base.token = pen.sign(key, alg, base.header, base.payload);
  base.parts = base.token.split('.');
  base.signature = Buffer.from(base.parts[2], 'base64url');
  [base.signed] = pen.signed;
  return base;
}

export class Workshop {
  constructor(seed) {
    this.seed = seed;
    this.keys = makeKeys(seed);
    this.jwks = jwksOf(this.keys);
    const ofKey = (key) => key.algorithms.map((alg) => claimSets.map((_, number) => makeBase(key, alg, number)));
    this.groups = Object.values(this.keys).filter((key) => key.isPublished).flatMap(ofKey);
    this.shares = this.groups.map(([{key}]) => shareOf(key));
  }

  // The draws of one token, and its pen. A mutation makes all its choices with it.
  bench(number) { return new Bench(this, number); }

  // Of everything that is signed in advance: {input, signature, alg, key}.
  get signed() { return this.groups.flat().map((base) => base.signed); }
}

// One token's place of work.
class Bench {
  pen = new Pen();

  constructor(workshop, number) {
    this.workshop = workshop;
    this.keys = workshop.keys;
    this.random = new Random(workshop.seed, 'token', number);
  }

  // A good token that may be changed: {key, alg, header, payload, token, parts, signature}. `wanted(key, alg)` restricts.
  draw(wanted = () => true) {
    const {groups, shares} = this.workshop;
    const fitting = groups.map(([{key, alg}], i) => (wanted(key, alg) ? shares[i] : 0));
    let left = this.random.next() / 2 ** 32 * fitting.reduce((sum, share) => sum + share, 0);
    const index = fitting.findIndex((share) => (left -= share) < 0);
    const base = this.random.pick(groups[index]);
    return {...base, header: base.header.copy(), payload: base.payload.copy(), parts: [...base.parts], signature: Buffer.from(base.signature)};
  }

  // The token with its header and payload as they are now: signed again, or now and then still with its old signature.
  resigned(base, {always = false} = {}) {
    if (always || !this.random.chance(0.15)) return this.pen.sign(base.key, base.alg, base.header, base.payload);
    const encode = (document) => base64url(Buffer.isBuffer(document) ? document : String(document));
    return `${encode(base.header)}.${encode(base.payload)}.${base.parts[2]}`;
  }
}
