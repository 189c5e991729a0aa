#include "conf/tenants.hpp"

#include <algorithm>

namespace postern::conf {

tl::expected<Placeholder, std::string> find_placeholder(std::string_view issuer) {
  constexpr const char* form = "holds braces that are not one `{tenant}`, a name of letters, digits and `_`";
  const std::size_t open = issuer.find('{');
  const std::size_t close = issuer.find('}');
  if (open == issuer.npos && close == issuer.npos) return Placeholder();
  if (open == issuer.npos || close == issuer.npos || close < open) return tl::unexpected(std::string(form));
  const std::string_view name = issuer.substr(open + 1, close - open - 1);
  const bool is_word = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  const bool is_last = issuer.find_first_of("{}", close + 1) == issuer.npos;
  if (!is_word || !is_last) return tl::unexpected(std::string(form));
  return Placeholder{open, close + 1 - open};
}

std::string with_tenant(std::string_view issuer, const Placeholder& placeholder, std::string_view tenant) {
  std::string out(issuer);
  return out.replace(placeholder.at, placeholder.size, tenant);
}

}  // namespace postern::conf
