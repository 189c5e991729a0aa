#include "sample.hpp"

using namespace postern::conf;

namespace {

const std::string secret = "secret: 0123456789abcdef0123456789abcdef";

// The complaints about a token service for `shop` and `orders` with these clients.
Lines client_complaints(const std::string& clients) {
  return complaints(
      "listeners: [{address: 127.0.0.1:0}]\n"
      "token_service: {issuer: https://shop.example.com, audiences: [shop, orders], users_file: u, store: {sqlite: s}, "
      "clients: [" +
      clients +
      "]}\n"
      "routes: [{name: a, public: true, redirect: {to: /x}}]\n");
}

std::string client(const std::string& members) {
  return "{" + members + ", " + secret + "}";
}

}  // namespace

TEST_CASE("clients with a grant, or with the right to introspect, are fine") {
  CHECK(client_complaints(client("id: batch, grants: [client_credentials], scopes: [read, write], audiences: orders") +
                          ", {id: 'https://api.example.com', secret_file: f, introspect: true}") == Lines{});
}

TEST_CASE("a client has an id and one secret") {
  CHECK(client_complaints("{" + secret + ", introspect: true}") == Lines{"token_service.clients[0].id: is required"});
  CHECK(client_complaints("{id: a, introspect: true}") ==
        Lines{"token_service.clients[0]: needs `secret_file` or `secret`: a client proves itself by one secret"});
  CHECK(client_complaints(client("id: a, introspect: true, secret_file: f")) ==
        Lines{"token_service.clients[0].secret: cannot stand beside `secret_file`"});
}

TEST_CASE("no client has the id of another or of the service's own") {
  CHECK(client_complaints(client("id: a, introspect: true") + ", " + client("id: A, introspect: true")) == Lines{});
  CHECK(client_complaints(client("id: a, introspect: true") + ", " + client("id: a, introspect: true")) ==
        Lines{"token_service.clients[1].id: is another client's as well"});
  CHECK(client_complaints(client("id: postern, introspect: true")) ==
        Lines{"token_service.clients[0].id: is the client of the service's own logins"});
}

TEST_CASE("a client's audiences are the service's, of which each error has its place") {
  CHECK(client_complaints(client("id: a, introspect: true, audiences: [shop, orders]")) == Lines{});
  CHECK(client_complaints(client("id: a, introspect: true, audiences: [shop, other]")) ==
        Lines{"token_service.clients[0].audiences[1]: is no audience of the service, which would refuse the token"});
  CHECK(client_complaints(client("id: a, introspect: true, audiences: []")) ==
        Lines{"token_service.clients[0].audiences: must not be empty"});
}

TEST_CASE("a client that may do nothing is a mistake") {
  CHECK(client_complaints(client("id: a")) ==
        Lines{"token_service.clients[0]: may do nothing: it has neither `grants` nor `introspect`"});
  CHECK(client_complaints(client("id: a, grants: [password]")) ==
        Lines{"token_service.clients[0].grants[0]: must be `client_credentials`"});
  CHECK(client_complaints(client("id: a, grants: [client_credentials], scopes: ['a b']")) ==
        Lines{"token_service.clients[0].scopes[0]: one scope has no spaces; several are written as a list"});
}
