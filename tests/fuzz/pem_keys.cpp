// A file of PEM keys and certificates. Every key that is loaded is sound, and none is private.
#include <openssl/err.h>
#include <openssl/pem.h>

#include "filters/jose/openssl_ptr.hpp"
#include "filters/jose/pem.hpp"
#include "tests/fuzz/key_checks.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace postern;
using namespace postern::fuzz;

// The first `PUBLIC KEY` as OpenSSL itself reads it.
void check_against_openssl(std::string_view text, const jose::LoadedKeys& loaded) {
  const jose::BioPtr source(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  char no_passphrase[] = "";  // else OpenSSL asks for one at the terminal
  const jose::KeyPtr wanted(PEM_read_bio_PUBKEY(source.get(), nullptr, nullptr, no_passphrase));
  ERR_clear_error();
  const auto is_wanted = [&](const jose::Key& key) { return EVP_PKEY_eq(key.public_key.get(), wanted.get()) == 1; };
  const auto keys = loaded.keys.keys();
  require(!wanted || !loaded.skipped.empty() || std::any_of(keys.begin(), keys.end(), is_wanted),
          "the text's first public key is among the keys");
}

Verdict judge(std::string_view input) {
  const auto loaded = jose::parse_pem_keys(input);
  if (!loaded) {
    require(is_printable(loaded.error()), "a fault is told in printable words");
    return refused(loaded.error());
  }
  for (const jose::SkippedKey& skipped : loaded->skipped) {
    require(is_printable(skipped.name + skipped.reason), "a skipped key is told in printable words");
  }
  require(!loaded->keys.empty() || !loaded->skipped.empty(), "what is accepted holds a key");
  for (const jose::Key& key : loaded->keys.keys()) check_key(key, false);
  check_candidates(loaded->keys);
  check_against_openssl(input, *loaded);
  const auto twice = jose::parse_pem_keys(std::string(input) + "\n" + std::string(input));
  require(twice && twice->keys.same_keys(loaded->keys) && twice->skipped.size() == 2 * loaded->skipped.size(),
          "a text that stands there twice names the same keys");
  const auto damaged = jose::parse_pem_keys(std::string(input) + "\n-----BEGIN PUBLIC KEY-----\nMFkwEwYH");
  require(!damaged, "a damaged key is refused, not passed over");
  if (loaded->keys.empty()) return refused(loaded->skipped.front().reason);
  return accepted();
}

}  // namespace

POSTERN_FUZZ_TARGET("pem_keys")
