// Rows 19 to 36: the token's form, its claims, and where it stands. What is judged by its size alone is judged in a second
// gateway with more room as well.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';

import {exchange} from '../harness/raw_client.mjs';
import {bearer, request} from '../harness/requests.mjs';
import {startStandard} from '../harness/standard.mjs';
import {standardConfig} from '../harness/standard_config.mjs';
import {audience, base64url, goodClaims, issuer, makeKey, mint, now, signRaw} from '../harness/tokens.mjs';
import {badToken, goodToken, withSignature, withTrailingBit} from './forging.mjs';
import {startWorld} from './world.mjs';

export const title = 'tokens';

export async function start(scope) {
  const ec = await makeKey('ES256', {kid: 'ec'});
  const several = {
    name: 'several', match: {path_prefix: '/several'}, upstream: 'orders',
    jwt: {providers: ['shop'], from: [{header: 'Authorization', prefix: 'Bearer'}, {query: 'access_token'}, {cookie: 'session'}]},
  };
  return startWorld(scope, {keys: [ec], routes: [several]}, {ec});
}

const header = ({kid}) => ({alg: 'RS256', typ: 'at+jwt', kid});
const raw = (payload, changes = {}) => ({key}) => signRaw(key, {...header(key), ...changes}, payload);
const good = (changes, headerChanges) => ({key}) => mint(key, changes, headerChanges);
// The JSON of good claims with `text` where exp stands.
const withExpiry = (text) => JSON.stringify(goodClaims({exp: 0})).replace('"exp":0', `"exp":${text}`);
const parts = async ({key}) => (await mint(key)).split('.');
const nested = (depth) => JSON.stringify({...goodClaims(), deep: 0}).replace('"deep":0', `"deep":${'['.repeat(depth)}${']'.repeat(depth)}`);
const overflow = '0.000000000000000000001e-2147483639';

// A good token as one of JSON's two forms (RFC 7515 section 7.2).
const asJson = (wrap) => async (world) => {
  const [head, payload, signature] = await parts(world);
  return JSON.stringify(wrap({protected: head, signature}, payload));
};

// The same attack on a gateway whose limits let it through to the parser.
const inRoom = (row, what, token, reason) => ({
  row, what: `${what}, where there is room for it`,
  async run(scope) {
    const {gateway, upstream, key} = await startStandard(scope, {limits: {head_bytes: '1MiB', token_bytes: '512KiB'}});
    const {response} = await exchange(scope, gateway.port, request('GET', '/orders', [bearer(await token({key}))]));
    assert.equal(response.status, 401, response.text);
    assert.equal((await gateway.lineOf('/orders')).reason, reason);
    assert.equal(upstream.bytes, '');
  },
});

// In a JWKS, where it stands in the set and for a key's member: the key beside it is used.
async function overflowInJwks(scope) {
  const {gateway, key} = await startStandard(scope, ({endpoint, jwksFile}) => {
    const odd = `{"exp":${overflow},"keys":[{"kty":"RSA","kid":"odd","n":${overflow},"e":"AQAB"},`;
    writeFileSync(jwksFile, readFileSync(jwksFile, 'utf8').replace(/^\{\s*"keys":\s*\[/, odd));
    return standardConfig({endpoint, jwksFile});
  });
  assert.match(gateway.stderr, /odd\\?" skipped: `n` is no string/);
  const {response} = await exchange(scope, gateway.port, request('GET', '/orders', [bearer(await mint(key))]));
  assert.equal(response.status, 200, response.text);
}

// A good token of exactly `length` bytes. No base64url has 4n + 1 characters: the header's padding steps over that.
async function ofLength(key, length) {
  const sized = (pad, x) => mint(key, {pad: 'p'.repeat(pad)}, {x: 'x'.repeat(x)});
  for (const x of [0, 1]) {
    let pad = Math.floor((length - (await sized(0, x)).length) * 0.75) - 4;
    let token = '';
    while (token.length < length) token = await sized(pad++, x);
    if (token.length === length) return token;
  }
  throw new Error(`no token has ${length} bytes`);
}

const encodedSub = (row, what, sub) => ({
  row,
  what: `a sub with ${what} goes on encoded`,
  send: async ({key}) => request('GET', '/orders', [bearer(await mint(key, {sub}))]),
  arrives(got) {
    assert.match(got.get('x-user-id'), /^[\x20-\x7e]+$/);
    assert.equal(decodeURIComponent(got.get('x-user-id')), sub);
  },
});

// Two tokens in one request: 400, and the connection is closed.
const twice = (row, what, send) => ({row, what, send, status: 400, reason: 'token_multiple'});

const manyAudiences = Array.from({length: 10_000}, (_, i) => `audience-${i}`);

export const attacks = [
  badToken(19, 'the general JSON serialisation', asJson((signature, payload) => ({payload, signatures: [signature]}))),
  badToken(19, 'the flattened JSON serialisation', asJson((signature, payload) => ({payload, ...signature}))),
  badToken(19, 'a JSON object without a comma', () => '{"signatures":[]}'),
  badToken(19, 'one part', async (world) => (await parts(world))[1]),
  badToken(19, 'two parts', async (world) => (await parts(world)).slice(0, 2).join('.')),
  badToken(19, 'two parts and a dot', async (world) => `${(await parts(world)).slice(0, 2).join('.')}.`),
  badToken(19, 'four parts', async (world) => `${(await parts(world)).join('.')}.x`),
  badToken(19, 'three parts and a dot', async (world) => `${(await parts(world)).join('.')}.`),
  badToken(19, 'six parts', async (world) => [...await parts(world), ...await parts(world)].join('.')),
  badToken(19, '8,000 dots', () => '.'.repeat(8000)),
  ...[0, 1].map((empty) => (
    badToken(19, `an empty part ${empty + 1}`, async (world) => Object.assign(await parts(world), {[empty]: ''}).join('.')))),

  ...[0, 1, 2].flatMap((place) => Object.entries({'=': '=', '==': '==', '+/': '+/', 'a space': ' AA', '?': '?'}).map(([what, tail]) => (
    badToken(20, `base64 with ${what} in part ${place + 1}`, async (world) => {
      const all = await parts(world);
      all[place] += tail;
      return all.join('.');
    })))),
  badToken(20, 'the other alphabet of base64', async (world) => {
    const [head, payload] = await parts(world);
    return withSignature(`${head}.${payload}.AA`, () => Buffer.alloc(255, 0xfb)).replaceAll('-', '+').replaceAll('_', '/');
  }),
  badToken(21, 'non-zero trailing bits in the header', async ({key}) => {
    const [, payload, signature] = (await mint(key)).split('.');
    return `${withTrailingBit(base64url(JSON.stringify(header(key)).padEnd(70)))}.${payload}.${signature}`;
  }),
  badToken(21, 'non-zero trailing bits in the payload', async (world) => {
    const [head, , signature] = await parts(world);
    return `${head}.${withTrailingBit(base64url(JSON.stringify(goodClaims()).padEnd(400)))}.${signature}`;
  }),
  badToken(21, 'non-zero trailing bits in the signature', async (world) => {
    const [head, payload, signature] = await parts(world);
    return `${head}.${payload}.${withTrailingBit(signature)}`;
  }),

  ...['sub', 'exp', 'iss'].map((name) => badToken(23, `duplicate ${name}`, ({key}) => {
    const claims = goodClaims();
    return signRaw(key, header(key), JSON.stringify(claims).replace('{', `{"${name}":${JSON.stringify(claims[name])},`));
  })),
  badToken(23, 'duplicate sub, one of them escaped', raw(JSON.stringify(goodClaims()).replace('{', '{"s\\u0075b":"root",'))),
  badToken(23, 'duplicate alg', ({key}) => signRaw(key, JSON.stringify(header(key)).replace('{', '{"alg":"none",'), goodClaims())),
  badToken(23, 'duplicate alg, the same',
    ({key}) => signRaw(key, JSON.stringify(header(key)).replace('{', '{"alg":"RS256",'), goodClaims())),
  badToken(23, 'duplicate kid', ({key}) => signRaw(key, JSON.stringify(header(key)).replace('{', '{"kid":"a",'), goodClaims())),
  badToken(23, 'a duplicate deep below', raw(JSON.stringify(goodClaims()).replace('{', '{"deep":[{"a":1,"a":2}],'))),

  ...Object.entries({
    'bytes': 'x', 'a second object': '{}', 'NUL': '\0', 'NUL and an object': '\0{}', 'a comma': ',',
  }).flatMap(([what, tail]) => [
    badToken(24, `${what} after the payload's JSON`, raw(JSON.stringify(goodClaims()) + tail)),
    badToken(24, `${what} after the header's JSON`, ({key}) => signRaw(key, JSON.stringify(header(key)) + tail, goodClaims())),
  ]),
  badToken(24, 'a BOM before the payload', raw(`\ufeff${JSON.stringify(goodClaims())}`)),
  badToken(24, 'a BOM before the header', ({key}) => signRaw(key, `\ufeff${JSON.stringify(header(key))}`, goodClaims())),
  badToken(24, 'a payload that is an array', raw('["a"]')),
  badToken(24, 'a payload that is a string', raw('"text"')),
  badToken(24, 'a header that is an array', ({key}) => signRaw(key, '["RS256"]', goodClaims())),
  badToken(24, 'a header that is no JSON', ({key}) => signRaw(key, 'nonsense', goodClaims())),
  badToken(24, 'bytes that are no UTF-8', raw(Buffer.from('{"a":"\xff"}', 'latin1'))),

  badToken(25, 'nesting of 2,000', raw(nested(2000))),
  badToken(25, 'nesting of 5,000', raw(nested(5000)), 'token_too_large', {status: 431}),
  inRoom(25, 'nesting of 5,000', raw(nested(5000)), 'token_malformed'),
  inRoom(25, 'nesting of 100,000', raw(nested(100_000)), 'token_malformed'),

  badToken(26, 'a number that overflows a parser, alone in the payload', raw(`{"exp":${overflow}}`), 'issuer_unknown'),
  badToken(26, 'a number that overflows a parser, as exp', raw(withExpiry(overflow))),
  badToken(26, 'a number that overflows a parser, alone in the header', ({key}) => signRaw(key, `{"exp":${overflow}}`, goodClaims())),
  badToken(26, 'a number that overflows a parser, as alg',
    ({key}) => signRaw(key, JSON.stringify(header(key)).replace('"RS256"', overflow), goodClaims())),
  {row: 26, what: 'a number that overflows a parser, in a JWKS', run: overflowInJwks},

  badToken(27, 'exp 1e400', raw(withExpiry('1e400'))),
  badToken(27, 'exp 2^63', raw(withExpiry('9223372036854775808'))),
  badToken(27, 'exp 2^64', raw(withExpiry('18446744073709551616'))),
  badToken(27, 'exp -1', raw(withExpiry('-1')), 'token_expired'),
  badToken(27, 'exp -1e400', raw(withExpiry('-1e400'))),
  badToken(27, 'exp 0', raw(withExpiry('0')), 'token_expired'),
  badToken(27, 'exp a string', raw(withExpiry(`"${now() + 300}"`))),
  badToken(27, 'exp null', raw(withExpiry('null'))),
  badToken(27, 'exp true', raw(withExpiry('true'))),
  badToken(27, 'exp in an array', raw(withExpiry(`[${now() + 300}]`))),
  badToken(27, 'exp NaN', raw(withExpiry('NaN'))),
  badToken(27, 'exp absent', good({exp: undefined}), 'claim_missing'),
  badToken(27, 'exp beyond the leeway', good({exp: now() - 61, iat: now() - 300}), 'token_expired'),
  badToken(28, 'nbf in the future beyond the leeway', good({nbf: now() + 600}), 'token_not_yet_valid'),
  badToken(28, 'iat in the future beyond the leeway', good({iat: now() + 600, exp: now() + 900}), 'token_not_yet_valid'),
  badToken(28, 'nbf a string', good({nbf: `${now() - 10}`})),
  goodToken(28, 'nbf and iat in the future within the leeway', good({nbf: now() + 30, iat: now() + 30})),

  ...Object.entries({
    'with a suffix': `${issuer}.evil.example`, 'with a path behind it': `${issuer}/evil`,
    'with a prefix': `https://evil.example/${issuer}`, 'without its last letter': issuer.slice(0, -1),
    'in another case': issuer.toUpperCase(), 'with a capital letter': issuer.replace('s', 'S'),
    'with a trailing slash': `${issuer}/`, 'with a space': `${issuer} `, 'with NUL behind it': `${issuer}\0`,
    'of nobody': undefined, 'as a number': 5, 'in an array': [issuer], null: null, empty: '',
  }).map(([what, iss]) => badToken(29, `iss ${what}`, good({iss}), 'issuer_unknown')),
  ...Object.entries({
    'of another': 'billing', 'a substring': audience.slice(0, -1), 'a superstring': `${audience}-admin`,
    'in another case': audience.toUpperCase(), 'a number': 5, null: null, absent: undefined,
    'an object': {[audience]: true}, 'an empty array': [], 'an array with a number': [audience, 5],
    'an array in an array': [[audience]], 'with a comma': `billing ${audience}`,
  }).map(([what, aud]) => badToken(30, `aud ${what}`, good({aud}), 'audience_mismatch')),
  badToken(30, 'aud of 10,000', good({aud: manyAudiences}), 'header_too_large', {status: 431}),
  inRoom(30, 'aud of 10,000', good({aud: manyAudiences}), 'audience_mismatch'),

  ...Object.entries({CRLF: 'a\r\nX-Admin: 1', CR: 'a\rb', LF: 'a\nb', NUL: 'a\0b'}).map(([what, sub]) => (
    badToken(31, `a mapped sub with ${what}`, good({sub}), 'claim_unusable'))),
  encodedSub(32, 'non-ASCII', 'Zoë 김철수'),
  encodedSub(32, 'bidi controls', '\u202eadmin\u2066'),
  encodedSub(32, 'a pair of surrogates', '\u{1f600}'),
  encodedSub(32, 'DEL and C1 controls', 'a\x7f\u0085b'),
  badToken(32, 'a sub with a lone surrogate', raw(JSON.stringify(goodClaims({sub: 'S'})).replace('"S"', '"\\ud800"'))),
  badToken(32, 'a sub with half a pair behind another', raw(JSON.stringify(goodClaims({sub: 'S'})).replace('"S"', '"\\ud83d\\ud83d"'))),
  badToken(32, 'a sub with an overlong NUL',
    raw(Buffer.from(JSON.stringify(goodClaims({sub: 'S'})).replace('"S"', '"a\xc0\x80b"'), 'latin1'))),

  ...['ID+jwt', 'id_token', 'Refresh', 'rt+jwt', 'logout+jwt', 'dpop+jwt', 5, ''].map((typ) => (
    badToken(33, `typ ${JSON.stringify(typ)} in the header`, good({}, {typ}), 'type_mismatch'))),
  ...['ID', 'Refresh', 'Offline', 'REFRESH'].map((typ) => badToken(33, `typ ${typ} in the payload`, good({typ}), 'type_mismatch')),
  ...['id', 'refresh', 7].map((use) => badToken(33, `token_use ${use}`, good({token_use: use}), 'type_mismatch')),

  twice(34, 'token in header and query', ({token}) => request('GET', `/several?access_token=${token}`, [bearer(token)])),
  twice(34, 'token in header and, with an escape in its name, in the query',
    ({token}) => request('GET', `/several?access%5Ftoken=${token}`, [bearer(token)])),
  twice(34, 'token twice in the query', ({token}) => request('GET', `/several?access_token=${token}&access_token=${token}`)),
  twice(35, 'two Authorization headers', ({token}) => request('GET', '/orders', [bearer(token), bearer(token)])),
  twice(35, 'two Authorization headers of other schemes',
    ({token}) => request('GET', '/orders', [['authorization', 'Basic YTpi'], bearer(token)])),
  twice(35, 'Bearer a, Bearer b', ({token}) => request('GET', '/orders', {Authorization: `Bearer ${token}, Bearer ${token}`})),
  twice(35, 'Bearer a, b', ({token}) => request('GET', '/orders', {Authorization: `Bearer ${token},${token}`})),
  badToken(36, 'a token of 8 KiB and one byte', ({key}) => ofLength(key, 8193), 'token_too_large', {status: 431}),
  goodToken(36, 'a token of 8 KiB is accepted', ({key}) => ofLength(key, 8192)),
];
