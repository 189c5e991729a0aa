// Rows 35, 52 and 67 in the eyes of services that are less exact than the policy: one that drops path parameters, and one that
// takes `X_Tenant` for `X-Tenant`.
import assert from 'node:assert/strict';

import {valuesOf} from '../harness/field_names.mjs';
import {bearer, request} from '../harness/requests.mjs';
import {withOtherSignature} from '../harness/tokens.mjs';
import {startWorld} from './world.mjs';

export const title = 'careless services';

export const start = (scope) => startWorld(scope, {
  routes: [
    {name: 'admin', match: {path_prefix: '/admin'}, upstream: 'orders', jwt: {providers: ['shop']}, claim_headers: {sub: 'X-User'}},
    {name: 'literal', match: {path: '/literal;v=1'}, upstream: 'orders', public: true},
    {
      name: 'edited', match: {path_prefix: '/edited'}, upstream: 'orders', public: true,
      request_headers: {set: {'X-Tenant': 'a'}, remove: ['X-Debug']},
    },
    {name: 'header', match: {path_prefix: '/header'}, upstream: 'orders', jwt: {providers: ['shop'], from: [{header: 'X-Token'}]}},
    {
      name: 'socket', match: {path_prefix: '/socket'}, upstream: 'orders',
      jwt: {providers: ['shop'], from: [{websocket_protocol: 'bearer'}]},
    },
    {name: 'rest', match: {path_prefix: '/'}, upstream: 'orders', public: true},
  ],
});

const otherRoute = (target) => ({
  row: 67, what: `${target} is another route's without its parameters`, send: () => request('GET', target), status: 400,
  reason: 'request_malformed',
});
const goesOn = (target, path = target) => ({
  row: 67, what: `${target} goes on as ${path}`, send: () => request('GET', target),
  arrives(got) {
    assert.equal(got.target, path);
    assert.deepEqual(valuesOf(got.fields, 'x-user'), []);
  },
});
// Without a token it is the protected route's, with one it goes on as it was sent.
const guarded = (target) => [
  {row: 67, what: `${target} wants a token`, send: () => request('GET', target), status: 401, reason: 'token_missing'},
  {
    row: 67, what: `${target} goes on with a token`, send: ({token}) => request('GET', target, [bearer(token)]),
    arrives(got) {
      assert.equal(got.target, target);
      assert.deepEqual(valuesOf(got.fields, 'x-user'), ['alice']);
    },
  },
];

// What a route sets or removes arrives once, or not at all, in whatever letters a client sent it.
const edited = (name) => ({
  row: 52, what: `${name} to a route that sets X-Tenant and removes X-Debug`,
  send: () => request('GET', '/edited', [`${name}: mallory`]),
  arrives(got) {
    assert.deepEqual(valuesOf(got.fields, 'x-tenant'), ['a']);
    assert.deepEqual(valuesOf(got.fields, 'x-debug'), []);
    assert.doesNotMatch(got.headBytes.toString('latin1'), /mallory/);
  },
});

const bad = (token) => withOtherSignature(token);
const twoTokens = (what, fields) => ({
  row: 35, what, send: ({token}) => request('GET', '/header', fields(token)), status: 400, reason: 'token_multiple',
});
const handshake = (fields) => request('GET', '/socket', [
  'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', ...fields,
]);
const inSubprotocol = (name) => [
  {
    row: 35, what: `a forged token in ${name} beside Sec-WebSocket-Protocol`,
    send: ({token}) => handshake([['Sec-WebSocket-Protocol', `bearer, ${token}`], [name, `bearer, ${bad(token)}`]]),
    status: 400, reason: 'token_multiple',
  },
  {
    row: 35, what: `${name} is the place of a subprotocol's token, and does not go on`,
    send: ({token}) => handshake([[name, `bearer, ${token}, chat`]]),
    arrives(got, _, {token}) {
      assert.deepEqual(valuesOf(got.fields, 'sec-websocket-protocol'), ['chat']);
      assert.ok(!got.headBytes.includes(token));
    },
  },
];
const inSpelling = (name) => [
  {
    row: 35, what: `${name} is the place of the token, and does not go on`,
    send: ({token}) => request('GET', '/header', [[name, token]]),
    arrives: (got, _, {token}) => {
      assert.deepEqual(valuesOf(got.fields, 'x-token'), []);
      assert.ok(!got.headBytes.includes(token));
    },
  },
  {
    row: 35, what: `${name} with a bad token`, send: ({token}) => request('GET', '/header', [[name, bad(token)]]),
    status: 401, reason: 'signature_invalid',
  },
];

export const attacks = [
  ...['/admin;x', '/admin;', '/admin;/', '/admin;x=1/y', '/admin%3Bx', '/admin%3bx', '/;/admin', '/;x/admin', '/;x/;y/admin', '/x;/../;/admin',
    '/%3B/admin', '/a/../admin;x', '/admin;x?y=1', '/edited;x', '/open;x'].map(otherRoute),
  ...['/admin/;x', '/admin/x;y=1', '/admin/%3B'].flatMap(guarded),
  goesOn('/elsewhere;x'),
  goesOn('/elsewhere;x=1/y;z'),
  goesOn('/;x'),
  goesOn('/elsewhere%3bx', '/elsewhere%3Bx'),
  goesOn('/open/x;y'),
  goesOn('/adminx;y'),
  goesOn('/elsewhere/admin;x'),
  // Who writes a parameter into a route's path means it.
  goesOn('/literal;v=1'),

  ...['X-Tenant', 'X_Tenant', 'x.tenant', "X'TENANT", 'X-Debug', 'X_Debug', 'x.debug', 'X~DEBUG'].map(edited),

  ...['X-Token', 'X_Token', 'x.token'].flatMap(inSpelling),
  ...['Sec_WebSocket_Protocol', 'sec.websocket-protocol'].flatMap(inSubprotocol),
  ...['X_Token', 'x.token', 'X-Token'].flatMap((name) => [
    twoTokens(`a forged ${name} beside X-Token`, (token) => [['X-Token', token], [name, bad(token)]]),
    twoTokens(`a forged ${name} before X-Token`, (token) => [[name, bad(token)], ['X-Token', token]]),
  ]),
];
