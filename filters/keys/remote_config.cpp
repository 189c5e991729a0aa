#include "filters/keys/remote_config.hpp"

#include <cstdlib>
#include <utility>

#include "conf/load.hpp"
#include "conf/tree.hpp"
#include "filters/keys/discovery.hpp"
#include "gateway/http/syntax.hpp"

namespace postern::keys {
namespace {

std::string variable(const char* lower, const char* upper) {
  for (const char* name : {lower, upper}) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

// Several tenants share their keys; a document of one that serves them all names the issuer as a template.
void locate(const conf::Provider& provider, RemoteConfig& config) {
  config.issuers = accepted_issuers(provider);
  if (!provider.tenants.empty()) {
    config.issuers.insert(config.issuers.end(), provider.issuer.names.begin(), provider.issuer.names.end());
  }
  if (!provider.jwks_uri.empty()) {
    config.jwks_uri = conf::parse_url(provider.jwks_uri).value();
    config.document = config.jwks_uri->to_text();
    return;
  }
  std::vector<std::string> urls{provider.discovery_url};
  if (provider.discovery_url.empty()) urls = metadata_urls(config.issuers.front());
  for (const std::string& url : urls) {
    config.metadata.push_back(conf::parse_url(url).value());
    config.document += config.metadata.back().to_text() + ' ';
  }
  for (const std::string& issuer : config.issuers) config.document += issuer + ' ';
}

// Providers of one identity are served by one fetch.
std::string identity_of(const conf::Provider& provider, const RemoteConfig& config) {
  std::string identity = config.document;
  for (const conf::FilePath* file : {&provider.ca_file, &provider.certificate_file, &provider.key_file}) {
    identity += '\n' + file->resolved;
  }
  for (const auto& [name, value] : config.fetch.headers) identity.append("\n").append(name).append(":").append(value);
  identity += '\n' + provider.proxy;
  identity += provider.allow_http ? "\nhttp" : "\n";
  identity += provider.allow_link_local ? "\nlink-local" : "\n";
  return identity;
}

}  // namespace

bool has_remote_keys(const conf::Provider& provider) {
  return provider.jwks_file.empty() && provider.pem_file.empty() && provider.secret_file.empty() &&
         provider.secret.empty();
}

std::vector<std::string> accepted_issuers(const conf::Provider& provider) {
  std::vector<std::string> issuers;
  for (const std::string& issuer : provider.issuer.names) {
    const auto expanded = expand_tenants(issuer, provider.tenants);
    issuers.insert(issuers.end(), expanded.begin(), expanded.end());
  }
  return issuers;
}

void read_headers(const conf::FilePath& file, const std::string& path, FetchOptions& options,
                  conf::Problems& problems) {
  const auto text = conf::read_file(file.resolved);
  if (!text) return problems.add(path, text.error());
  std::string_view rest = *text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = colon == line.npos ? "" : http::trim(line.substr(colon + 1));
    if (colon == line.npos || !http::is_field_name(name) || !http::is_field_value(value)) {
      return problems.add(path, file.written + ": line " + std::to_string(number) + " is no `Name: value`");
    }
    options.headers.emplace_back(name, value);
  }
}

ProxySettings proxy_from_environment() {
  return {.configured = {},
          .https_proxy = variable("https_proxy", "HTTPS_PROXY"),
          .http_proxy = variable("http_proxy", "HTTP_PROXY"),
          .no_proxy = variable("no_proxy", "NO_PROXY")};
}

std::optional<RemoteConfig> make_remote_config(const std::string& name, const conf::Provider& provider,
                                               const conf::FilePath& kept_in, conf::Problems& problems) {
  const std::string path = conf::member_path("providers", name);
  const bool is_settled = problems.is_settled(path);
  const std::size_t errors_before = problems.errors().size();
  RemoteConfig config;
  config.name = name;
  FetchOptions& fetch = config.fetch;
  conf::UpstreamTls tls;
  tls.ca_file = provider.ca_file;
  tls.certificate_file = provider.certificate_file;
  tls.key_file = provider.key_file;
  fetch.tls = ClientTls::make(tls, path, problems);
  if (!provider.fetch_headers_file.empty()) {
    read_headers(provider.fetch_headers_file, path + ".fetch_headers_file", fetch, problems);
  }
  if (is_settled || problems.errors().size() != errors_before) return std::nullopt;
  locate(provider, config);
  fetch.proxy = proxy_from_environment();
  fetch.proxy.configured = provider.proxy;
  fetch.timeout = provider.fetch_timeout;
  fetch.allow_http = provider.allow_http;
  fetch.allow_link_local = provider.allow_link_local;
  config.limits.min_refresh = provider.min_refresh;
  config.limits.max_refresh = provider.max_refresh;
  config.limits.max_stale = provider.max_stale;
  config.limits.unknown_kid_cooldown = provider.unknown_kid_cooldown;
  config.kept_in = kept_in.resolved;
  config.identity = identity_of(provider, config);
  config.kept_as = kept_source(config.document, config.identity);
  return config;
}

}  // namespace postern::keys
