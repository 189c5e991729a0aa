#include "filters/token_endpoints.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "filters/cross_site.hpp"
#include "filters/token_service/cookies.hpp"
#include "filters/token_service/parameters.hpp"
#include "filters/token_service/service.hpp"
#include "filters/token_source.hpp"
#include "filters/worker_state.hpp"
#include "gateway/http/cookies.hpp"

namespace postern::filters {
namespace {

using namespace token_service;

constexpr std::size_t body_limit = 16 * 1024;

CookieRules cookie_rules(const conf::SessionCookies& cookies) {
  constexpr std::array same_site = {SameSite::lax, SameSite::strict, SameSite::none};  // in conf's order
  return {same_site.at(static_cast<std::size_t>(cookies.same_site)), cookies.secure};
}

class TokenEndpoint final : public Filter {
 public:
  using Handler = Task<Verdict> (TokenEndpoint::*)(RequestContext&) const;

  TokenEndpoint(const Build& build, Handler handler)
      : service_(build.service),
        provider_(build.providers.at(std::string(conf::token_service_name))),
        handler_(handler),
        bearer_({}, build.config.limits.token_bytes.count) {
    if (const auto& cookies = service_->settings().cookies) {
      cookies_ = cookie_rules(*cookies);
      access_name_ = cookie_name(cookies_, cookies->access_name);
      refresh_name_ = cookie_name(cookies_, cookies->refresh_name);
    }
  }

  std::string_view name() const noexcept override { return "token_service"; }
  std::size_t body_wanted() const noexcept override { return body_limit; }
  Step on_request(RequestContext& request) const override { return (this->*handler_)(request); }

  Task<Verdict> login(RequestContext& request) const {
    const auto parameters = read_parameters(request);
    if (!parameters) co_return parameters.error();
    auto asked = read_login(*parameters);
    if (!asked) co_return asked.error();
    // A login that another site's page makes would put its visitor into somebody else's session.
    if (sets_cookies() && is_cross_site(request.request)) co_return Refusal(Reason::origin_refused);
    std::string address(request.client_address);
    auto issued = co_await service_->login(std::move(asked->credentials), std::move(address), request.now);
    if (!issued) co_return issued.error();
    co_return reply(*issued);
  }

  Task<Verdict> refresh(RequestContext& request) const {
    auto sent = read_sent(request, &read_refresh_tokens);
    if (!sent) co_return sent.error();
    auto issued = co_await service_->refresh(std::move(sent->refresh_token), std::move(sent->access),
                                             state::Asked::post, request.now);
    if (!issued) co_return issued.error();
    co_return reply(*issued);
  }

  Task<Verdict> logout(RequestContext& request) const {
    auto sent = read_sent(request, &read_logout_tokens);
    if (!sent) co_return sent.error();
    if (sent->access.access == state::Access::revoked) co_return Refusal(Reason::token_revoked);
    const auto done = co_await service_->logout(std::move(sent->refresh_token), std::move(sent->access),
                                                sent->everywhere, request.now);
    if (!done) co_return done.error();
    DirectReply goodbye{204, {{"Cache-Control", "no-store"}}, {}};
    if (sets_cookies()) {
      goodbye.fields.emplace_back("Set-Cookie", clear_cookie(cookies_, access_name_));
      goodbye.fields.emplace_back("Set-Cookie", clear_cookie(cookies_, refresh_name_));
    }
    co_return goodbye;
  }

  Task<Verdict> jwks(RequestContext&) const {
    using std::chrono::duration_cast, std::chrono::seconds;
    const auto kept = duration_cast<seconds>(service_->settings().signing_keys.publish_ahead / 4).count();
    const auto most = std::min<std::int64_t>(kept, 3600);
    co_return DirectReply{200,
                          {{"Content-Type", "application/jwk-set+json"},
                           {"Cache-Control", "public, max-age=" + std::to_string(most)}},
                          service_->shared().keys->jwks()};
  }

 private:
  // What a request of a session's endpoint brings along.
  struct Sent {
    std::optional<Secret> refresh_token;
    SentAccess access;
    bool everywhere = false;
  };
  struct Read {
    SentTokens tokens;
    bool everywhere = false;
  };
  using Reader = tl::expected<Read, Refusal> (*)(const Parameters&, const Carried&);

  static tl::expected<Read, Refusal> read_refresh_tokens(const Parameters& parameters, const Carried& carried) {
    auto asked = read_refresh(parameters, carried);
    if (!asked) return tl::unexpected(std::move(asked.error()));
    return Read{std::move(asked->tokens)};
  }
  static tl::expected<Read, Refusal> read_logout_tokens(const Parameters& parameters, const Carried& carried) {
    auto asked = read_logout(parameters, carried);
    if (!asked) return tl::unexpected(std::move(asked.error()));
    return Read{std::move(asked->tokens), asked->everywhere};
  }

  static tl::expected<Parameters, Refusal> read_parameters(const RequestContext& request) {
    const http::Field* type = request.request.fields.find("Content-Type");
    return Parameters::parse(type == nullptr ? std::string_view() : type->value, request.body,
                             Parameters::Accepts::form_or_json);
  }

  bool sets_cookies() const noexcept { return !access_name_.empty(); }

  tl::expected<Sent, Refusal> read_sent(RequestContext& request, Reader read) const {
    const auto parameters = read_parameters(request);
    if (!parameters) return tl::unexpected(parameters.error());
    const auto bearer = bearer_.find(request.request);
    if (!bearer) return tl::unexpected(bearer.error());
    Carried carried{bearer->token, {}, {}};
    if (sets_cookies()) {
      const auto access = http::read_cookie(request.request, access_name_);
      if (!access) return tl::unexpected(access.error());
      const auto refresh = http::read_cookie(request.request, refresh_name_);
      if (!refresh) return tl::unexpected(refresh.error());
      carried.access_cookie = *access;
      carried.refresh_cookie = *refresh;
    }
    auto asked = read(*parameters, carried);
    if (!asked) return tl::unexpected(std::move(asked.error()));
    if (asked->tokens.by_cookie && is_cross_site(request.request)) return tl::unexpected(Refusal(Reason::origin_refused));
    auto access = judge(asked->tokens.access_token, request);
    if (!access) return tl::unexpected(std::move(access.error()));
    return Sent{std::move(asked->tokens.refresh_token), std::move(*access), asked->everywhere};
  }

  // An access token that came along: valid, or only expired. Time is judged after issuer, key and signature, so that
  // an expired one's session may be believed.
  tl::expected<SentAccess, Refusal> judge(const std::optional<Secret>& text, RequestContext& request) const {
    SentAccess sent;
    if (!text) return sent;
    auto& state = static_cast<FilterWorkerState&>(*request.worker_state);
    auto token = jose::parse_token(text->reveal(), &state.headers);
    if (!token) return tl::unexpected(std::move(token.error()));
    const keys::KeysPtr keys = provider_->source->keys();
    if (keys == nullptr) return tl::unexpected(Refusal(Reason::keys_unavailable));
    const Json unverified = token->claims;
    auto claims = jose::verify(*token, provider_->rules, *keys, request.now, state.contexts);
    if (!claims && claims.error().reason != Reason::token_expired) return tl::unexpected(std::move(claims.error()));
    sent.access = claims ? state::Access::valid : state::Access::expired;
    if (claims && is_revoked(*claims, state)) sent.access = state::Access::revoked;
    sent.sid = text_member(unverified, "sid");
    sent.subject = text_member(unverified, "sub");
    return sent;
  }

  bool is_revoked(const jose::Claims& claims, FilterWorkerState& state) const {
    const Revocations& revocations = *service_->shared().revocations;
    Revocations::Clean never;
    return revocations.is_revoked(revocations.fingerprints(claims), never, state.revocations);
  }

  static std::string text_member(const Json& object, std::string_view name) {
    const Json* member = object.find(name);
    return member != nullptr && member->string() != nullptr ? *member->string() : std::string();
  }

  DirectReply reply(const IssuedTokens& tokens) const {
    const conf::TokenDelivery deliver = service_->settings().deliver;
    constexpr std::array deliveries = {Delivery::json, Delivery::cookies, Delivery::both};  // in conf's order
    DirectReply reply{200,
                      {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}, {"Pragma", "no-cache"}},
                      token_reply(tokens, deliveries.at(static_cast<std::size_t>(deliver)))};
    if (!sets_cookies()) return reply;
    reply.fields.emplace_back("Set-Cookie",
                              set_cookie(cookies_, access_name_, tokens.access_token, tokens.refresh_expires_in));
    reply.fields.emplace_back("Set-Cookie", set_cookie(cookies_, refresh_name_, tokens.refresh_token->reveal(),
                                                       tokens.refresh_expires_in));
    return reply;
  }

  std::shared_ptr<const Service> service_;
  std::shared_ptr<const Provider> provider_;
  Handler handler_;
  TokenSources bearer_;
  CookieRules cookies_;
  std::string access_name_, refresh_name_;  // empty without cookies
};

struct Endpoint {
  std::string_view name;
  std::string_view path;
  std::string_view method;
  TokenEndpoint::Handler handler;
};

constexpr std::array endpoints = {
    Endpoint{"token_service.login", "/login", "POST", &TokenEndpoint::login},
    Endpoint{"token_service.refresh", "/refresh", "POST", &TokenEndpoint::refresh},
    Endpoint{"token_service.logout", "/logout", "POST", &TokenEndpoint::logout},
    Endpoint{"token_service.jwks", "/jwks.json", "GET", &TokenEndpoint::jwks},
};

}  // namespace

std::vector<conf::Route> token_routes(const conf::TokenService& service) {
  std::vector<conf::Route> routes;
  for (const Endpoint& endpoint : endpoints) {
    conf::Route route;
    route.name = endpoint.name;
    route.match.path = service.path + std::string(endpoint.path);
    route.match.methods = {std::string(endpoint.method)};
    route.public_ = true;
    routes.push_back(std::move(route));
  }
  return routes;
}

// A route of the file never has an endpoint's path: conf::check() refuses it.
std::unique_ptr<const Filter> make_token_endpoint(const conf::Route& route, const Build& build) {
  if (build.service == nullptr) return nullptr;
  const std::string& root = build.service->settings().path;
  for (const Endpoint& endpoint : endpoints) {
    if (route.match.path == root + std::string(endpoint.path)) {
      return std::make_unique<const TokenEndpoint>(build, endpoint.handler);
    }
  }
  return nullptr;
}

std::vector<std::string> token_cookies(const conf::TokenService& service) {
  if (!service.cookies) return {};
  const CookieRules rules = cookie_rules(*service.cookies);
  return {cookie_name(rules, service.cookies->access_name), cookie_name(rules, service.cookies->refresh_name)};
}

}  // namespace postern::filters
