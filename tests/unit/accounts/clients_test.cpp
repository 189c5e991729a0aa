#include "accounts/clients.hpp"

#include <doctest/doctest.h>

#include "base/base64.hpp"

namespace postern::accounts {
namespace {

std::string basic(std::string_view pair) {
  return "Basic " + encode_base64(pair);
}

ClientProof proof_of(std::string_view authorization, std::string_view body_id = "", std::string_view body_secret = "") {
  const auto proof = read_client_proof(authorization, body_id, body_secret);
  REQUIRE_MESSAGE(proof, proof.error().detail);
  return *proof;
}

Reason refused_as(std::string_view authorization, std::string_view body_id = "", std::string_view body_secret = "") {
  const auto proof = read_client_proof(authorization, body_id, body_secret);
  return proof ? Reason::accepted : proof.error().reason;
}

std::vector<Client> sample_clients() {
  Client one, two;
  one.id = "shop";
  one.secret_hash = sha256("the secret of the shop");
  two.id = "batch";
  two.secret_hash = sha256("the secret of the batch");
  return {one, two};
}

Refusal refusal_for(const std::string& id, std::optional<std::string> secret) {
  ClientProof proof{id, std::nullopt};
  if (secret) proof.secret = Secret(*secret);
  const auto client = authenticate_client(sample_clients(), proof);
  REQUIRE_FALSE(client);
  return client.error();
}

}  // namespace

TEST_CASE("A client proves itself by Basic or by the body") {
  // The example of RFC 6749 section 2.3.1.
  const ClientProof header = proof_of("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
  CHECK(header.id == "s6BhdRkqt3");
  CHECK(header.secret->reveal() == "7Fjfp0ZBr1KtDRbnfVdmIw");
  const ClientProof body = proof_of("", "s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw");
  CHECK(body.id == "s6BhdRkqt3");
  CHECK(body.secret->reveal() == "7Fjfp0ZBr1KtDRbnfVdmIw");
}

TEST_CASE("A client may say who it is without a secret, or nothing at all") {
  CHECK(proof_of("", "app").id == "app");
  CHECK_FALSE(proof_of("", "app").secret);
  CHECK_FALSE(proof_of(basic("app:")).secret);
  CHECK(proof_of("").id.empty());
}

TEST_CASE("Id and secret in the header are form-urlencoded, and only the first colon divides them") {
  const ClientProof proof = proof_of(basic("a%3Ab+c:s%25%2B:%c3%A9"));
  CHECK(proof.id == "a:b c");
  CHECK(proof.secret->reveal() == "s%+:\xC3\xA9");
  CHECK(proof_of("bAsIc   " + encode_base64("a:b")).id == "a");
}

TEST_CASE("A header that cannot be read is client_invalid") {
  for (const std::string& header :
       {std::string("Basic"), std::string("Basic "), std::string("Basic ***"), std::string("Basic YTpi "),
        std::string("Basic YTpi, Basic YTpi"), std::string("Bearer YTpi"), std::string("Basicx YTpi"), basic("ab"),
        basic(":secret"), basic("a%:b"), basic("a:%4"), basic("a:%zz")}) {
    CHECK_MESSAGE(refused_as(header) == Reason::client_invalid, header);
  }
}

TEST_CASE("Two ways at once, and a secret without an id, are malformed") {
  CHECK(refused_as(basic("a:b"), "a", "b") == Reason::request_malformed);
  CHECK(refused_as(basic("a:b"), "", "b") == Reason::request_malformed);
  CHECK(refused_as(basic("a:b"), "c") == Reason::request_malformed);
  CHECK(refused_as(basic("a:b"), "a") == Reason::accepted);
  CHECK(refused_as("", "", "b") == Reason::request_malformed);
}

TEST_CASE("A client with its secret is found") {
  const std::vector<Client> clients = sample_clients();
  CHECK(*authenticate_client(clients, {"shop", Secret("the secret of the shop")}) == &clients[0]);
  CHECK(*authenticate_client(clients, {"batch", Secret("the secret of the batch")}) == &clients[1]);
}

TEST_CASE("An unknown id, a wrong secret, another's secret and none get the same refusal") {
  const auto detail = [](const std::string& id, std::optional<std::string> secret) {
    const Refusal refusal = refusal_for(id, std::move(secret));
    CHECK(refusal.reason == Reason::client_invalid);
    return refusal.detail;
  };
  CHECK(detail("nobody", "the secret of the shop") == "there is no such client");
  CHECK(detail("", "the secret of the shop") == "there is no such client");
  CHECK(detail("nobody", std::nullopt) == "there is no such client");
  CHECK(detail("shop", "the secret of the shoq") == "the client's secret is wrong");
  CHECK(detail("shop", "the secret of the batch") == "the client's secret is wrong");
  CHECK(detail("shop", std::nullopt) == "the client gives no secret");
}

TEST_CASE("No secret is not the empty secret") {
  std::vector<Client> clients = sample_clients();
  clients[0].secret_hash = sha256("");
  CHECK_FALSE(authenticate_client(clients, {"shop", std::nullopt}));
}

}  // namespace postern::accounts
