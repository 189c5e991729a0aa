#include "filters/keys/discovery.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "conf/tenants.hpp"
#include "conf/url.hpp"
#include "filters/jose/issuer.hpp"

namespace postern::keys {
namespace {

constexpr std::string_view oidc_suffix = "/.well-known/openid-configuration";
constexpr std::string_view oauth_suffix = "/.well-known/oauth-authorization-server";

std::string_view without_final_slash(std::string_view text) {
  return text.substr(0, text.size() - (text.ends_with('/') ? 1 : 0));
}

std::string join(std::string_view first, std::string_view second, std::string_view third = {}) {
  return std::string(first).append(second).append(third);
}

// The member of that name when it is a string with anything in it.
const std::string* find_text(const Json& object, std::string_view name) {
  const Json* const member = object.find(name);
  const std::string* const text = member == nullptr ? nullptr : member->string();
  return text == nullptr || text->empty() ? nullptr : text;
}

}  // namespace

std::vector<std::string> metadata_urls(std::string_view issuer) {
  if (!conf::parse_url(issuer) || issuer.find('?') != issuer.npos) return {};
  issuer = without_final_slash(issuer);
  const std::size_t path_at = std::min(issuer.find('/', issuer.find("://") + 3), issuer.size());
  const std::string_view origin = issuer.substr(0, path_at), path = issuer.substr(path_at);
  std::vector<std::string> urls{join(issuer, oidc_suffix), join(origin, oauth_suffix, path)};
  if (!path.empty()) urls.push_back(join(origin, oidc_suffix, path));
  return urls;
}

tl::expected<std::string, std::string> read_metadata(std::string_view document, std::span<const std::string> issuers) {
  const auto json = parse_json(document);
  if (!json) return tl::unexpected("the metadata is no JSON: " + json.error().message);
  if (json->object() == nullptr) return tl::unexpected(std::string("the metadata is no JSON object"));
  if (!issuers.empty()) {
    const std::string* const issuer = find_text(*json, "issuer");
    if (issuer == nullptr) return tl::unexpected(std::string("the metadata has no `issuer`"));
    if (std::find(issuers.begin(), issuers.end(), *issuer) == issuers.end()) {
      return tl::unexpected(jose::issuer_mismatch("the metadata's `issuer`", *issuer, issuers));
    }
  }
  const std::string* const uri = find_text(*json, "jwks_uri");
  if (uri == nullptr) return tl::unexpected(std::string("the metadata has no `jwks_uri`"));
  return *uri;
}

std::vector<std::string> expand_tenants(std::string_view issuer, std::span<const std::string> tenants) {
  const auto placeholder = conf::find_placeholder(issuer);
  if (!placeholder || placeholder->size == 0 || tenants.empty()) return {std::string(issuer)};
  std::vector<std::string> issuers;
  issuers.reserve(tenants.size());
  for (const std::string& tenant : tenants) issuers.push_back(conf::with_tenant(issuer, *placeholder, tenant));
  return issuers;
}

}  // namespace postern::keys
