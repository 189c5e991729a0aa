#include "filters/cross_site.hpp"

#include <doctest/doctest.h>

using namespace postern;

namespace {

bool cross_site(std::string_view sec_fetch_site, std::string_view origin, std::string_view host = "app.example.com") {
  http::RequestHead head;
  head.authority = host;
  if (!sec_fetch_site.empty()) head.fields.add("Sec-Fetch-Site", sec_fetch_site);
  if (!origin.empty()) head.fields.add("Origin", origin);
  return filters::is_cross_site(head);
}

}  // namespace

TEST_CASE("Sec-Fetch-Site decides where it is present") {
  CHECK_FALSE(cross_site("same-origin", ""));
  CHECK_FALSE(cross_site("none", ""));
  CHECK(cross_site("cross-site", ""));
  CHECK(cross_site("same-site", ""));
  CHECK(cross_site("nonsense", ""));
  CHECK_FALSE(cross_site("same-origin", "https://evil.example"));
  CHECK(cross_site("cross-site", "https://app.example.com"));
}

TEST_CASE("without Sec-Fetch-Site the Origin's host must equal Host") {
  CHECK_FALSE(cross_site("", "https://app.example.com"));
  CHECK_FALSE(cross_site("", "https://APP.example.com"));
  CHECK_FALSE(cross_site("", "https://app.example.com:8443", "app.example.com:8443"));
  CHECK(cross_site("", "https://app.example.com:8443"));
  CHECK(cross_site("", "https://app.example.com.evil.example"));
  CHECK(cross_site("", "null"));
  CHECK(cross_site("", "https://", ""));
}

TEST_CASE("a request with neither comes from no browser") {
  CHECK_FALSE(cross_site("", ""));
}
