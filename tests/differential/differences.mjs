// The explained differences of verdict: which token, who is stricter, and why that is right. A row is taken for its
// predicate over the token (its Anatomy); where postern refuses, its reason code must be the row's as well. The first row
// that holds explains. README.md shows this table; `run` fails when it is behind.
import {curveOf, curves} from './keys.mjs';
import {at, leeway} from './workshop.mjs';

const both = ['signature', 'claims'];
const claimsOnly = ['claims'];
const everywhere = {jose: both, jwcrypto: both};
const everywhereClaims = {jose: claimsOnly, jwcrypto: claimsOnly};

const isText = (value) => typeof value === 'string';
const isStrict = (part) => Buffer.from(part, 'base64url').toString('base64url') === part;

// Of the documents that are read in this mode.
const inDocument = (trait) => (token, {mode}) => trait(token.header) || (mode === 'claims' && trait(token.payload));
const inPart = (trait) => (token) => token.hasThreeParts && token.parts.some(trait);

// The keys that postern has under the token's kid.
const ofKid = (token, keys) => keys.filter((key) => key.isPublished && key.algorithms.length && key.kid === token.kid);
const dates = ['exp', 'nbf', 'iat'];
const anyDate = (trait) => (token) => dates.some((name) => token.hasClaim(name) && trait(token.claim(name)));
const latestDate = 253402300799;

const isUsualType = (typ) => isText(typ) && /^(application\/)?(at\+)?jwt$/.test(typ.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()));
const isOtherKind = (typ) => isText(typ) && /^(id|refresh|offline)$/i.test(typ);
const isAccess = (use) => isText(use) && /^(access|(at\+)?jwt)$/i.test(use);

// Each: name, the libraries and modes where it occurs, the predicate, the strict one's ground and its source. `reason` is
// postern's, when it is the strict one.
export const differences = [
  {
    name: 'JSON serialisation', reason: 'token_malformed', where: {jwcrypto: ['signature']},
    applies: ({token}) => /^\s*\{/.test(token),
    why: 'A JWT is always in compact form; another form is another way past whatever looks at tokens.', source: 'RFC 7519 section 1',
  },
  {
    name: 'padding', reason: 'token_malformed', where: everywhere,
    applies: inPart((part) => /=/.test(part)),
    why: 'base64url of JOSE has all trailing `=` removed.', source: 'RFC 7515 section 2',
  },
  {
    name: 'characters outside base64url', reason: 'token_malformed', where: everywhere,
    applies: inPart((part) => /[^\w=-]/.test(part)),
    why: '`+`, `/`, white space and the like are outside the alphabet and must be rejected, not skipped.',
    source: 'RFC 4648 sections 3.3, 5',
  },
  {
    name: 'a length that no bytes have', reason: 'token_malformed', where: {jose: both},
    applies: inPart((part) => /^[\w-]*$/.test(part) && part.length % 4 === 1),
    why: 'Six bits over are no byte: the text encodes nothing, and to drop them gives one token two spellings.',
    source: 'RFC 4648 section 4',
  },
  {
    name: 'trailing bits', reason: 'token_malformed', where: everywhere,
    applies: inPart((part) => /^[\w-]*$/.test(part) && part.length % 4 !== 1 && !isStrict(part)),
    why: 'Bits that belong to no byte must be zero; else a revoked token has other spellings.', source: 'RFC 4648 section 3.5',
  },
  {
    name: 'byte order mark', reason: 'token_malformed', where: {jose: both},
    applies: inDocument(({hasMark}) => hasMark),
    why: 'JSON that is sent must not begin with one; two readers would see two texts.', source: 'RFC 8259 section 8.1',
  },
  {
    name: 'bytes that are no UTF-8', reason: 'token_malformed', where: {jose: both},
    applies: inDocument(({isUtf8}) => !isUtf8),
    why: 'Header and claims are UTF-8; replaced bytes make different values equal.', source: 'RFC 7515 section 5.2, RFC 7519 section 7.2',
  },
  {
    name: 'numbers beyond a double', reason: 'token_malformed', where: everywhere,
    applies: inDocument(({hugeNumbers}) => hugeNumbers),
    why: 'Readers disagree about 1e400: infinity, null or a fault.', source: 'RFC 8259 section 6, RFC 7493 section 2.2',
  },
  {
    name: 'a huge exponent of a small number', reason: 'token_malformed', where: everywhere,
    applies: inDocument(({hugeExponents}) => hugeExponents),
    why: 'Both may: a reader may limit numbers, and postern\'s refuses 0e400 by its spelling.', source: 'RFC 8259 section 6',
  },
  {
    name: 'NaN and Infinity', reason: 'token_malformed', where: {jwcrypto: both},
    applies: inDocument(({constants}) => constants),
    why: 'They are no JSON.', source: 'RFC 8259 section 6',
  },
  {
    name: 'lone surrogates', reason: 'token_malformed', where: everywhere,
    applies: inDocument(({loneSurrogates}) => loneSurrogates),
    why: 'They are no characters and cannot be sent on as UTF-8.', source: 'RFC 8259 section 8.2, RFC 7493 section 2.1',
  },
  {
    name: 'nesting beyond 32', reason: 'token_malformed', where: everywhere,
    applies: inDocument(({depth}) => depth > 32),
    why: 'A reader may set a limit of depth, and one that reads strangers\' input should.', source: 'RFC 8259 section 9',
  },
  {
    name: 'a member twice', reason: 'token_malformed', where: everywhere,
    applies: inDocument(({duplicates}) => duplicates),
    why: 'Names must be unique; first-wins and last-wins readers would see two tokens in one.',
    source: 'RFC 7515 section 4, RFC 7519 section 4',
  },
  {
    name: 'kid that is no string', reason: 'token_malformed', where: everywhere,
    applies: (token) => token.hasHeader('kid') && !isText(token.kid),
    why: 'Its value must be a string.', source: 'RFC 7515 section 4.1.4',
  },
  {
    name: 'crit of an unencoded payload', reason: 'token_malformed', where: {jose: ['signature'], jwcrypto: ['signature']},
    applies: (token) => token.hasHeader('crit') && token.header.members.get('b64') === false,
    why: 'JWTs must not use unencoded payloads; postern implements no extension.', source: 'RFC 7797 section 7',
  },
  {
    name: 'crit of b64 that is true', reason: 'token_malformed', where: everywhere,
    applies: (token) => Array.isArray(token.header.members.get('crit')) && token.header.members.get('b64') === true,
    why: 'What is critical must be understood, and postern implements no extension, not even to leave it off.',
    source: 'RFC 7515 section 4.1.11',
  },
  {
    name: 'crit that lists no extension', reason: 'token_malformed', where: {jwcrypto: both},
    applies: (token) => token.hasHeader('crit'),
    why: 'It must be a list, not empty, of extensions that are present: no registered names, no text, no object.',
    source: 'RFC 7515 section 4.1.11',
  },
  {
    name: 'b64 without crit', reason: 'token_malformed', where: {jose: both, jwcrypto: ['signature']},
    applies: (token) => token.hasHeader('b64') && token.header.members.get('b64') !== true,
    why: 'Without `crit` one reader decodes the payload and the other one does not: two contents under one signature.',
    source: 'RFC 7797 section 6',
  },
  {
    name: 'two keys of one kid', reason: 'key_unknown', where: everywhere,
    applies: (token, {keys}) => ofKid(token, keys).length > 1,
    why: 'Keys of a set should have distinct kids; which one is meant nobody knows.', source: 'RFC 7517 section 4.5',
  },
  {
    name: 'the curve of another algorithm', reason: 'key_unknown', where: {jwcrypto: both},
    applies: (token, {keys}) => curveOf[token.alg] && ofKid(token, keys).some(({crv}) => crv !== curveOf[token.alg]),
    why: 'ES256 is P-256 and ES256K is secp256k1, equal as their hashes are.', source: 'RFC 7518 section 3.4, RFC 8812 section 3.2',
  },
  {
    name: 'a key for another algorithm', reason: 'key_unknown', where: {jwcrypto: both},
    applies: (token, {keys}) => ofKid(token, keys).some(({jwk}) => jwk.alg !== undefined && jwk.alg !== token.alg),
    why: 'The JWK\'s `alg` says for which one it is intended.', source: 'RFC 7517 section 4.4, RFC 8725 section 3.1',
  },
  {
    name: 'ECDSA of another width', reason: 'signature_invalid', where: {jwcrypto: both},
    applies: ({alg, signature}) => curveOf[alg] && signature.length !== 2 * curves[curveOf[alg]].width,
    why: 'r and s have the full width of the field each; any other length must be refused.', source: 'RFC 7518 section 3.4',
  },
  {
    name: 'a date that is no number', reason: 'token_malformed', where: {jwcrypto: claimsOnly},
    applies: anyDate((date) => typeof date !== 'number'),
    why: 'NumericDates are JSON numbers, not texts, null or true.', source: 'RFC 7519 section 2',
  },
  {
    name: 'a date beneath a double', reason: 'token_malformed', where: everywhereClaims,
    applies: (token) => token.payload.vanishingNumbers && anyDate((date) => date === 0)(token),
    why: 'A date that no double holds (1e-400) is a mistake or a probe.', source: 'RFC 8259 section 6',
  },
  {
    name: 'a date beyond the year 9999', reason: 'token_malformed', where: everywhereClaims,
    applies: anyDate((date) => date > latestDate),
    why: 'Milliseconds, or 2^63 for "never", are mistakes and no token for ever.', source: 'RFC 7519 section 4.1.4',
  },
  {
    name: 'the first second after exp', reason: 'token_expired', where: {jwcrypto: claimsOnly},
    applies: (token) => token.claim('exp') === at - leeway,
    why: '`exp` is the time on or after which the token must not be accepted.', source: 'RFC 7519 section 4.1.4',
  },
  {
    name: 'iat in the future', reason: 'token_not_yet_valid', where: everywhereClaims,
    applies: (token) => token.claim('iat') > at + leeway,
    why: 'What is not yet issued cannot be there; one clock is wrong, and then `exp` is as well.', source: 'RFC 7519 section 4.1.6',
  },
  {
    name: 'aud with elements that are no strings', reason: 'audience_mismatch', where: everywhereClaims,
    applies: (token) => Array.isArray(token.claim('aud')) && token.claim('aud').some((one) => !isText(one)),
    why: 'An audience is a string, a list one of strings.', source: 'RFC 7519 section 4.1.3',
  },
  {
    name: 'typ of another kind of token', reason: 'type_mismatch', where: everywhereClaims,
    applies: (token) => token.hasHeader('typ') && !isUsualType(token.header.members.get('typ')),
    why: 'A logout token or a DPoP proof is no access token, by whomever signed. The libraries do so when told the type.',
    source: 'RFC 8725 section 3.11',
  },
  {
    name: 'a payload that calls itself an ID or refresh token', reason: 'type_mismatch', where: everywhereClaims,
    applies: (token) => isOtherKind(token.claim('typ')),
    why: 'Keycloak says so in the payload; one kind of JWT must not pass for another.', source: 'RFC 8725 sections 2.8, 3.12',
  },
  {
    name: 'token_use of another kind of token', reason: 'type_mismatch', where: everywhereClaims,
    applies: (token) => token.hasClaim('token_use') && !isAccess(token.claim('token_use')),
    why: 'Cognito says so in the payload; one kind of JWT must not pass for another.', source: 'RFC 8725 sections 2.8, 3.12',
  },
  {
    name: 'a token bound to a key', reason: 'proof_missing', where: everywhereClaims,
    applies: (token) => token.hasClaim('cnf'),
    why: 'Who presents it has to prove that he holds the key; nobody checked that here.',
    source: 'RFC 7800 section 3, RFC 9449 section 7.1',
  },
  {
    name: 'kid of no key', where: everywhere,
    applies: (token, {keys}) => isText(token.kid) && token.kid !== '' && ofKid(token, keys).length === 0,
    why: 'Both may: the libraries want that kid. postern tries the keys that have none, as those of PEM files; kid is a hint.',
    source: 'RFC 7515 section 4.1.4',
  },
  {
    name: 'empty kid', where: everywhere,
    applies: (token) => token.kid === '',
    why: 'Both may: the libraries look for a key with that name. postern takes it for none, and tries the keys that fit.',
    source: 'RFC 7515 section 4.1.4',
  },
  {
    name: 'sub, jti or typ that is no string', where: {jwcrypto: claimsOnly},
    applies: (token) => ['sub', 'jti', 'typ'].some((name) => token.hasClaim(name) && !isText(token.claim(name)) && token.claim(name) !== null),
    why: 'jwcrypto is right about the form. postern asks it of a claim when a rule or a header uses it.',
    source: 'RFC 7519 sections 4.1.2, 4.1.7',
  },
];

// The row that explains why `library` and postern differ about the token in this mode, or undefined. `reason` is postern's,
// undefined when it accepts.
export const explain = (token, {library, mode, reason, keys}) => differences.find((row) => (
  row.reason === reason && row.where[library]?.includes(mode) && row.applies(token, {mode, keys})));
