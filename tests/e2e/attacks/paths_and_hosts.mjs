// Rows 62 to 75: the policy and the upstream see one path, and one host.
import assert from 'node:assert/strict';

import {bearer, request} from '../harness/requests.mjs';
import {startWorld} from './world.mjs';

export const title = 'path and host';

const routes = [
  {name: 'admin', match: {path_prefix: '/admin'}, upstream: 'orders', jwt: {providers: ['shop']}, claim_headers: {sub: 'X-User'}},
  {name: 'admin-host', match: {host: ['admin.example.com'], path_prefix: '/public'}, upstream: 'orders', jwt: {providers: ['shop']}},
  {name: 'public', match: {path_prefix: '/public'}, upstream: 'orders', public: true},
  {name: 'files', match: {path_prefix: '/files'}, upstream: 'orders', public: true, allow_encoded_slash: true},
];

export const start = (scope) => startWorld(scope, {routes});

const refused = (row, what, send, more) => ({row, what, send, status: 400, reason: 'request_malformed', ...more});
const badTarget = (row, target, method = 'GET') => refused(row, `${method} ${JSON.stringify(target)}`, () => request(method, target));
const head = (lines, target = '/public', version = 'HTTP/1.1') => () => (
  `GET ${target} ${version}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`);

// A way to a protected path: without a token refused, with one the upstream gets what was judged.
const guarded = (row, target, path = '/admin') => [
  {row, what: `${target} wants the token of ${path}`, send: () => request('GET', target), status: 401, reason: 'token_missing'},
  {
    row,
    what: `${target} with a token goes on as ${path}`,
    send: ({token}) => request('GET', target, [bearer(token)]),
    arrives(got) {
      assert.equal(got.target, path);
      assert.equal(got.get('x-user'), 'alice');
    },
  },
];
// A way to a public path that the upstream gets as the policy saw it.
const goesOn = (row, target, path = target) => ({
  row, what: `${target} goes on as ${path}`, send: () => request('GET', target), arrives: (got) => assert.equal(got.target, path),
});
const unknown = (row, target) => ({
  row, what: `${target} is nobody's`, send: () => request('GET', target), status: 404, reason: 'route_not_found',
});

export const attacks = [
  ...['//admin', '///admin', '/./admin', '/.//admin', '//./admin'].flatMap((target) => guarded(62, target)),
  ...guarded(62, '/admin//', '/admin/'),
  ...guarded(62, '/admin//x', '/admin/x'),
  ...guarded(62, '//admin?next=//public', '/admin?next=//public'),
  goesOn(62, '/public//x', '/public/x'),

  ...[
    '/public/../admin', '/public/./../admin', '/public//../admin', '/public/x/../../admin', '/public/..//admin',
    '/public/.././admin',
  ].flatMap((target) => guarded(63, target)),
  ...guarded(63, '/public/../admin/.', '/admin/'),
  ...guarded(63, '/public/../admin/x/..', '/admin/'),
  goesOn(63, '/admin/../public', '/public'),
  goesOn(63, '/public/x/..', '/public/'),
  ...['/..', '/../', '/../admin', '/public/../../admin', '/public/..//../admin', '/./../admin'].map((target) => badTarget(63, target)),

  ...[
    '/public/%2e%2e/admin', '/public/%2E%2E/admin', '/public/.%2e/admin', '/public/%2e./admin',
    '/public/%2e/%2e%2e/admin', '/%2e/admin',
  ].flatMap((target) => guarded(64, target)),
  ...guarded(64, '/%61dmin'),
  ...guarded(64, '/%61%64%6d%69%6E/%7Ex', '/admin/~x'),
  ...[
    '/%2e%2e/admin', '/public/%2e%2e/%2e%2e/admin', '/public/..%2', '/public/%', '/public/%zz', '/public/%2',
  ].map((target) => badTarget(64, target)),

  ...[
    '/public/..%2Fadmin', '/public%2f..%2fadmin', '/public/a%2Fb', '/public/a%2fb', '/public/a%5Cb',
    '/public/..%5c..%5Cadmin', '/public/%2F', '/public/%2e%2e%2fadmin',
  ].map((target) => badTarget(65, target)),
  goesOn(65, '/files/a%2fb', '/files/a%2Fb'),
  goesOn(65, '/files/a%5cb', '/files/a%5Cb'),
  ...[
    '/files/..%2Fadmin', '/files/%2e%2e%2Fadmin', '/files/a%2F..%2F..%2Fadmin', '/files/..%5cadmin', '/files/a%2f..',
  ].map((target) => badTarget(65, target)),

  goesOn(66, '/public/%252e%252e/admin'),
  goesOn(66, '/public/%252Fadmin'),
  goesOn(66, '/public/%25%32%65', '/public/%252e'),
  ...guarded(66, '/admin/%2561', '/admin/%2561'),

  ...['/admin;x', '/admin;', '/admin;/', '/admin;x=1/y', '/admin%3Bx'].map((target) => unknown(67, target)),
  ...guarded(67, '/admin/;x', '/admin/;x'),
  ...guarded(67, '/admin/x;y=1', '/admin/x;y=1'),
  ...guarded(67, '/public;x/../admin', '/admin'),
  ...[
    '/public/..;/admin', '/public/..;x/admin', '/public/.;/admin', '/public/%2e%2e;x/admin', '/public/..%3b/admin',
    '/public/x;/..;/admin',
  ].map((target) => badTarget(67, target)),
  goesOn(67, '/public/x;y=1'),

  ...[
    '/public/%00', '/public/x%00.txt', '/admin%00', '/%00/admin', '/public/%0d%0aX-User:%20mallory', '/public/%1f',
    '/public/%7F',
  ].map((target) => badTarget(68, target)),
  ...[
    '/public#x', '/public/#/../admin', '/public?x#y', '/public/\x80', '/public/caf\xe9', '/public?\xff', '/public/\x7f',
    '/public/a\tb', '/public/a b', '/public/\0',
  ].map((target) => badTarget(69, target)),
  ...['\\admin', '/\\admin', '/public\\..\\admin', '/public/x\\', '/public/..\\admin'].map((target) => badTarget(70, target)),
  ...['/ADMIN', '/Admin', '/adMin/x', '/%41dmin', '/PUBLIC', '/adminx', '/publicly', '/', '/x'].map((target) => unknown(71, target)),
  ...[
    '/public/%c0%ae', '/public/%c0%ae%c0%ae/admin', '/public/%c0%afadmin', '/public/%e0%80%af', '/public/%80',
    '/public/%ff', '/public/%ed%a0%80', '/public/%c3',
  ].map((target) => badTarget(72, target)),

  ...Object.entries({
    'another host': 'http://b/public', 'another port': 'http://a:81/public', 'user information': 'http://a@b/public',
    'user information of its own': 'http://x@a/public', 'no host': 'http:///public',
    'https and another port': 'https://a:80/public', 'another scheme': 'ftp://a/public',
    'a longer host': 'http://a.b/public', 'one slash': 'http:/a/public',
  }).map(([what, target]) => refused(73, `absolute-form with ${what}`, head(['Host: a'], target))),
  {
    row: 73, what: 'an absolute-form target is judged by its path', send: head(['Host: a'], 'http://a/public/../admin'),
    status: 401, reason: 'token_missing',
  },
  {
    row: 73, what: 'an absolute-form target with the protected host',
    send: head(['Host: admin.example.com'], 'http://ADMIN.example.com:80/public'), status: 401, reason: 'token_missing',
  },

  refused(74, 'Host missing', head([])),
  refused(74, 'Host missing and an absolute-form target', head([], 'http://a/public')),
  refused(74, 'Host twice', head(['Host: a', 'Host: b'])),
  refused(74, 'Host twice, the same', head(['Host: a', 'host: a'])),
  refused(74, 'Host twice in HTTP/1.0', head(['Host: a', 'Host: a'], '/public', 'HTTP/1.0')),
  ...[
    'a@b', 'a b', 'a, b', '', 'a/b', 'a?b', 'a#b', 'a\\b', 'a:b', 'a:-1', 'a:65536', 'a:80:80', '[::1', '[::g]', 'a%00',
    '\xe9', 'http://a',
  ].map((host) => (
    refused(74, `Host: ${JSON.stringify(host)}`, head([`Host: ${host}`])))),
  {
    row: 74, what: 'Host: ADMIN.EXAMPLE.COM is the protected one', send: head(['Host: ADMIN.EXAMPLE.COM:8443']),
    status: 401, reason: 'token_missing',
  },

  ...['*', 'foo', 'public', '?x', 'a:80', '../admin'].map((target) => badTarget(75, target)),
  badTarget(75, '*', 'OPTIONS'),
];
