#include "filters/refused_tokens.hpp"

#include <algorithm>
#include <utility>

namespace postern::filters {

std::size_t RefusedTokens::place_of(std::string_view token) const noexcept {
  // The end of a token is mostly its signature's. Who makes others of the same end drives out but his own.
  constexpr std::size_t hashed = 64;
  return siphash13(key_, token.substr(token.size() - std::min(token.size(), hashed))) % places;
}

const RefusedTokens::Entry* RefusedTokens::find(std::uint64_t filter, std::string_view token,
                                                double now) const noexcept {
  if (entries_.empty()) return nullptr;
  const Entry& entry = entries_[place_of(token)];
  const bool is_young = now >= entry.refused_at && now < entry.refused_at + lifetime;
  return is_young && entry.filter == filter && entry.token == token ? &entry : nullptr;
}

void RefusedTokens::insert(Entry entry) {
  if (entry.token.size() > longest) return;
  entries_.resize(places);
  entries_[place_of(entry.token)] = std::move(entry);
}

}  // namespace postern::filters
