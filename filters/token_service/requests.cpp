#include "filters/token_service/requests.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace postern::token_service {
namespace {

tl::unexpected<Refusal> refuse(Reason reason, std::string detail) {
  return tl::unexpected(Refusal(reason, std::move(detail)));
}

std::optional<Secret> secret_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return Secret(std::string(text));
}

tl::expected<SentTokens, Refusal> read_tokens(const Parameters& parameters, const Carried& carried) {
  const std::string_view body_access = parameters.text("access_token");
  if (!body_access.empty() && !carried.bearer.empty()) {
    return refuse(Reason::token_multiple, "an access token in the header and in the body");
  }
  const std::string_view sent_access = body_access.empty() ? carried.bearer : body_access;
  if (parameters.has("refresh_token")) {
    return SentTokens{parameters.secret("refresh_token"), secret_of(sent_access), false};
  }
  const bool access_by_cookie = sent_access.empty() && !carried.access_cookie.empty();
  return SentTokens{secret_of(carried.refresh_cookie),
                    secret_of(access_by_cookie ? carried.access_cookie : sent_access),
                    access_by_cookie || !carried.refresh_cookie.empty(), access_by_cookie};
}

// A space, as in `a  b`, leaves an empty one.
std::vector<std::string_view> split_scope(std::string_view scope) {
  std::vector<std::string_view> tokens;
  std::size_t begin = 0;
  for (std::size_t end = 0; end != std::string_view::npos; begin = end + 1) {
    end = scope.find(' ', begin);
    tokens.push_back(scope.substr(begin, end - begin));
  }
  return tokens;
}

bool holds(const std::vector<std::string_view>& list, std::string_view element) {
  return std::find(list.begin(), list.end(), element) != list.end();
}

}  // namespace

tl::expected<LoginRequest, Refusal> read_login(const Parameters& parameters) {
  if (!parameters.has("username")) return refuse(Reason::request_malformed, "no username");
  if (!parameters.has("password")) return refuse(Reason::request_malformed, "no password");
  return LoginRequest{{std::string(parameters.text("username")), parameters.secret("password")}};
}

tl::expected<RefreshRequest, Refusal> read_refresh(const Parameters& parameters, const Carried& carried) {
  auto tokens = read_tokens(parameters, carried);
  if (!tokens) return tl::unexpected(std::move(tokens.error()));
  return RefreshRequest{std::move(*tokens), std::string(parameters.text("scope"))};
}

tl::expected<LogoutRequest, Refusal> read_logout(const Parameters& parameters, const Carried& carried) {
  auto tokens = read_tokens(parameters, carried);
  if (!tokens) return tl::unexpected(std::move(tokens.error()));
  const std::string_view all = parameters.text("all");
  if (!all.empty() && all != "true" && all != "false") {
    return refuse(Reason::request_malformed, "`all` is neither true nor false");
  }
  return LogoutRequest{std::move(*tokens), all == "true"};
}

tl::expected<TokenRequest, Refusal> read_token_request(const Parameters& parameters) {
  const std::string_view grant = parameters.text("grant_type");
  if (grant.empty()) return refuse(Reason::request_malformed, "no grant_type");
  if (grant == "client_credentials") {
    return ClientCredentialsRequest{std::string(parameters.text("scope")), std::string(parameters.text("audience"))};
  }
  if (grant != "refresh_token") return refuse(Reason::grant_unsupported, "another grant_type");
  if (!parameters.has("refresh_token")) return refuse(Reason::request_malformed, "no refresh_token");
  return RefreshRequest{{parameters.secret("refresh_token"), std::nullopt, false},
                        std::string(parameters.text("scope"))};
}

tl::expected<Secret, Refusal> read_asked_token(const Parameters& parameters) {
  if (!parameters.has("token")) return refuse(Reason::request_malformed, "no token");
  return parameters.secret("token");
}

tl::expected<std::string, Refusal> narrow_scope(std::string_view asked, std::string_view granted) {
  if (asked.empty()) return std::string(granted);
  const std::vector<std::string_view> available = split_scope(granted);
  std::vector<std::string_view> taken;
  std::string narrowed;
  for (const std::string_view scope : split_scope(asked)) {
    if (scope.empty() || !holds(available, scope)) {
      return refuse(Reason::scope_invalid, "a scope that is not granted, or no list of scopes");
    }
    if (holds(taken, scope)) continue;
    taken.push_back(scope);
    narrowed.append(narrowed.empty() ? "" : " ").append(scope);
  }
  return narrowed;
}

}  // namespace postern::token_service
