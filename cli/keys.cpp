#include "cli/keys.hpp"

#include <array>
#include <ctime>
#include <optional>
#include <vector>

#include "base/json.hpp"
#include "cli/text.hpp"

namespace postern::cli {
namespace {

constexpr std::size_t columns = 6;
using KeyRow = std::array<std::string, columns>;

struct Column {
  const char* member;
  const char* heading;
  bool is_time;
};

constexpr std::array<Column, columns> shown = {{{"kid", "KID", false},
                                                {"alg", "ALG", false},
                                                {"phase", "PHASE", false},
                                                {"signs_from", "SIGNS FROM", true},
                                                {"signs_until", "SIGNS UNTIL", true},
                                                {"retired", "RETIRED", true}}};

// `2026-01-31T12:00:00Z` (RFC 3339), which has four digits for the year.
std::optional<std::string> time_text(const Json& value) {
  constexpr double year_10000 = 253'402'300'800;
  const std::optional<double> seconds = value.as_double();
  if (!seconds || *seconds < 0 || *seconds >= year_10000) return std::nullopt;
  const auto time = static_cast<std::time_t>(*seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  return std::string(text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
}

std::optional<KeyRow> row_of(const Json& key) {
  KeyRow row;
  for (std::size_t i = 0; i < columns; ++i) {
    const Json* const member = key.find(shown[i].member);
    if (member == nullptr) return std::nullopt;
    std::optional<std::string> text;
    if (shown[i].is_time) {
      text = time_text(*member);
    } else if (member->string() != nullptr) {
      text = *member->string();
    }
    if (!text) return std::nullopt;
    row[i] = std::move(*text);
  }
  return row;
}

}  // namespace

tl::expected<std::string, std::string> keys_table(std::string_view answer) {
  const auto refused = tl::unexpected(std::string("the admin listener's answer is no list of signing keys"));
  const auto json = parse_json(answer);
  const Json* const keys = json ? json->find("keys") : nullptr;
  if (keys == nullptr || keys->array() == nullptr) return refused;
  KeyRow headings;
  for (std::size_t i = 0; i < columns; ++i) headings[i] = shown[i].heading;
  std::vector<KeyRow> rows{std::move(headings)};
  for (const Json& key : *keys->array()) {
    auto row = row_of(key);
    if (!row) return refused;
    rows.push_back(std::move(*row));
  }
  std::string text = aligned(rows);
  const Json* const error = json->find("error");
  if (error != nullptr && error->string() != nullptr) {
    text += "As the gateway remembers them; its store: " + *error->string() + "\n";
  }
  return text;
}

}  // namespace postern::cli
