// The configuration that most tests start from: `/orders` wants a token of the provider `shop`, `/open` is public.
import {audience, issuer} from './tokens.mjs';

// One worker has one place for every count and one pool of connections, which makes tests exact. What two of them do to each
// other is looked for where a race is seen.
export const usualWorkers = /tsan/.test(process.env.POSTERN_PRESET ?? '') ? 2 : 1;

// Changes are laid over whole top-level keys; `routes` are put before the two standard ones.
export function standardConfig({endpoint, jwksFile, routes = [], ...changes}) {
  return {
    listeners: [{address: '127.0.0.1:0'}],
    admin: {address: '127.0.0.1:0'},
    workers: usualWorkers,
    providers: {shop: {issuer, audiences: [audience], jwks_file: jwksFile}},
    upstreams: {orders: {endpoints: [endpoint]}},
    routes: [
      ...routes,
      {
        name: 'orders',
        match: {path_prefix: '/orders'},
        upstream: 'orders',
        jwt: {providers: ['shop']},
        claim_headers: {sub: 'X-User-Id'},
      },
      {name: 'open', match: {path_prefix: '/open'}, upstream: 'orders', public: true},
    ],
    ...changes,
  };
}
