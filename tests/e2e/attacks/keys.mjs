// Rows 1 to 18 and 43: tokens that choose their algorithm or their key, and keys that are none.
import assert from 'node:assert/strict';
import {createHash, generateKeyPairSync} from 'node:crypto';
import {readFileSync} from 'node:fs';
import net from 'node:net';

import {makeAuthority} from '../harness/certificates.mjs';
import {runPostern} from '../harness/program.mjs';
import {keysPath} from '../harness/key_server.mjs';
import {makeClient, ready, startRemote, tally} from '../harness/remote_keys.mjs';
import {standardConfig} from '../harness/standard_config.mjs';
import {audience, base64url, goodClaims, issuer, jwks, makeKey, mint, signRaw} from '../harness/tokens.mjs';
import {assemble, badToken, goodToken, hs256, signedBy, withSignature} from './forging.mjs';
import {startWorld} from './world.mjs';

export const title = 'algorithms and keys';

export async function start(scope) {
  const [all, authority, listener] = await Promise.all([makeKeys(), makeAuthority(scope, 'self signed'), startListener(scope)]);
  const usable = [all.ec, all.ps, all.rs512, ...all.twins, ...all.ofTwoAlgorithms, ...all.ofTwoUses];
  const unusable = Object.values(all.unusable);
  return startWorld(scope, {keys: [...usable, ...unusable]}, {...all, authority, listener});
}

async function makeKeys() {
  const make = (alg, kid, options) => makeKey(alg, {kid, ...options});
  const [stranger, ec, ps, rs512, rsForEncryption, ...others] = await Promise.all([
    make('RS256', 'stranger'), make('ES256', 'ec'), make('PS256', 'ps'), make('RS512', 'rs512'), make('RS256', 'rsa-oaep'),
    make('ES256', 'twin'), make('ES256', 'twin'), make('ES256', 'two-algorithms'), make('ES384', 'two-algorithms'),
    make('ES256', 'two-uses'), make('ES256', 'two-uses'), make('ES256', 'use-enc'), make('ES256', 'key-ops'), make('ES256', 'off-curve'),
    make('ES256', 'p-384'),
  ]);
  const [twin, otherTwin, es256, es384, signing, encrypting, useEnc, keyOps, offCurve, p384] = others;
  encrypting.jwk.use = useEnc.jwk.use = 'enc';
  Object.assign(keyOps.jwk, {use: undefined, key_ops: ['encrypt', 'wrapKey']});
  offCurve.jwk.y = offCurve.jwk.x;
  p384.jwk.crv = 'P-384';
  rsForEncryption.jwk.alg = 'RSA-OAEP';
  return {
    stranger, ec, ps, rs512, twins: [twin, otherTwin], ofTwoAlgorithms: [es256, es384], ofTwoUses: [signing, encrypting],
    unusable: {useEnc, keyOps, offCurve, p384, rsForEncryption, small: smallRsaKey(), identity: identityKey(stranger)},
  };
}

function smallRsaKey() {
  const pair = generateKeyPairSync('rsa', {modulusLength: 1024});
  return {alg: 'RS256', kid: 'rsa-1024', ...pair, jwk: {...pair.publicKey.export({format: 'jwk'}), alg: 'RS256', kid: 'rsa-1024'}};
}

// With e = 1 a signature is the padded hash itself, which everybody can write down.
function identityKey({jwk}) {
  return {kid: 'e-is-1', jwk: {...jwk, e: 'AQ', kid: 'e-is-1'}};
}

function paddedHash(input) {
  const digestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  const tail = Buffer.concat([Buffer.alloc(1), digestInfo, createHash('sha256').update(input).digest()]);
  return Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(256 - 2 - tail.length, 0xff), tail]);
}

// Where tokens lead with `jku` and `x5u`: it must never be connected to.
async function startListener(scope) {
  const listener = {connections: 0};
  const server = net.createServer((socket) => {
    ++listener.connections;
    socket.destroy();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.onClose(() => new Promise((resolve) => server.close(resolve)));
  listener.url = `http://127.0.0.1:${server.address().port}/keys`;
  return listener;
}

const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
const zero = Buffer.alloc(32);
const halves = (bytes) => [bytes.subarray(0, 32), bytes.subarray(32)];

function asDer(bytes) {
  const integer = (part) => (part[0] & 0x80 ? [2, 33, 0, ...part] : [2, 32, ...part]);
  const body = halves(bytes).flatMap((part) => integer(part));
  return Buffer.from([0x30, body.length, ...body]);
}

const ofKey = ({kid}) => ({alg: 'RS256', typ: 'at+jwt', kid});
const unsigned = (header, signature = 'unsigned') => assemble({typ: 'at+jwt', ...header}, goodClaims(), signature);
const byPublicKey = (bytesOf) => (world) => signedBy(hs256(bytesOf(world)), {...ofKey(world.key), alg: 'HS256'});
const es256 = (change) => async ({ec}) => withSignature(await mint(ec), change);
// Signed by a stranger's key that the token itself brings or leads to.
const byStranger = (header) => (world) => mint(world.stranger, {}, {kid: world.key.kid, ...header(world)});
const neverFetched = {check: ({listener}) => assert.equal(listener.connections, 0, 'somebody connected to where the token led')};

// A key that the gateway must name in its log when it skips it, and whose tokens it must refuse.
const unusableKey = (row, what, name, why, token = ({unusable}) => mint(unusable[name])) => badToken(row, what, token, 'key_unknown', {
  check: ({gateway, unusable}) => assert.match(gateway.stderr, new RegExp(`${unusable[name].jwk.kid}\\\\?" skipped: .*${why}`)),
});

const selfSigned = (header) => ({authority: {certificate, certificateFile}}) => {
  const x5c = [certificate.replace(/-----[^-]+-----|\s/g, '')];
  const privateKey = readFileSync(certificateFile.replace(/\.pem$/, '.key'), 'utf8');
  return signRaw({privateKey}, {alg: 'ES256', typ: 'at+jwt', x5c, ...header}, goodClaims());
};

// Ten thousand tokens, each of a kid of its own, to a gateway that fetches its keys.
async function floodWithKids(scope) {
  const {gateway, server, token} = await startRemote(scope, {provider: {min_refresh: '1h', max_refresh: '1h', unknown_kid_cooldown: '1s'}});
  await ready(gateway);
  const client = makeClient(scope, gateway, {connections: 32});
  const [, payload, signature] = (await token()).split('.');
  const answers = [];
  for (let kid = 0; kid < 10_000; kid += 500) {
    const tokens = Array.from({length: 500}, (_, i) => `${base64url(`{"alg":"ES256","kid":"k${kid + i}"}`)}.${payload}.${signature}`);
    answers.push(...await Promise.all(tokens.map((each) => client.get('/orders', each))));
  }
  assert.deepEqual(tally(answers), {401: 10_000});
  assert.equal(await gateway.metric('postern_auth_decisions_total', {reason: 'key_unknown'}), 10_000);
  // The first load, a burst of two, and from then on one for each cooldown; half of one for what a busy machine notes late.
  const times = server.requestsOf(keysPath).map(({at}) => at);
  assert.ok(times.length >= 3, `fetches at ${times}`);
  assert.ok(times.at(-1) - times[1] > (times.length - 3) * 1000 - 500, `fetches at ${times}`);
}

// A provider whose only key is too short ends the start, and the reason is named.
async function assertTooShort(scope, provider, named) {
  const config = standardConfig({endpoint: 'http://127.0.0.1:1', providers: {shop: {issuer, audiences: [audience], ...provider}}});
  const {code, stderr} = await runPostern(['run', '-c', scope.file('short.yaml', config)]);
  assert.equal(code, 78, stderr);
  assert.match(stderr, named);
}

const shortSecret = (algorithm, bytes) => ({
  row: 16,
  what: `a secret of ${bytes} bytes for ${algorithm}`,
  run: (scope) => assertTooShort(scope, {algorithms: [algorithm], secret_file: scope.file('secret', 'k'.repeat(bytes))},
    new RegExp(`${bytes * 8} bits; ${algorithm} needs at least ${bytes * 8 + 8}`)),
});

const shortJwk = (scope) => {
  const key = {kty: 'oct', kid: 'short', k: Buffer.alloc(31, 7).toString('base64url')};
  return assertTooShort(scope, {jwks_file: scope.file('short.json', jwks(key))}, /248 bits, 256 needed/);
};

export const attacks = [
  ...['none', 'None', 'nOnE', 'NONE'].flatMap((alg) => [
    badToken(1, `alg ${alg}`, () => unsigned({alg}), 'algorithm_not_allowed'),
    badToken(1, `alg ${alg} and no signature`, () => unsigned({alg}, '')),
  ]),
  badToken(1, 'alg none with the kid of a key', ({key}) => unsigned({alg: 'none', kid: key.kid}), 'algorithm_not_allowed'),
  badToken(2, 'no alg', ({key}) => signRaw(key, {...ofKey(key), alg: undefined}, goodClaims())),
  ...[5, null, ['RS256'], true].map((alg) => (
    badToken(2, `alg ${JSON.stringify(alg)}`, ({key}) => signRaw(key, {...ofKey(key), alg}, goodClaims())))),
  badToken(2, 'alg ""', ({key}) => signRaw(key, {...ofKey(key), alg: ''}, goodClaims()), 'algorithm_not_allowed'),

  ...Object.entries({
    'the RSA public key\'s bytes, in PEM': ({key}) => key.spki,
    'the RSA public key\'s bytes, in PEM without the last newline': ({key}) => key.spki.trimEnd(),
    'the RSA public key\'s bytes, in DER': ({key}) => Buffer.from(key.spki.replace(/-----[^-]+-----|\s/g, ''), 'base64'),
    'the RSA public key\'s bytes, as its JWK': ({key}) => JSON.stringify(key.jwk),
    'the RSA modulus': ({key}) => Buffer.from(key.jwk.n, 'base64url'),
    'the EC public key\'s bytes, in PEM': ({ec}) => ec.spki,
    'the EC public key\'s bytes, as a point': ({ec: {jwk}}) => Buffer.concat([Buffer.of(4), ...[jwk.x, jwk.y].map((part) => Buffer.from(part, 'base64url'))]),
  }).map(([what, bytesOf]) => badToken(3, `HS256 keyed with ${what}`, byPublicKey(bytesOf), 'algorithm_not_allowed')),
  badToken(4, 'HS256 with an empty key', byPublicKey(() => ''), 'algorithm_not_allowed'),

  ...Object.entries({
    'r = s = 0': () => Buffer.concat([zero, zero]),
    'r = 0': (bytes) => Buffer.concat([zero, halves(bytes)[1]]),
    's = 0': (bytes) => Buffer.concat([halves(bytes)[0], zero]),
    'r = n': (bytes) => Buffer.concat([order, halves(bytes)[1]]),
    's = n': (bytes) => Buffer.concat([halves(bytes)[0], order]),
    'r = s = 2^256 - 1': () => Buffer.alloc(64, 0xff),
  }).map(([what, change]) => badToken(5, `ES256 with ${what}`, es256(change), 'signature_invalid')),
  ...Object.entries({
    'as DER': asDer,
    'over-long by a zero in front': (bytes) => Buffer.concat([Buffer.alloc(1), bytes]),
    'over-long by a zero at the end': (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]),
    'over-long by a zero before each half': (bytes) => Buffer.concat(halves(bytes).flatMap((half) => [Buffer.alloc(1), half])),
    'one byte short': (bytes) => bytes.subarray(0, 63),
  }).map(([what, change]) => badToken(6, `ES256 ${what}`, es256(change), 'signature_invalid')),

  badToken(7, 'embedded jwk', byStranger(({stranger}) => ({jwk: stranger.jwk})), 'signature_invalid'),
  badToken(7, 'embedded jwk without kid', byStranger(({stranger}) => ({kid: undefined, jwk: stranger.jwk})), 'signature_invalid'),
  badToken(7, 'embedded jwk with its own kid', byStranger(({stranger}) => ({kid: stranger.kid, jwk: stranger.jwk})), 'key_unknown'),
  ...['jku', 'x5u'].flatMap((name) => [
    badToken(8, `${name} to a listener, to which nobody connects`, byStranger(({listener}) => ({[name]: listener.url})),
      'signature_invalid', neverFetched),
    badToken(8, `${name} with a kid of its own`, byStranger(({listener}) => ({kid: 'theirs', [name]: listener.url})),
      'key_unknown', neverFetched),
  ]),
  badToken(9, 'self-signed x5c', selfSigned({kid: 'ec'}), 'signature_invalid'),
  badToken(9, 'self-signed x5c without kid', selfSigned({}), 'signature_invalid'),

  ...['../../../../dev/null', '/etc/passwd', "' OR 1=1 --", 'x\'; DROP TABLE keys', 'rs\0', '\0', 'k'.repeat(4000)].map((kid) => (
    badToken(10, `kid ${JSON.stringify(kid.slice(0, 30))}${kid.length > 30 ? '...' : ''}`, ({key}) => mint(key, {}, {kid}),
      'key_unknown'))),
  badToken(10, 'the kid of a key with NUL behind it', ({key}) => mint(key, {}, {kid: `${key.kid}\0`}), 'key_unknown'),
  badToken(10, 'kid of 8 KB', ({key}) => mint(key, {}, {kid: 'k'.repeat(8192)}), 'token_too_large', {status: 431}),
  ...[7, null, [], {}].map((kid) => (
    badToken(10, `kid ${JSON.stringify(kid)}`, ({key}) => signRaw(key, {...ofKey(key), kid}, goodClaims())))),
  {row: 11, what: '10,000 unknown kids cause one key fetch in each cooldown', run: floodWithKids},

  badToken(12, 'a kid of two different keys', ({twins}) => mint(twins[0]), 'key_unknown'),
  badToken(12, 'a kid of two different keys, by the other one', ({twins}) => mint(twins[1]), 'key_unknown'),
  goodToken(12, 'a kid with one key for each alg is fine', ({ofTwoAlgorithms}) => mint(ofTwoAlgorithms[0])),
  goodToken(12, 'a kid with one key for each alg is fine, by the other one', ({ofTwoAlgorithms}) => mint(ofTwoAlgorithms[1])),
  goodToken(12, 'a kid with one key for each use is fine', ({ofTwoUses}) => mint(ofTwoUses[0])),
  badToken(12, 'a kid with one key for each use, by the one for encryption', ({ofTwoUses}) => mint(ofTwoUses[1]), 'signature_invalid'),
  unusableKey(13, 'a key with use enc', 'useEnc', 'its `use` is'),
  unusableKey(13, 'a key with key_ops encrypt', 'keyOps', 'its `key_ops` do not name verify'),
  unusableKey(13, 'a key with an alg for encryption', 'rsForEncryption', 'its `alg` .*RSA-OAEP'),
  badToken(13, 'RS256 with a key of alg RS512', ({rs512}) => signRaw(rs512, ofKey(rs512), goodClaims()), 'key_unknown'),
  unusableKey(14, 'RSA-1024', 'small', '1024 bits', ({unusable: {small}}) => signRaw(small, ofKey(small), goodClaims())),
  unusableKey(14, 'RSA with e = 1', 'identity', 'exponent is 1', ({unusable: {identity}}) => signedBy(paddedHash, ofKey(identity))),
  unusableKey(15, 'an EC point off its curve', 'offCurve', 'not on P-256'),
  unusableKey(15, 'an EC key with another crv', 'p384', 'not on P-384'),
  shortSecret('HS256', 31),
  shortSecret('HS384', 47),
  shortSecret('HS512', 63),
  {row: 16, what: 'a secret of 31 bytes in a JWKS', run: shortJwk},

  ...Object.entries({
    unknown: {crit: ['x'], x: 1}, empty: {crit: []}, 'not an array': {crit: 'exp'},
    'of what it does not hold': {crit: ['exp']}, 'of numbers': {crit: [1]}, null: {crit: null},
  }).map(([what, header]) => badToken(17, `crit ${what}`, ({key}) => signRaw(key, {...ofKey(key), ...header}, goodClaims()))),
  badToken(18, 'b64 false', ({key}) => signRaw(key, {...ofKey(key), b64: false}, goodClaims())),
  badToken(18, 'b64 false, in crit', ({key}) => signRaw(key, {...ofKey(key), b64: false, crit: ['b64']}, goodClaims())),
  badToken(18, 'b64 false with its payload as it is', ({key}) => {
    const header = base64url(JSON.stringify({...ofKey(key), b64: false, crit: ['b64']}));
    const [, , signature] = signRaw(key, ofKey(key), goodClaims()).split('.');
    return `${header}.${encodeURIComponent(JSON.stringify(goodClaims()))}.${signature}`;
  }),
  badToken(43, 'an RS256 token of a PS256 key', ({ps}) => signRaw(ps, {...ofKey(ps)}, goodClaims()), 'key_unknown'),
];
