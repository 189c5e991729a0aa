#include "filters/keys/discovery.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "conf/tenants.hpp"
#include "conf/url.hpp"
#include "gateway/http/syntax.hpp"

namespace postern::keys {
namespace {

constexpr std::string_view oidc_suffix = "/.well-known/openid-configuration";
constexpr std::string_view oauth_suffix = "/.well-known/oauth-authorization-server";

// What a stranger's document says is shown up to here.
constexpr std::size_t most_shown = 256;

std::string_view without_final_slash(std::string_view text) {
  return text.substr(0, text.size() - (text.ends_with('/') ? 1 : 0));
}

std::string join(std::string_view first, std::string_view second, std::string_view third = {}) {
  return std::string(first).append(second).append(third);
}

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text.substr(0, most_shown));
  return text.size() > most_shown ? out + "..." : out;
}

bool equals_but_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char c, char d) { return http::lower(c) == http::lower(d); });
}

// `differs from the configured issuer "X" only by ...`, or empty.
std::string difference(std::string_view iss, std::span<const std::string> issuers) {
  if (std::find(issuers.begin(), issuers.end(), iss) != issuers.end()) return {};
  for (const std::string& issuer : issuers) {
    const std::string_view ours = without_final_slash(issuer), theirs = without_final_slash(iss);
    if (!equals_but_case(ours, theirs)) continue;
    const bool slash = issuer.ends_with('/') != iss.ends_with('/');
    const std::string_view what = !slash ? "case" : ours == theirs ? "a final slash" : "a final slash and case";
    return join("differs from the configured issuer ", quoted(issuer), " only by ").append(what);
  }
  return {};
}

std::string wrong_issuer(std::string_view iss, std::span<const std::string> issuers) {
  std::string sentence = join("the metadata's issuer ", quoted(iss));
  if (const std::string near = difference(iss, issuers); !near.empty()) return sentence + ' ' + near;
  if (issuers.size() == 1) return sentence.append(" is not the configured ").append(quoted(issuers.front()));
  sentence += " is none of the " + std::to_string(issuers.size()) + " configured, such as " + quoted(issuers.front());
  return sentence;
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
      return tl::unexpected(wrong_issuer(*issuer, issuers));
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

std::string near_miss(std::string_view iss, std::span<const std::string> issuers) {
  const std::string near = difference(iss, issuers);
  return near.empty() ? near : "iss " + near;
}

}  // namespace postern::keys
