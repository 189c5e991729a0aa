#include <algorithm>
#include <array>

#include "conf/check.hpp"
#include "conf/scalars.hpp"
#include "conf/tenants.hpp"
#include "conf/tree.hpp"
#include "conf/url.hpp"

namespace postern::conf {
namespace {

constexpr std::string_view other_ways =
    "give `jwks_uri` or `discovery_url`, or the keys in `jwks_file`, `pem_file`, `secret_file` or `secret`";

constexpr auto key_members = std::to_array<std::string_view>({"jwks_file", "pem_file", "secret_file", "secret"});

std::string member(const std::string& path, std::string_view key) {
  return std::string(path).append(".").append(key);
}

// The first member that gives keys; empty without one.
std::string_view given_keys(const Provider& provider) {
  const std::array<bool, key_members.size()> given = {!provider.jwks_file.empty(), !provider.pem_file.empty(),
                                                      !provider.secret_file.empty(), !provider.secret.empty()};
  const auto first = std::find(given.begin(), given.end(), true);
  return first == given.end() ? std::string_view() : key_members[static_cast<std::size_t>(first - given.begin())];
}

// The members about fetching that were changed. At its default a member says nothing wrong: `config print` writes it.
std::vector<std::string_view> changed_settings(const Provider& provider) {
  const Provider fallback;
  const std::pair<std::string_view, bool> settings[] = {
      {"min_refresh", provider.min_refresh != fallback.min_refresh},
      {"max_refresh", provider.max_refresh != fallback.max_refresh},
      {"max_stale", provider.max_stale != fallback.max_stale},
      {"unknown_kid_cooldown", provider.unknown_kid_cooldown != fallback.unknown_kid_cooldown},
      {"fetch_timeout", provider.fetch_timeout != fallback.fetch_timeout},
      {"allow_http", provider.allow_http},
      {"allow_link_local", provider.allow_link_local},
      {"ca_file", !provider.ca_file.empty()},
      {"certificate_file", !provider.certificate_file.empty()},
      {"key_file", !provider.key_file.empty()},
      {"fetch_headers_file", !provider.fetch_headers_file.empty()},
      {"proxy", !provider.proxy.empty()},
  };
  std::vector<std::string_view> changed;
  for (const auto& [key, is_changed] : settings) {
    if (is_changed) changed.push_back(key);
  }
  return changed;
}

void check_beside_files(const Provider& provider, std::string_view keys, const std::string& path, Problems& problems) {
  const auto add = [&](std::string_view key, std::string message) {
    const std::string place = member(path, key);
    if (!problems.is_settled(place)) problems.add(place, std::move(message));
  };
  const std::string beside =
      std::string("cannot stand beside `").append(keys).append("`: keys come from files or from URLs");
  if (!provider.jwks_uri.empty()) add("jwks_uri", beside);
  if (!provider.discovery_url.empty()) add("discovery_url", beside);
  for (std::string_view key : changed_settings(provider)) add(key, "says nothing when the keys come from files");
}

// What stands in the way of fetching from `text`; nothing when it can be done.
std::optional<std::string> judge_source(const std::string& text, bool allow_http) {
  const auto url = parse_url(text);
  if (!url) return url.error();
  if (url->tls || allow_http || is_loopback_host(url->host)) return std::nullopt;
  return "is http:// to another host, where whoever stands between can exchange the keys: write https://, or say "
         "`allow_http: true`";
}

void check_source_url(const Provider& provider, const std::string& text, const std::string& place, Problems& problems) {
  if (text.empty() || problems.is_settled(place)) return;
  if (text.find_first_of("{}") != text.npos) {
    problems.add(place, "holds braces; only `issuer` has a placeholder for tenants");
  } else if (auto complaint = judge_source(text, provider.allow_http)) {
    problems.add(place, std::move(*complaint));
  }
}

// Discovery appends to the issuer's path, so that a query would end up in the middle.
std::optional<std::string> judge_issuer(const std::string& issuer, bool allow_http) {
  if (issuer.find("://") == issuer.npos)
    return std::string("is no URL, so that nobody can ask it for keys: ").append(other_ways);
  auto complaint = judge_source(issuer, allow_http);
  if (!complaint && issuer.find('?') != issuer.npos)
    return std::string("has a query, so that its metadata cannot be found: ").append(other_ways);
  return complaint;
}

void check_issuer(const Provider& provider, const std::string& issuer, const std::string& place, Problems& problems) {
  if (problems.is_settled(place)) return;
  const auto placeholder = find_placeholder(issuer);
  if (!placeholder) return;
  if (placeholder->size == 0) {
    if (auto complaint = judge_issuer(issuer, provider.allow_http)) problems.add(place, std::move(*complaint));
    return;
  }
  for (const std::string& tenant : provider.tenants) {
    auto complaint = judge_issuer(with_tenant(issuer, *placeholder, tenant), provider.allow_http);
    if (complaint) return problems.add(place, "with the tenant `" + tenant + "`: " + *complaint);
  }
}

// The first issuer is asked for the keys of all.
void check_discovery(const Provider& provider, const std::string& path, Problems& problems) {
  const std::string place = path + ".issuer";
  if (provider.issuer.any) {
    problems.add(place, std::string("`any` does not say whom to ask for keys: ").append(other_ways));
  }
  if (provider.issuer.names.empty() || problems.is_settled(path + ".tenants")) return;
  check_issuer(provider, provider.issuer.names.front(), name_path(provider.issuer, 0, place, problems), problems);
}

struct Time {
  std::string_view key;
  Duration value;
};

// Tells it where a value was written: one of the two may be a default.
void check_order(const Time& less, const Time& more, const std::string& path, Problems& problems) {
  const std::string place_of_less = member(path, less.key), place_of_more = member(path, more.key);
  if (less.value <= more.value || problems.is_settled(place_of_less) || problems.is_settled(place_of_more)) return;
  const bool is_more_given = problems.places().has(place_of_more);
  const Time& other = is_more_given ? less : more;
  std::string message = is_more_given ? "must be at least `" : "must be at most `";
  message.append(other.key).append("`, which is `").append(format_duration(other.value)).append("`");
  problems.add(is_more_given ? place_of_more : place_of_less, std::move(message));
}

void check_fetching(const Provider& provider, const std::string& path, Problems& problems) {
  check_source_url(provider, provider.jwks_uri, path + ".jwks_uri", problems);
  check_source_url(provider, provider.discovery_url, path + ".discovery_url", problems);
  const bool is_url_settled = problems.is_settled(path + ".jwks_uri") || problems.is_settled(path + ".discovery_url");
  if (provider.jwks_uri.empty() && provider.discovery_url.empty() && !is_url_settled) {
    check_discovery(provider, path, problems);
  }
  check_order({"min_refresh", provider.min_refresh}, {"max_refresh", provider.max_refresh}, path, problems);
  check_order({"max_refresh", provider.max_refresh}, {"max_stale", provider.max_stale}, path, problems);
}

}  // namespace

void check_key_source(const Provider& provider, const std::string& path, Problems& problems) {
  const std::string_view keys = given_keys(provider);
  if (!keys.empty()) return check_beside_files(provider, keys, path, problems);
  // Keys that were meant but could not be read have their error already.
  const bool meant = std::any_of(key_members.begin(), key_members.end(),
                                 [&](std::string_view key) { return problems.is_settled(member(path, key)); });
  if (!meant) check_fetching(provider, path, problems);
}

}  // namespace postern::conf
