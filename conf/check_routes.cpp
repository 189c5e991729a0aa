#include <algorithm>
#include <string>

#include "base/ascii.hpp"
#include "conf/check.hpp"
#include "conf/formats.hpp"
#include "conf/path_syntax.hpp"
#include "conf/suggest.hpp"
#include "conf/tree.hpp"

namespace postern::conf {
namespace {

template <class T>
void check_name(const std::string& name, const std::map<std::string, T>& known, std::string_view kind,
                const std::string& path, Problems& problems) {
  if (known.contains(name) || problems.is_settled(path)) return;
  std::vector<std::string_view> names;
  for (const auto& entry : known) names.push_back(entry.first);
  std::string message = std::string("there is no ").append(kind).append(" `").append(name).append("`");
  problems.add(path, message + suggestion(name, names));
}

// Whether both entries take a token from one place of a request. Of a header, two schemes are two places.
bool reads_same_place(const TokenSource& a, const TokenSource& b) {
  if (a.cookie != b.cookie || a.query != b.query || a.websocket_protocol != b.websocket_protocol) return false;
  if (fold_header_name(a.header) != fold_header_name(b.header)) return false;
  return a.prefix.empty() || b.prefix.empty() || lower(a.prefix) == lower(b.prefix);
}

// A token in two places is refused: with such entries every token would be.
void check_sources(const std::vector<TokenSource>& sources, const std::string& path, Problems& problems) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const std::string place = item_path(path, i);
    if (problems.is_settled(place)) continue;
    const auto end = sources.begin() + static_cast<std::ptrdiff_t>(i);
    const auto first = std::find_if(sources.begin(), end,
                                    [&](const TokenSource& earlier) { return reads_same_place(earlier, sources[i]); });
    if (first == end) continue;
    problems.add(place, "reads the same place as `from[" + std::to_string(first - sources.begin()) + "]`");
  }
}

void check_jwt(const Jwt& jwt, const Config& config, const std::string& path, Problems& problems) {
  std::string first_any;
  for (std::size_t i = 0; i < jwt.providers.size(); ++i) {
    const std::string& name = jwt.providers[i];
    // A name alone stands without brackets, its place is the list's.
    std::string place = item_path(path + ".providers", i);
    if (config.token_service && name == token_service_name) continue;
    check_name(name, config.providers, "provider", place, problems);
    auto found = config.providers.find(name);
    if (found == config.providers.end() || !found->second.issuer.any || name == first_any) continue;
    if (first_any.empty()) {
      first_any = name;
    } else {
      problems.add(place, "has `issuer: any` as `" + first_any + "` has; on one route only one provider may");
    }
  }
  check_sources(jwt.from, path + ".from", problems);
  check_claim_names(jwt.required_claims, jwt.claims, path, problems);
  if (jwt.scopes.empty() && jwt.scope_match == MatchKind::any)
    problems.add(path + ".scope_match", "says nothing without `scopes`");
}

bool says_nothing(const HeaderOperations& changes) {
  return changes.remove.empty() && changes.set.empty() && changes.add.empty();
}

// The literal path that every request of the route begins with; empty when any path may come.
std::string_view common_path(const RouteMatch& match) {
  if (!match.path.empty()) return match.path;
  if (!match.path_prefix.empty()) return match.path_prefix;
  return literal_prefix(match.path_template);
}

void check_rewrite(const Route& route, const std::string& path, Problems& problems) {
  if (!route.strip_prefix.empty() && !problems.is_settled(path + ".strip_prefix") &&
      !problems.is_settled(path + ".match")) {
    if (!is_segment_prefix(route.strip_prefix, common_path(route.match))) {
      problems.add(path + ".strip_prefix",
                   "is not a prefix of the path that the route matches, so there is nothing to strip");
    }
  }
  std::vector<std::string_view> known = template_names(route.match.path_template);
  for (std::string_view name : template_names(route.set_path)) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (problems.is_settled(path + ".set_path")) return;
    problems.add(path + ".set_path",
                 std::string("`path_template` has no `{").append(name).append("}`") + suggestion(name, known));
  }
}

void check_encoded_slash(const Route& route, const std::string& path, Problems& problems) {
  if (route.allow_encoded_slash) return;
  auto check = [&](const std::string& text, const char* key) {
    if (text.find("%2F") == text.npos && text.find("%5C") == text.npos) return;
    problems.add(path + ".match." + key,
                 "holds `%2F` or `%5C`, which requests may have only with `allow_encoded_slash: true`");
  };
  check(route.match.path, "path");
  check(route.match.path_prefix, "path_prefix");
  check(route.match.path_template, "path_template");
}

// Nearly all upstreams take both spellings for one path; a request with the escape is judged by the plain one too.
void check_encoded_delimiters(const RouteMatch& match, const std::string& path, Problems& problems) {
  auto check = [&](const std::string& text, const char* key) {
    const std::string_view escape = encoded_delimiter(text);
    if (escape.empty()) return;
    const std::string plain(1, static_cast<char>(std::stoi(std::string(escape.substr(1)), nullptr, 16)));
    problems.add(path + ".match." + key, std::string("`").append(escape) + "` must be written as `" + plain + "`");
  };
  check(match.path, "path");
  check(match.path_prefix, "path_prefix");
  check(match.path_template, "path_template");
}

void check_answer(const Route& route, const std::string& path, Problems& problems) {
  if (!route.direct_response) return;
  std::uint32_t status = route.direct_response->status;
  if ((status == 204 || status == 205 || status == 304) && !route.direct_response->body.empty()) {
    problems.add(path + ".direct_response.body", "status " + std::to_string(status) + " has no body");
  }
}

void check_cors(const Cors& cors, const std::string& path, Problems& problems) {
  bool any_origin = std::find(cors.origins.begin(), cors.origins.end(), "*") != cors.origins.end();
  if (any_origin && cors.credentials) {
    problems.add(path + ".credentials",
                 "cannot be true with the origin `*`: every page could act as the user; name the origins");
  }
  if (any_origin && (cors.origins.size() > 1 || !cors.origin_patterns.empty())) {
    problems.add(path + ".origins", "`*` stands alone: with it, other origins say nothing");
  }
}

}  // namespace

void check_routes(const Config& config, Problems& problems) {
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    const Route& route = config.routes[i];
    std::string path = item_path("routes", i);
    if (!route.upstream.empty()) check_name(route.upstream, config.upstreams, "upstream", path + ".upstream", problems);
    if (route.jwt) check_jwt(*route.jwt, config, path + ".jwt", problems);
    if ((route.direct_response || route.redirect) && !says_nothing(route.request_headers)) {
      problems.add(path + ".request_headers", "needs `upstream`");
    }
    check_rewrite(route, path, problems);
    check_encoded_slash(route, path, problems);
    check_encoded_delimiters(route.match, path, problems);
    check_answer(route, path, problems);
    if (route.cors) check_cors(*route.cors, path + ".cors", problems);
  }
}

}  // namespace postern::conf
