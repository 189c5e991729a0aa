#include <algorithm>

#include "gateway/http/header_rules.hpp"
#include "gateway/http/syntax.hpp"

namespace postern::http {
namespace {

// Orders a name as received against a folded one: negative, zero or positive.
int compare_folded(std::string_view name, std::string_view folded) noexcept {
  const std::size_t common = std::min(name.size(), folded.size());
  for (std::size_t i = 0; i < common; ++i) {
    const int difference = static_cast<unsigned char>(fold_name(name[i])) - static_cast<unsigned char>(folded[i]);
    if (difference != 0) return difference;
  }
  return name.size() == folded.size() ? 0 : name.size() < folded.size() ? -1 : 1;
}

}  // namespace

void HeaderNameSet::add(std::string_view name) {
  std::string folded(name);
  std::transform(folded.begin(), folded.end(), folded.begin(), fold_name);
  lengths_ |= length_bit(folded.size());
  const auto place = std::lower_bound(names_.begin(), names_.end(), folded);
  if (place == names_.end() || *place != folded) names_.insert(place, std::move(folded));
}

bool HeaderNameSet::find(std::string_view name) const noexcept {
  const auto place = std::partition_point(names_.begin(), names_.end(),
                                          [&](const std::string& folded) { return compare_folded(name, folded) > 0; });
  return place != names_.end() && compare_folded(name, *place) == 0;
}

}  // namespace postern::http
