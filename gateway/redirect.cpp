#include "gateway/redirect.hpp"

#include <string_view>

namespace postern {

std::string redirect_target(const conf::Redirect& redirect, const http::RequestHead& request) {
  constexpr std::string_view path = "{path}";
  constexpr std::string_view query = "{query}";
  std::string target;
  // In one pass from the left: what is put in is never looked at again.
  for (std::string_view rest = redirect.to; !rest.empty();) {
    if (rest.starts_with(path)) {
      target += request.path;
      rest.remove_prefix(path.size());
    } else if (rest.starts_with(query)) {
      if (request.has_query) target.append("?").append(request.query);
      rest.remove_prefix(query.size());
    } else {
      target += rest.front();
      rest.remove_prefix(1);
    }
  }
  return target;
}

}  // namespace postern
