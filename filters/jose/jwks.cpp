#include "filters/jose/jwks.hpp"

#include <algorithm>

#include "filters/jose/detail.hpp"

namespace postern::jose {
namespace {

// Same material and same restrictions: listing it twice says nothing new.
bool is_identical(const Key& a, const Key& b) {
  return a.thumbprint == b.thumbprint && a.kid == b.kid && a.alg == b.alg && a.use == b.use && a.key_ops == b.key_ops;
}

std::string place_of_key(std::size_t index) {
  return "#" + std::to_string(index + 1);
}

std::string name_of_key(const Json& jwk, std::size_t index) {
  const Json* kid = jwk.find("kid");
  if (kid != nullptr && kid->string() != nullptr && !kid->string()->empty()) return quoted(*kid->string());
  return place_of_key(index);
}

void read_key(const Json& jwk, std::size_t index, bool allow_secret, std::vector<Key>& keys,
              std::vector<SkippedKey>& skipped) {
  auto key = parse_jwk(jwk, allow_secret);
  if (key) {
    keys.push_back(std::move(*key));
  } else {
    skipped.push_back({name_of_key(jwk, index), std::move(key.error())});
  }
}

}  // namespace

void Candidates::add(const Key& key) noexcept {
  const auto same = [&](const Key* other) { return other->thumbprint == key.thumbprint; };
  if (size_ < capacity && std::none_of(begin(), end(), same)) keys_[size_++] = &key;
}

void Candidates::make_ambiguous() noexcept {
  size_ = 0;
  ambiguous_ = true;
}

KeySet::KeySet(std::vector<Key> keys) {
  keys_.reserve(keys.size());
  for (Key& key : keys) add(std::move(key));
}

void KeySet::add(Key key) {
  const auto same = [&](const Key& other) { return is_identical(other, key); };
  if (std::none_of(keys_.begin(), keys_.end(), same)) keys_.push_back(std::move(key));
}

void KeySet::merge(const KeySet& other) {
  for (const Key& key : other.keys_) add(key);
}

bool KeySet::knows(std::string_view kid) const noexcept {
  return std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) { return key.kid == kid; });
}

bool KeySet::holds(const Thumbprint& thumbprint) const noexcept {
  return std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) { return key.thumbprint == thumbprint; });
}

bool KeySet::same_keys(const KeySet& other) const noexcept {
  return keys_.size() == other.keys_.size() && std::all_of(keys_.begin(), keys_.end(), [&](const Key& key) {
           return std::any_of(other.keys_.begin(), other.keys_.end(),
                              [&](const Key& theirs) { return is_identical(key, theirs); });
         });
}

Candidates KeySet::candidates(std::string_view kid, const Algorithm& algorithm) const noexcept {
  // A key without a kid is for every kid that no other key has: files of PEM keys and secrets name none.
  const bool named = !kid.empty() && knows(kid);
  const bool any_kid = kid.empty();
  Candidates found;
  for (const Key& key : keys_) {
    const bool of_kid = any_kid || (named ? key.kid == kid : key.kid.empty());
    if (of_kid && key.fits(algorithm)) found.add(key);
  }
  if (named && found.size() > 1) found.make_ambiguous();
  return found;
}

tl::expected<LoadedKeys, std::string> parse_jwks(std::string_view text, bool allow_secret) {
  const auto parsed = parse_json_with_list(text, "keys");
  if (!parsed) {
    return tl::unexpected("it is not JSON: " + parsed.error().message + " (at byte " +
                          std::to_string(parsed.error().offset) + ")");
  }
  const Json& document = parsed->document;
  LoadedKeys loaded;
  std::vector<Key> keys;
  const Json* members = document.find("keys");
  if (members != nullptr && members->array() != nullptr) {
    const Json::Array& list = *members->array();
    auto odd = parsed->odd.begin();
    for (std::size_t i = 0; i < std::min(list.size(), maximum_keys); ++i) {
      if (odd != parsed->odd.end() && odd->index == i) {
        loaded.skipped.push_back({place_of_key(i), (odd++)->reason});
      } else {
        read_key(list[i], i, allow_secret, keys, loaded.skipped);
      }
    }
    if (list.size() > maximum_keys) {
      loaded.skipped.push_back({"#" + std::to_string(maximum_keys + 1) + " and the rest",
                                "a set holds at most " + std::to_string(maximum_keys) + " keys"});
    }
  } else if (members == nullptr && document.find("kty") != nullptr) {
    read_key(document, 0, allow_secret, keys, loaded.skipped);
  } else {
    return tl::unexpected(std::string("it is no JSON object with an array `keys`"));
  }
  loaded.keys = KeySet(std::move(keys));
  return loaded;
}

}  // namespace postern::jose
