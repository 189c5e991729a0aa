#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "conf/check.hpp"
#include "conf/tree.hpp"
#include "conf/url.hpp"

namespace postern::conf {
namespace {

constexpr std::string_view root = "token_service";

std::string at(std::string_view member) {
  return std::string(root).append(".").append(member);
}

void check_issuer(const TokenService& service, Problems& problems) {
  if (problems.is_settled(at("issuer"))) return;
  const auto url = parse_url(service.issuer);
  if (!url) return;
  if (!url->tls && !is_loopback_host(url->host)) {
    problems.add(at("issuer"), "must be https://; http:// is for loopback alone");
  } else if (url->target.find('?') != std::string::npos) {
    problems.add(at("issuer"), "has a query, which an issuer may not have");  // RFC 8414 section 2
  }
}

void check_verify_url(const TokenService& service, Problems& problems) {
  if (!service.verify_url || problems.is_settled(at("verify_url.url"))) return;
  const auto url = parse_url(service.verify_url->url);
  if (!url || url->tls || service.verify_url->allow_http || is_loopback_host(url->host)) return;
  problems.add(
      at("verify_url.url"),
      "is http:// to another host, where whoever stands between can read the passwords: write https://, or say "
      "`allow_http: true`");
}

// Revocations name tokens by their issuer: those of two would be taken for each other.
void check_other_issuers(const Config& config, Problems& problems) {
  for (const auto& [name, provider] : config.providers) {
    const auto& issuers = provider.issuer.names;
    if (std::find(issuers.begin(), issuers.end(), config.token_service->issuer) == issuers.end()) continue;
    problems.add(member_path("providers", name) + ".issuer", "is the token service's own");
  }
}

void check_lifetimes(const TokenService& service, Problems& problems) {
  if (service.refresh_lifetime < service.access_lifetime) {
    problems.add(at("refresh_lifetime"), "is shorter than `access_lifetime`: nothing could be refreshed");
  }
  if (service.session_lifetime < service.refresh_lifetime) {
    problems.add(at("session_lifetime"), "is shorter than `refresh_lifetime`");
  }
  if (service.signing_keys.publish_ahead * 2 > service.signing_keys.rotate_every) {
    problems.add(at("signing_keys.publish_ahead"), "is longer than half of `rotate_every`");
  }
}

// RFC 6265bis section 5.7: such a prefix asks for `Secure`, in whatever case it is written.
void check_plain_cookie(const SessionCookies& cookies, std::string_view key, std::string_view name,
                        Problems& problems) {
  const auto begins_with = [&](std::string_view prefix) {
    const auto same = [](char a, char b) { return lower(a) == lower(b); };
    return name.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), name.begin(), same);
  };
  if (cookies.secure || !(begins_with("__Host-") || begins_with("__Secure-"))) return;
  problems.add(at("cookies.") + std::string(key),
               "begins with a prefix that needs `secure`: browsers drop such cookies");
}

void check_cookies(const TokenService& service, Problems& problems) {
  const bool delivered = service.deliver != TokenDelivery::json;
  if (delivered && !service.cookies) {
    problems.add(at("deliver"), "needs `cookies`; an empty map `{}` takes the defaults");
  }
  if (!service.cookies) return;
  const SessionCookies& cookies = *service.cookies;
  if (!delivered) problems.add(at("cookies"), "says nothing with `deliver: json`");
  if (cookies.same_site == SameSite::none && !cookies.secure) {
    problems.add(at("cookies.same_site"), "`none` needs `secure`: browsers drop such cookies");
  }
  check_plain_cookie(cookies, "access_name", cookies.access_name, problems);
  check_plain_cookie(cookies, "refresh_name", cookies.refresh_name, problems);
  if (cookies.access_name == cookies.refresh_name) {
    problems.add(at("cookies.refresh_name"), "is the access token's cookie as well");
  }
}

void check_without_users(const TokenService& service, Problems& problems) {
  if (service.has_users() || service.clients.empty()) return;
  const std::string why = "says nothing without `users_file` or `verify_url`: nobody logs in";
  if (service.cookies) problems.add(at("cookies"), why);
  if (!service.access_claims.empty()) problems.add(at("access_claims"), why);
}

void check_access_claims(const TokenService& service, Problems& problems) {
  for (std::size_t i = 0; i < service.access_claims.size(); ++i) {
    if (!is_reserved_claim(service.access_claims[i])) continue;
    problems.add(item_path(at("access_claims"), i), "is the service's own to say");
  }
}

void check_store(const TokenService& service, Problems& problems) {
  check_state_store(service.store, at("store"), problems);
  const SigningKeys& keys = service.signing_keys;
  if (!keys.encryption_secret.empty() && keys.encryption_secret.reveal().size() < min_encryption_secret) {
    problems.add(at("signing_keys.encryption_secret"), "must have at least 32 bytes");
  }
  if (service.store.redis && keys.encryption_secret.empty() && keys.encryption_secret_file.empty()) {
    problems.add(at("signing_keys"),
                 "needs `encryption_secret_file` with a store in Redis, from which others could read the keys");
  }
}

// An exact path of the file would hide an endpoint, or be hidden by it; and so would a template without names, which is
// one.
void check_endpoints(const Config& config, Problems& problems) {
  if (config.token_service->path.ends_with('/')) {
    problems.add(at("path"), "ends with `/`; the endpoints' names follow after one");
  }
  const auto endpoints = token_endpoints(*config.token_service);
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    const RouteMatch& match = config.routes[i].match;
    const auto check = [&](const std::string& path, const char* key) {
      const auto is_there = [&](const TokenEndpoint& endpoint) { return endpoint.path == path; };
      if (std::none_of(endpoints.begin(), endpoints.end(), is_there)) return;
      problems.add(item_path("routes", i) + key, "is an endpoint of `token_service`");
    };
    check(match.path, ".match.path");
    check(match.path_template, ".match.path_template");
  }
}

}  // namespace

bool is_reserved_claim(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 16> reserved = {"iss", "sub",       "aud",      "exp",   "iat", "nbf",
                                                         "jti", "client_id", "sid",      "scope", "scp", "auth_time",
                                                         "cnf", "act",       "typ",      "token_use"};
  return std::find(reserved.begin(), reserved.end(), name) != reserved.end();
}

std::vector<TokenEndpoint> token_endpoints(const TokenService& service) {
  using Kind = TokenEndpoint::Kind;
  std::vector<TokenEndpoint> endpoints;
  const auto add = [&](Kind kind, std::string_view name) {
    endpoints.push_back({kind, name, service.path + '/' + std::string(name), "POST"});
  };
  if (service.has_users()) {
    add(Kind::login, "login");
    add(Kind::refresh, "refresh");
    add(Kind::logout, "logout");
  }
  add(Kind::token, "token");
  add(Kind::revoke, "revoke");
  add(Kind::introspect, "introspect");
  endpoints.push_back({Kind::jwks, "jwks", service.path + "/jwks.json", "GET"});
  endpoints.push_back({Kind::metadata, "metadata", metadata_path(service), "GET"});
  return endpoints;
}

std::string metadata_path(const TokenService& service) {
  const auto url = parse_url(service.issuer);
  std::string path = url ? url->target : std::string();
  if (path.ends_with('/')) path.pop_back();
  return "/.well-known/oauth-authorization-server" + path;
}

void check_token_service(const Config& config, Problems& problems) {
  if (!config.token_service) return;
  const TokenService& service = *config.token_service;
  if (config.providers.contains(std::string(token_service_name))) {
    problems.add(member_path("providers", std::string(token_service_name)),
                 "the name stands for the token service itself");
  }
  check_issuer(service, problems);
  check_other_issuers(config, problems);
  check_verify_url(service, problems);
  check_lifetimes(service, problems);
  check_store(service, problems);
  check_cookies(service, problems);
  check_access_claims(service, problems);
  check_without_users(service, problems);
  check_endpoints(config, problems);
  check_token_clients(service, problems);
}

}  // namespace postern::conf
