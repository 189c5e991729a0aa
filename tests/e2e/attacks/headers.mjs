// Rows 44 to 61: fields that only the gateway may set, fields that end at it, upgrades, and bodies that nobody wants.
import assert from 'node:assert/strict';

import {folded, valuesOf as valuesOfFields} from '../harness/field_names.mjs';
import {exchange} from '../harness/raw_client.mjs';
import {bearer, chunks, request} from '../harness/requests.mjs';
import {withOtherSignature} from '../harness/tokens.mjs';
import {startWorld} from './world.mjs';

export const title = 'headers and connection';

export function start(scope) {
  const protectedRoute = (name, more = {}) => ({
    name, match: {path_prefix: `/${name}`}, upstream: 'orders', jwt: {providers: ['shop']}, claim_headers: {sub: 'X-User'}, ...more,
  });
  return startWorld(scope, {
    limits: {head_fields: 2000, head_bytes: '128KiB'},
    routes: [
      protectedRoute('users'),
      {...protectedRoute('writers'), match: {path_prefix: '/writers', methods: ['POST', 'DELETE']}},
      {name: 'readers', match: {path_prefix: '/writers', methods: ['GET']}, upstream: 'orders', public: true},
      {name: 'override', match: {path_prefix: '/override'}, upstream: 'orders', public: true, keep_method_override: true},
    ],
  });
}

const valuesOf = (got, name) => valuesOfFields(got.fields, name);
const is = (values, wanted) => assert.deepEqual(values, wanted === undefined ? [] : [wanted]);
// The value that a client gave itself stands nowhere in what arrived, whatever its name was made into.
const assertNoMallory = (got) => assert.doesNotMatch(got.headBytes.toString('latin1'), /mallory/);

// Sent to a protected route, where only ours arrives, and to a public one, where none does.
const spoofedArrives = (wanted) => (got) => {
  is(valuesOf(got, 'x-user'), wanted);
  assertNoMallory(got);
};
const spoofed = (row, what, fields) => [
  {row, what, send: ({token}) => request('GET', '/users', [bearer(token), ...fields]), arrives: spoofedArrives('alice')},
  {row, what: `${what}, on a public route`, send: () => request('GET', '/open', fields), arrives: spoofedArrives()},
];
const filler = (count) => Array.from({length: count}, (_, i) => `X-Filler-${i}: f`);

const open = (lines, method = 'GET') => `${method} /open HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const malformed = (row, what, send) => ({
  row, what, send: typeof send === 'string' ? () => send : send, status: 400, reason: 'request_malformed',
});

// That many names, in one Connection field or in two.
function connectionOptions(count, twoFields) {
  const names = Array.from({length: count}, (_, i) => `X-Hop-${i + 1}`);
  const parts = twoFields ? [names.slice(0, 8), names.slice(8)] : [names];
  return parts.map((part) => `Connection: ${part.join(', ')}`);
}

// Fields that a client may send and that must not arrive as it sent them; `wanted` is what arrives instead.
const replaced = (row, what, lines, wanted = {}) => ({
  row,
  what,
  send: () => request('GET', '/open', lines),
  arrives(got) {
    for (const name of new Set(lines.map((line) => folded(line.split(':')[0])))) is(valuesOf(got, name), wanted[name]);
    assert.doesNotMatch(got.headBytes.toString('latin1'), /spoofed/);
  },
});

const handshake = (fields = []) => request('GET', '/users/socket', [
  'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', ...fields,
]);
const switching = (fields) => () => `HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`;
const badUpgrade = (what, answer, send = ({token}) => handshake([bearer(token)])) => ({
  row: 58, what: `an upstream answers ${what}`, send, answer, status: 502, reason: 'upstream_malformed',
});

// A handshake that is declined like any other request: what follows is no tunnel's.
async function assertNoTunnel(got, response, {upstream}, client) {
  assert.equal(response.text, 'no');
  upstream.forget();
  client.send('\x81\x05hello\r\n\r\n');
  await client.ended();
  assert.equal(upstream.bytes, '');
}

// What follows a refused handshake is read as the next request, which it is not.
const tunnelTooEarly = (scope, world) => world.inTurn(async () => {
  const {gateway, upstream, token} = world;
  upstream.forget();
  const {response, client} = await exchange(scope, gateway.port, `${handshake([bad(token)])}\x81\x05hello\r\n\r\n`);
  assert.equal(response.status, 401);
  assert.equal((await client.response()).status, 400);
  await client.ended();
  assert.equal(upstream.bytes, '');
});

const smuggled = request('GET', '/open/smuggled');
const bad = (token) => bearer(withOtherSignature(token));
// A request whose token is bad and whose body is a request: kept where the body has come as a whole, else closed.
const unwantedBody = (what, bytes, more) => ({
  row: 60, what: `401 while ${what}`, send: ({token}) => bytes(bad(token)), status: 401, reason: 'signature_invalid', ...more,
});
const ofSmuggled = `Content-Length: ${smuggled.length}`;
const awaited = (what, fields, reason, more) => ({
  row: 59,
  what,
  send: ({token}) => request('POST', '/users', [...fields(token), 'Expect: 100-continue']),
  status: 401,
  reason,
  closes: true,
  later: smuggled,
  ...more,
});

export const attacks = [
  ...spoofed(44, 'client X-User overwritten', ['X-User: mallory']),
  ...['X_User', 'x-user', 'X-USER', 'x_uSeR', 'X_USER', 'X.User', "X'User", 'x~uSER', 'X+User'].flatMap((name) => spoofed(45, `${name} stripped`, [`${name}: mallory`])),
  ...['X_User', 'x-user'].flatMap((name) => (
    spoofed(45, `${name} stripped behind 1,000 filler headers`, [...filler(1000), `${name}: mallory`]))),
  {
    row: 45, what: 'X-User-Id stripped where another route injects it',
    send: ({token}) => request('GET', '/users', [bearer(token), 'X-User-Id: mallory', 'x_user_id: mallory']),
    arrives(got) {
      is(valuesOf(got, 'x-user-id'));
      assertNoMallory(got);
    },
  },
  ...['X-User :', 'X-User\t:', ' X-User:', 'X-User\x0b:', 'X-Us er:'].map((name) => (
    malformed(46, `${JSON.stringify(name)}`, open(['Host: a', 'A: b', `${name} mallory`])))),
  malformed(46, '"X-User :" on a protected route', ({token}) => request('GET', '/users', [bearer(token), 'X-User : mallory'])),
  ...['X-User', 'x-user', 'X_User', 'close, X-User', 'X-User, keep-alive'].map((option) => (
    spoofed(47, `Connection: ${option}, and the injected header still arrives`, [`Connection: ${option}`])[0])),
  spoofed(47, 'Connection: X-User with a client\'s own', ['Connection: X-User', 'X-User: mallory'])[0],
  ...[
    'Host, Content-Length, Authorization', 'Host', 'Content-Length', 'Transfer-Encoding', 'close, authorization', 'HOST',
  ].map((options) => (
    malformed(48, `Connection: ${options}`, open(['Host: a', `Connection: ${options}`])))),
  malformed(48, 'Connection: Authorization, with a token', ({token}) => request('GET', '/users', [bearer(token), 'Connection: Authorization'])),
  // Each option may name a field, and is compared with every one: 16 are enough.
  ...['', ' in two fields'].flatMap((fields) => [
    {
      row: 48, what: `16 options of Connection${fields} go on, and no field that they name`,
      send: () => request('GET', '/open', [...connectionOptions(16, fields), 'X-Hop-16: mallory', 'X-Stays: yes']),
      arrives(got) {
        assertNoMallory(got);
        is(valuesOf(got, 'x-stays'), 'yes');
      },
    },
    malformed(48, `17 options of Connection${fields}`, () => request('GET', '/open', connectionOptions(17, fields))),
  ]),
  malformed(48, 'one option of Connection 17 times', () => request('GET', '/open', [`Connection: ${Array(17).fill('close').join(', ')}`])),
  malformed(48, 'Connection in two fields', open(['Host: a', 'Connection: close', 'Connection: Host'])),

  ...['/users', '/open'].map((path) => ({
    row: 49,
    what: `X-User in a trailer to ${path}: dropped`,
    send: ({token}) => request('POST', path, [bearer(token), 'Transfer-Encoding: chunked', 'Trailer: X-User'],
      chunks(['x'], ['X-User: mallory', 'X_User: mallory', 'Authorization: mallory'])),
    arrives(got, _, {upstream}) {
      is(valuesOf(got, 'x-user'), path === '/users' ? 'alice' : undefined);
      assert.deepEqual(got.trailers, []);
      assert.doesNotMatch(upstream.bytes, /mallory/);
    },
  })),
  ...spoofed(50, 'three X-User', ['X-User: mallory', 'X_User: mallory-2', 'x.user: mallory-3']),

  malformed(51, 'obs-fold', open(['Host: a', 'X: a', ' b'])),
  malformed(51, 'obs-fold with a tab', open(['Host: a', 'X: a', '\tb'])),
  malformed(51, 'obs-fold of the first field', open([' Host: a', 'Host: a'])),
  malformed(51, 'obs-fold that hides X-User', open(['Host: a', 'X: a', ' X-User: mallory'])),
  malformed(51, 'obs-fold that is empty', open(['Host: a', 'X: a', ' '])),

  replaced(52, 'spoofed X-Forwarded-For', ['X-Forwarded-For: 10.0.0.1, spoofed'], {'x-forwarded-for': '127.0.0.1'}),
  replaced(52, 'two X-Forwarded-For', ['X-Forwarded-For: spoofed', 'x-forwarded-for: spoofed'], {'x-forwarded-for': '127.0.0.1'}),
  replaced(52, 'spoofed X-Forwarded-Host', ['X-Forwarded-Host: spoofed'], {'x-forwarded-host': 'shop.example.com'}),
  replaced(52, 'spoofed X-Forwarded-Proto', ['X-Forwarded-Proto: spoofed'], {'x-forwarded-proto': 'http'}),
  replaced(52, 'spoofed X_Forwarded_Proto', ['X_Forwarded_Proto: spoofed'], {'x-forwarded-proto': 'http'}),
  {
    row: 52, what: 'spoofed X-Forwarded-Port', send: () => request('GET', '/open', ['X-Forwarded-Port: spoofed']),
    arrives: (got, _, {gateway}) => is(valuesOf(got, 'x-forwarded-port'), `${gateway.port}`),
  },
  replaced(52, 'spoofed X-Real-IP', ['X-Real-IP: spoofed'], {'x-real-ip': '127.0.0.1'}),
  ...[
    'X-Forwarded-Prefix', 'X-Forwarded-User', 'X_Forwarded_Server', 'Forwarded', 'X-Original-URL', 'X-Rewrite-URL',
    'X_Original_URL', 'x_rewrite_url',
  ].map((name) => (
    replaced(52, `spoofed ${name}`, [`${name}: /spoofed`]))),
  ...['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'x_http_method_override'].map((name) => (
    replaced(53, `${name} stripped`, [`${name}: DELETE`]))),
  {
    row: 53, what: 'X-HTTP-Method-Override kept where the route keeps it',
    send: () => request('GET', '/override', ['X-HTTP-Method-Override: PUT']),
    arrives: (got) => is(valuesOf(got, 'x-http-method-override'), 'PUT'),
  },
  {
    row: 53, what: 'the route uses the real method',
    send: () => request('GET', '/writers', ['X-HTTP-Method-Override: POST']),
    arrives: (got) => assert.equal(got.method, 'GET'),
  },
  {
    row: 53, what: 'the route of the real method wants its token', status: 401, reason: 'token_missing',
    send: () => request('POST', '/writers', ['X-HTTP-Method-Override: GET']),
  },
  ...['Proxy', 'proxy', 'PROXY', 'Proxy-Authorization', 'Proxy-Connection'].map((name) => (
    replaced(54, `${name}: stripped`, [`${name}: spoofed`]))),

  ...Object.entries({
    'a bare CR': 'a\rb', 'a bare CR at its end': 'a\r', 'a bare LF': 'a\nX-User: mallory', NUL: 'a\0b',
    'NUL at its end': 'a\0', DEL: 'a\x7fb', 'a control': 'a\x01b',
  }).map(([what, value]) => malformed(55, `${what} in a value`, open(['Host: a', `X: ${value}`]))),
  ...['h2c', 'H2C', 'h2c, websocket', 'websocket, h2c', 'h2'].map((protocol) => ({
    row: 56,
    what: `Upgrade: ${protocol} not forwarded`,
    send: () => request('GET', '/open', ['Connection: Upgrade, HTTP2-Settings', `Upgrade: ${protocol}`, 'HTTP2-Settings: AAMAAABk']),
    arrives(got, response) {
      for (const name of ['upgrade', 'http2-settings', 'connection']) is(valuesOf(got, name));
      assert.equal(response.get('upgrade'), undefined);
    },
  })),

  {
    row: 57, what: 'WebSocket with a bad token: 401 before 101', send: ({token}) => handshake([bad(token)]), status: 401,
    reason: 'signature_invalid',
  },
  {row: 57, what: 'WebSocket without a token: 401 before 101', send: () => handshake(), status: 401, reason: 'token_missing'},
  {row: 57, what: 'WebSocket with a bad token and bytes of the tunnel behind it', run: tunnelTooEarly},
  badUpgrade('101 without Connection: upgrade', switching('Upgrade: websocket\r\n')),
  badUpgrade('an upgrade with another protocol', switching('Connection: upgrade\r\nUpgrade: other\r\n')),
  badUpgrade('an upgrade with 101 and no protocol', switching('Connection: upgrade\r\n')),
  badUpgrade('a GET with an unsolicited 101', switching('Connection: upgrade\r\nUpgrade: websocket\r\n'), () => request('GET', '/open')),
  badUpgrade('a GET with an unsolicited 101 to h2c', switching('Connection: upgrade\r\nUpgrade: h2c\r\n'),
    () => request('GET', '/open', ['Connection: Upgrade', 'Upgrade: h2c'])),
  {
    row: 58, what: 'an upstream answers an upgrade with 200: that is the answer, and no tunnel',
    send: ({token}) => handshake([bearer(token)]), answer: () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno', arrives: assertNoTunnel,
  },

  awaited('Expect: 100-continue with a bad token: 401, no 100', (token) => [bad(token), ofSmuggled], 'signature_invalid'),
  awaited('Expect: 100-continue without a token: 401, no 100', () => [ofSmuggled], 'token_missing'),
  awaited('Expect: 100-continue of a chunked body with a bad token', (token) => [bad(token), 'Transfer-Encoding: chunked'],
    'signature_invalid', {later: chunks([smuggled])}),
  {
    row: 59, what: 'another Expect: 417',
    send: ({token}) => request('GET', '/users', [bearer(token), 'Expect: miracles']), status: 417,
    reason: 'expectation_failed',
  },

  unwantedBody('the body holds a GET', (field) => request('POST', '/users', [field], smuggled)),
  unwantedBody('a chunked body holds a GET',
    (field) => request('POST', '/users', [field, 'Transfer-Encoding: chunked'], chunks([smuggled])), {closes: true}),
  unwantedBody('the end of its body, a GET, is still to come',
    (field) => `${request('POST', '/users', [field, `Content-Length: ${10 + smuggled.length}`])}0123456789`, {closes: true, later: smuggled}),
  unwantedBody('all of its body, a GET, is still to come',
    (field) => request('POST', '/users', [field, ofSmuggled]), {closes: true, later: smuggled}),
  unwantedBody('its body, a GET, is larger than a buffer',
    (field) => request('POST', '/users', [field], smuggled.repeat(4000)), {closes: true}),
  unwantedBody('the body of a GET holds a GET', (field) => request('GET', '/users', [field], smuggled)),

  {row: 61, what: 'TRACE: 405', send: () => open(['Host: a'], 'TRACE'), status: 405, reason: 'method_not_allowed',
    check: (_, response) => assert.match(response.get('allow'), /^GET, HEAD,/)},
  {
    row: 61, what: 'TRACE with a token: 405', send: ({token}) => request('TRACE', '/users', [bearer(token)]),
    status: 405, reason: 'method_not_allowed',
  },
  {
    row: 61, what: 'CONNECT: 501', send: () => 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', status: 501,
    reason: 'method_not_implemented',
  },
  {
    row: 61, what: 'CONNECT to a path: 501', send: ({token}) => request('CONNECT', '/users', [bearer(token)]),
    status: 501, reason: 'method_not_implemented', later: smuggled,
  },
  // Methods are case-sensitive; to a service for which they are not, these are the routes' that guard the real ones.
  ...['get', 'Get', 'Post', 'deletE', 'trace', 'Connect', 'patch'].flatMap((method) => ['/open', '/writers'].map((path) => ({
    row: 61, what: `${method} ${path}: 501`, send: () => request(method, path), status: 501, reason: 'method_not_implemented',
    later: smuggled,
  }))),
  {
    row: 61, what: 'an unknown method goes on', send: () => request('PURGE', '/open'), arrives: (got) => assert.equal(got.method, 'PURGE'),
  },
];
