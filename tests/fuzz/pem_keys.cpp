// A file of PEM keys and certificates. Every key that is loaded is sound, and none is private.
#include <openssl/err.h>
#include <openssl/pem.h>

#include "filters/jose/openssl_ptr.hpp"
#include "tests/fuzz/key_checks.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace postern;
using namespace postern::fuzz;

// The first `PUBLIC KEY` as OpenSSL itself reads it.
void check_against_openssl(std::string_view text, const std::vector<jose::Key>& keys) {
  const jose::BioPtr source(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  const jose::KeyPtr wanted(PEM_read_bio_PUBKEY(source.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  const auto is_wanted = [&](const jose::Key& key) { return EVP_PKEY_eq(key.public_key.get(), wanted.get()) == 1; };
  require(!wanted || std::any_of(keys.begin(), keys.end(), is_wanted), "the text's first public key is among the keys");
}

Verdict judge(std::string_view input) {
  const auto keys = jose::parse_pem_keys(input);
  if (!keys) {
    require(is_printable(keys.error()), "a fault is told in printable words");
    return refused(keys.error());
  }
  require(!keys->empty(), "what is accepted holds a key");
  for (const jose::Key& key : *keys) check_key(key, false);
  check_candidates(jose::KeySet(*keys));
  check_against_openssl(input, *keys);
  const auto twice = jose::parse_pem_keys(std::string(input) + "\n" + std::string(input));
  require(twice && jose::KeySet(*twice).same_keys(jose::KeySet(*keys)),
          "a text that stands there twice names the same keys");
  const auto damaged = jose::parse_pem_keys(std::string(input) + "\n-----BEGIN PUBLIC KEY-----\nMFkwEwYH");
  require(!damaged, "a damaged key is refused, not passed over");
  return accepted();
}

}  // namespace

POSTERN_FUZZ_TARGET("pem_keys")
