#include "sample.hpp"

using namespace postern::conf;

namespace {

const std::string rest =
    "listeners: [{address: 127.0.0.1:0}]\n"
    "providers: {p: {issuer: https://id.example.com, audiences: a, jwks_file: k}}\n"
    "upstreams: {orders: {endpoints: [http://a]}}\n"
    "routes: [{name: a, upstream: orders, jwt: {providers: p}}]\n";

Lines revocation_complaints(const std::string& members, const std::string& more = "") {
  return complaints(rest + "revocations: {" + members + "}\n" + more);
}

}  // namespace

TEST_CASE("revocations without a token service need a store of their own and nothing else") {
  CHECK(revocation_complaints("store: {sqlite: s}") == Lines{});
  CHECK(revocation_complaints("store: {redis: 'redis://h'}") == Lines{});
  CHECK(revocation_complaints("") ==
        Lines{"revocations.store: needs `sqlite` or `redis`: all of it is kept in one place"});
  CHECK(revocation_complaints("store: {}") ==
        Lines{"revocations.store: needs `sqlite` or `redis`: all of it is kept in one place"});
  CHECK(revocation_complaints("store: {sqlite: s, redis: 'redis://h'}") ==
        Lines{"revocations.store.redis: cannot stand beside `sqlite`"});
  CHECK(revocation_complaints("store: {sqlite: s}, revocation_patience: 5s") ==
        Lines{"revocations.revocation_patience: unknown key; known: `store`, `patience`"});
}

TEST_CASE("what is wrong with the store of revocations has its place there") {
  CHECK(revocation_complaints("store: {redis: 'redis://u@h'}") ==
        Lines{"revocations.store.redis: has a user without a password"});
  CHECK(revocation_complaints("store: {redis: {nodes: ['a:0']}}") ==
        Lines{"revocations.store.redis.nodes[0]: the port must be 1 to 65535"});
  CHECK(revocation_complaints("store: {redis: {url: 'redis://h', wait_replicas: 17}}") ==
        Lines{"revocations.store.redis.wait_replicas: must be at most 16"});
}

TEST_CASE("revocations may be unheard of for 5 seconds to an hour") {
  CHECK(revocation_complaints("store: {sqlite: s}, patience: 5s") == Lines{});
  CHECK(revocation_complaints("store: {sqlite: s}, patience: 1h") == Lines{});
  CHECK(revocation_complaints("store: {sqlite: s}, patience: 4999ms") ==
        Lines{"revocations.patience: must be at least `5s`"});
  CHECK(revocation_complaints("store: {sqlite: s}, patience: 3600001ms") ==
        Lines{"revocations.patience: must be at most `1h`"});
}

TEST_CASE("beside a token service revocations have no place of their own") {
  CHECK(revocation_complaints("store: {sqlite: s}",
                              "token_service: {issuer: https://shop.example.com, audiences: shop, users_file: u, "
                              "store: {sqlite: s}}\n") ==
        Lines{"revocations: cannot stand beside `token_service`: the revocations live in `token_service.store`"});
}
