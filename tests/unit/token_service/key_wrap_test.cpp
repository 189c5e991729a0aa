#include "filters/token_service/key_wrap.hpp"

#include <doctest/doctest.h>

#include "base/base64.hpp"

namespace postern::token_service {
namespace {

const Secret pem("-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n");
const Secret operator_secret("a secret of the operator, long enough");
constexpr std::string_view nonce = "twelve bytes";

// The PEM, or why it cannot be had.
std::string unwrapped(const Secret& wrapped, const Secret& secret = operator_secret, std::string_view kid = "k1") {
  const auto text = unwrap_key(wrapped, secret, kid);
  return text ? std::string(text->reveal()) : text.error();
}

constexpr const char* damaged = "the signing key k1 is damaged";
constexpr const char* other = "the signing key k1 was encrypted with another secret, or is damaged";

}  // namespace

TEST_CASE("A wrapped key is unwrapped by the same secret and kid, and shows nothing of itself") {
  const Secret wrapped = wrap_key(pem, operator_secret, "k1", nonce);
  CHECK(unwrapped(wrapped) == pem.reveal());
  const std::string bytes = decode_base64url(wrapped.reveal().substr(3)).value();
  CHECK(wrapped.reveal().starts_with("v1."));
  CHECK(bytes.starts_with(nonce));
  CHECK(bytes.size() == nonce.size() + pem.reveal().size() + 16);
  CHECK(bytes.find("PRIVATE") == std::string::npos);
  CHECK(wrap_key(pem, operator_secret, "k1", "another one.") != wrapped);
}

TEST_CASE("Another secret or kid does not unwrap it") {
  const Secret wrapped = wrap_key(pem, operator_secret, "k1", nonce);
  CHECK(unwrapped(wrapped, Secret("another secret")) == other);
  CHECK(unwrapped(wrapped, operator_secret, "k2") ==
        "the signing key k2 was encrypted with another secret, or is damaged");
}

TEST_CASE("A changed byte anywhere is noticed") {
  const Secret wrapped = wrap_key(pem, operator_secret, "k1", nonce);
  const std::string bytes = decode_base64url(wrapped.reveal().substr(3)).value();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK(unwrapped(Secret("v1." + encode_base64url(changed))) == other);
  }
}

TEST_CASE("What is no wrapped key is refused") {
  CHECK(unwrapped(pem) == "the signing key k1 is not encrypted as `v1`");
  CHECK(unwrapped(Secret()) == "the signing key k1 is not encrypted as `v1`");
  CHECK(unwrapped(Secret("v2.AAAA")) == "the signing key k1 is not encrypted as `v1`");
  CHECK(unwrapped(Secret("v1.")) == damaged);
  CHECK(unwrapped(Secret("v1.A!")) == damaged);
  CHECK(unwrapped(Secret("v1." + encode_base64url(std::string(27, 'x')))) == damaged);
  CHECK(unwrapped(Secret("v1." + encode_base64url(std::string(28, 'x')))) == other);
}

TEST_CASE("The form is stable: a stored key is read by later versions") {
  CHECK(wrap_key(Secret("pem"), operator_secret, "k1", nonce).reveal() ==
        "v1.dHdlbHZlIGJ5dGVzP6ID_Ozl3BEldZgGzFhtnaStJQ");
}

}  // namespace postern::token_service
