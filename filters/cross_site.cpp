#include "filters/cross_site.hpp"

namespace postern::filters {
namespace {

// `https://app.example.com:8443` -> `app.example.com:8443`; empty for `null` and everything that is no origin.
std::string_view host_of_origin(std::string_view origin) noexcept {
  const std::size_t scheme_end = origin.find("://");
  return scheme_end == std::string_view::npos ? std::string_view{} : origin.substr(scheme_end + 3);
}

}  // namespace

bool is_cross_site(const http::RequestHead& head) noexcept {
  if (const http::Field* site = head.fields.find(http::KnownField::sec_fetch_site)) {
    return site->value != "same-origin" && site->value != "none";
  }
  const http::Field* origin = head.fields.find(http::KnownField::origin);
  if (origin == nullptr) return false;
  const std::string_view host = host_of_origin(origin->value);
  return host.empty() || !http::equals_folded(host, head.authority);
}

}  // namespace postern::filters
