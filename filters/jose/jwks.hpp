// A set of keys (RFC 7517 section 5) and the rule that picks one.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "filters/jose/jwk.hpp"

namespace postern::jose {

struct SkippedKey {
  std::string name;  // its kid, or "#3" for the third of the document when it has none to be trusted
  std::string reason;
};

// The keys that may verify one token; a small array, so that choosing them allocates nothing.
class Candidates {
 public:
  static constexpr std::size_t capacity = 8;

  const Key* const* begin() const noexcept { return keys_.data(); }
  const Key* const* end() const noexcept { return keys_.data() + size_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  // Two different keys of the token's `kid` fit, so neither may be used.
  bool ambiguous() const noexcept { return ambiguous_; }

 private:
  friend class KeySet;
  void add(const Key& key) noexcept;
  void make_ambiguous() noexcept;

  std::array<const Key*, capacity> keys_{};
  std::size_t size_ = 0;
  bool ambiguous_ = false;
};

class KeySet {
 public:
  KeySet() = default;
  explicit KeySet(std::vector<Key> keys);  // identical keys collapse

  // The keys that may verify a token with this `kid` and algorithm. With a kid: that of the key of that kid that fits,
  // none when two different ones do (ambiguous); when no key has that kid, the keys without any (from PEM or a secret
  // file). Without: every key that fits. At most Candidates::capacity, different ones.
  Candidates candidates(std::string_view kid, const Algorithm& algorithm) const noexcept;

  // Whether any key has this kid, fitting or not.
  bool knows(std::string_view kid) const noexcept;

  // Whether a key of this thumbprint is in the set: what it verified before is still its word.
  bool holds(const Thumbprint& thumbprint) const noexcept;

  // The same keys with the same restrictions, in whatever order.
  bool same_keys(const KeySet& other) const noexcept;

  std::span<const Key> keys() const noexcept { return keys_; }
  bool empty() const noexcept { return keys_.empty(); }

  // Adds the keys of another source (several files of one provider).
  void merge(const KeySet& other);

 private:
  void add(Key key);

  std::vector<Key> keys_;
};

struct LoadedKeys {
  KeySet keys;
  std::vector<SkippedKey> skipped;
};

// Keys of one document beyond this many are skipped.
inline constexpr std::size_t maximum_keys = 500;

// Reads a JWKS document, or a single JWK. An odd key is skipped and named, it never takes the good ones down: neither
// when it is no key for us, nor when there are two members of one name, or a lone surrogate, anywhere in it (as far as
// parse_json_with_list() reads on). An error only when the document itself is no JSON object with `keys`, or exceeds
// JsonLimits.
tl::expected<LoadedKeys, std::string> parse_jwks(std::string_view text, bool allow_secret);

}  // namespace postern::jose
