#include "conf/suggest.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace postern::conf {
namespace {

constexpr std::size_t longest_compared = 64;
constexpr std::size_t most_listed = 40;

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

std::string_view nearest(std::string_view written, std::span<const std::string_view> known) {
  if (written.size() > longest_compared) return {};
  std::string_view best;
  std::size_t best_distance = written.size() / 3 + 2;  // a third of the letters, and one more, may be wrong
  for (std::string_view name : known) {
    if (name.size() > longest_compared) continue;
    std::size_t distance = edit_distance(lower(written), lower(name));
    if (distance < best_distance && distance < name.size()) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

std::string suggestion(std::string_view written, std::span<const std::string_view> known) {
  if (std::string_view name = nearest(written, known); !name.empty()) {
    return std::string("; did you mean `").append(name).append("`?");
  }
  std::string out;
  for (std::size_t i = 0; i < std::min(known.size(), most_listed); ++i) {
    out.append(i == 0 ? "; known: `" : ", `").append(known[i]).append("`");
  }
  return out;
}

}  // namespace postern::conf
