#include <algorithm>
#include <array>
#include <map>

#include "base/ascii.hpp"
#include "conf/check.hpp"
#include "conf/formats.hpp"
#include "conf/tree.hpp"

namespace postern::conf {
namespace {

// Folded names. Framing and connection belong to the gateway alone (RFC 9110 section 7.6.1).
constexpr auto connection_headers = std::to_array<std::string_view>(
    {"connection", "content-length", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization",
     "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"});

// What clients must be able to send, or what says where a request came from: as claim headers they would be stripped
// from every request of every route.
constexpr auto request_headers = std::to_array<std::string_view>({"accept",
                                                                  "accept-encoding",
                                                                  "authorization",
                                                                  "cache-control",
                                                                  "content-encoding",
                                                                  "content-type",
                                                                  "cookie",
                                                                  "forwarded",
                                                                  "host",
                                                                  "if-match",
                                                                  "if-modified-since",
                                                                  "if-none-match",
                                                                  "if-range",
                                                                  "if-unmodified-since",
                                                                  "max-forwards",
                                                                  "origin",
                                                                  "range",
                                                                  "set-cookie",
                                                                  "traceparent",
                                                                  "tracestate",
                                                                  "via",
                                                                  "www-authenticate",
                                                                  "x-forwarded-for",
                                                                  "x-forwarded-host",
                                                                  "x-forwarded-port",
                                                                  "x-forwarded-proto"});

// Claims that tokens usually have (RFC 7519, RFC 8693, RFC 9068, OpenID Connect), folded as headers' names are.
constexpr auto usual_claims = std::to_array<std::string_view>({"acr",
                                                               "amr",
                                                               "aud",
                                                               "azp",
                                                               "client-id",
                                                               "email",
                                                               "email-verified",
                                                               "exp",
                                                               "family-name",
                                                               "given-name",
                                                               "groups",
                                                               "iat",
                                                               "iss",
                                                               "jti",
                                                               "locale",
                                                               "name",
                                                               "nbf",
                                                               "nickname",
                                                               "oid",
                                                               "preferred-username",
                                                               "role",
                                                               "roles",
                                                               "scope",
                                                               "scp",
                                                               "sid",
                                                               "sub",
                                                               "tid",
                                                               "upn",
                                                               "username"});

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& names, std::string_view folded) {
  return std::find(names.begin(), names.end(), folded) != names.end();
}

// `{X-User-Id: sub}`: it would ask every token for a claim `X-User-Id`, and set no header.
bool is_turned_round(const ClaimHeader& header) {
  const auto* claim = std::get_if<std::string>(&header.claim.path);
  return claim != nullptr && lower(*claim).starts_with("x-") && holds(usual_claims, fold_header_name(header.header));
}

void check_claim_header_names(const Route& route, const std::string& path, Problems& problems) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < route.claim_headers.size(); ++i) {
    const ClaimHeader& header = route.claim_headers[i];
    std::string place = item_path(path + ".claim_headers", i) + ".header";
    std::string folded = fold_header_name(header.header);
    if (folded.empty() || problems.is_settled(place)) continue;
    if (is_turned_round(header)) {
      problems.add(place, "the claim comes first: `{" + header.header + ": " + std::get<0>(header.claim.path) + "}`");
      continue;
    }
    if (holds(connection_headers, folded) || holds(request_headers, folded) || folded.starts_with("sec-")) {
      problems.add(place,
                   "cannot be made of a claim: the header has a meaning of its own; choose a name such as `X-User-Id`");
    } else if (auto [first, inserted] = seen.emplace(folded, i); !inserted) {
      problems.add(place, "is the same header as `" + route.claim_headers[first->second].header +
                              "`: upstreams may not tell case, `-`, `_` and `.` apart");
    }
  }
}

class OperationsCheck {
 public:
  OperationsCheck(const HeaderOperations& operations, std::string path, Problems& problems)
      : operations_(operations), path_(std::move(path)), problems_(problems) {}

  // Tells each name for which `refuses` has a message.
  template <class Refuses>
  void each_name(Refuses refuses) {
    for (std::size_t i = 0; i < operations_.remove.size(); ++i) {
      tell(operations_.remove[i], item_path(path_ + ".remove", i), refuses);
    }
    for (const auto& entry : operations_.set) tell(entry.first, member_path(path_ + ".set", entry.first), refuses);
    for (const auto& entry : operations_.add) tell(entry.first, member_path(path_ + ".add", entry.first), refuses);
  }

 private:
  template <class Refuses>
  void tell(const std::string& name, const std::string& place, Refuses refuses) {
    std::string message = refuses(fold_header_name(name));
    if (!message.empty() && !problems_.is_settled(place)) problems_.add(place, std::move(message));
  }

  const HeaderOperations& operations_;
  std::string path_;
  Problems& problems_;
};

void check_operations(const Route& route, const std::string& path, Problems& problems) {
  OperationsCheck(route.request_headers, path + ".request_headers", problems)
      .each_name([&](const std::string& folded) -> std::string {
        if (folded == "host") return "is changed by the upstream's `host`";
        if (holds(connection_headers, folded)) return "belongs to the connection, which the gateway keeps by itself";
        for (const ClaimHeader& header : route.claim_headers) {
          if (fold_header_name(header.header) == folded) return "is set by `claim_headers` on this route";
        }
        return {};
      });
  OperationsCheck(route.response_headers, path + ".response_headers", problems)
      .each_name([](const std::string& folded) -> std::string {
        if (holds(connection_headers, folded)) return "belongs to the connection, which the gateway keeps by itself";
        return {};
      });
}

}  // namespace

void check_headers(const Config& config, Problems& problems) {
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    std::string path = item_path("routes", i);
    check_claim_header_names(config.routes[i], path, problems);
    check_operations(config.routes[i], path, problems);
  }
}

}  // namespace postern::conf
