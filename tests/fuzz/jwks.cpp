// A JWKS as a provider may send it. Accepted is a document with a usable key; every key that is used is sound.
#include "filters/jose/jwks.hpp"

#include <optional>

#include "tests/fuzz/key_checks.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace postern;
using namespace postern::fuzz;
using namespace postern::jose;

void check_set(const LoadedKeys& loaded, bool allow_secret) {
  for (const Key& key : loaded.keys.keys()) check_key(key, allow_secret);
  check_candidates(loaded.keys);
  for (const SkippedKey& skipped : loaded.skipped) {
    require(is_printable(skipped.name) && is_printable(skipped.reason) && !skipped.reason.empty(),
            "a key that is skipped is named with a printable reason");
  }
  require(loaded.keys.keys().size() + loaded.skipped.size() <= maximum_keys + 1, "a set holds at most so many keys");
  KeySet merged = loaded.keys;
  merged.merge(loaded.keys);
  require(merged.same_keys(loaded.keys), "a set holds no key twice");
}

Verdict judge(std::string_view input) {
  const auto from_url = parse_jwks(input, false);
  const auto from_file = parse_jwks(input, true);
  require(from_url.has_value() == from_file.has_value(), "a document is one wherever it comes from");
  if (!from_url) {
    require(is_printable(from_url.error()), "a fault is told in printable words");
    return refused(from_url.error());
  }
  check_set(*from_url, false);
  check_set(*from_file, true);
  for (const Key& key : from_url->keys.keys())
    require(from_file->keys.holds(key.thumbprint), "a file allows more keys");
  const auto again = parse_jwks(parse_json_with_list(input, "keys").value().document.to_text(), true);
  require(again && again->keys.same_keys(from_file->keys), "the same document gives the same keys");
  return from_url->keys.empty() ? refused("no usable key") : accepted();
}

}  // namespace

POSTERN_FUZZ_TARGET("jwks")
