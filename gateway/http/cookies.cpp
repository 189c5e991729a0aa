#include "gateway/http/cookies.hpp"

#include <algorithm>

#include "gateway/http/list_parts.hpp"

namespace postern::http {
namespace {

// Whether this `name=value` may be taken for one of these cookies by anybody. Browsers keep `=name=value` as a cookie
// without a name and send it as `name=value` (RFC 6265bis section 5.8.3).
bool is_one_of(std::string_view pair, std::span<const std::string> names) noexcept {
  pair.remove_prefix(std::min(pair.find_first_not_of("= \t"), pair.size()));
  const std::string_view name = trim(split_pair(pair).name);
  return std::any_of(names.begin(), names.end(), [&](std::string_view wanted) { return equals_folded(name, wanted); });
}

bool holds_one_of(std::string_view list, std::span<const std::string> names) noexcept {
  while (!list.empty()) {
    if (is_one_of(take_part(list, ';'), names)) return true;
  }
  return false;
}

}  // namespace

tl::expected<std::string_view, Refusal> read_cookie(const RequestHead& head, std::string_view name) {
  std::string_view value;
  bool seen = false;
  for (const Field& field : head.fields) {
    if (field.removed || field.known != KnownField::cookie) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const NameAndValue pair = split_pair(take_part(rest, ';'));
      if (trim(pair.name) != name) continue;
      if (seen) return tl::unexpected(Refusal(Reason::token_multiple, "two cookies " + std::string(name)));
      seen = true;
      value = trim(pair.value);
    }
  }
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  return value;
}

void remove_cookies(RequestHead& head, std::span<const std::string> names, std::pmr::memory_resource& memory) {
  for (Field& field : head.fields) {
    if (field.removed || field.known != KnownField::cookie || !holds_one_of(field.value, names)) continue;
    const auto rest =
        without_parts(field.value, "; ", memory, [&](std::string_view pair) { return is_one_of(pair, names); });
    field.value = rest.text;
    field.removed = rest.text.empty();
  }
}

void remove_set_cookies(ResponseHead& head, std::span<const std::string> names) {
  for (Field& field : head.fields) {
    if (!equals_folded(field.name, "Set-Cookie")) continue;
    std::string_view rest = field.value;
    if (is_one_of(take_part(rest, ';'), names)) field.removed = true;
  }
}

}  // namespace postern::http
