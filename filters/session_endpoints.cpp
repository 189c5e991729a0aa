#include "filters/session_endpoints.hpp"

#include <array>
#include <optional>
#include <utility>

#include "filters/cross_site.hpp"
#include "filters/endpoint_messages.hpp"
#include "filters/sent_access.hpp"
#include "filters/token_service/parameters.hpp"
#include "filters/token_service/service.hpp"
#include "filters/token_service/session_cookies.hpp"
#include "filters/token_source.hpp"
#include "gateway/http/cookies.hpp"

namespace postern::filters {
namespace {

using namespace token_service;

class SessionEndpoint final : public Filter {
 public:
  using Handler = Task<Verdict> (SessionEndpoint::*)(RequestContext&) const;

  SessionEndpoint(const Build& build, Handler handler)
      : service_(build.service),
        provider_(build.providers.at(std::string(conf::token_service_name))),
        handler_(handler),
        bearer_({}, build.config.limits.token_bytes.count) {
    if (const auto& cookies = service_->settings().cookies) cookies_.emplace(*cookies);
  }

  std::string_view name() const noexcept override { return "token_service"; }
  std::size_t body_wanted() const noexcept override { return endpoint_body_limit; }
  Step on_request(RequestContext& request) const override { return (this->*handler_)(request); }

  Task<Verdict> login(RequestContext& request) const {
    const auto parameters = read_parameters(request, Parameters::Accepts::form_or_json);
    if (!parameters) co_return parameters.error();
    auto asked = read_login(*parameters);
    if (!asked) co_return asked.error();
    if (cookies_ && is_cross_site(request.request)) co_return Refusal(Reason::origin_refused);
    std::string address(request.client_address);
    auto issued = co_await service_->login(std::move(asked->credentials), std::move(address), request.now);
    if (!issued) co_return issued.error();
    co_return reply(*issued, service_->settings().deliver);
  }

  Task<Verdict> refresh(RequestContext& request) const {
    auto sent = co_await read_sent(request, &read_refresh_tokens);
    if (!sent) co_return sent.error();
    auto issued = co_await service_->refresh(std::move(sent->refresh_token), sent->access, request.now);
    if (!issued) co_return refused(request, std::move(issued.error()), *sent);
    // What came by a cookie is kept from the page's scripts, which any of them could ask for here otherwise.
    co_return reply(*issued, sent->by_cookie ? Delivery::cookies : service_->settings().deliver);
  }

  Task<Verdict> logout(RequestContext& request) const {
    auto sent = co_await read_sent(request, &read_logout_tokens);
    if (!sent) co_return sent.error();
    const auto done =
        co_await service_->logout(std::move(sent->refresh_token), sent->access, sent->everywhere, request.now);
    if (!done) co_return refused(request, done.error(), *sent);
    DirectReply goodbye{204, {{"Cache-Control", "no-store"}}, {}};
    if (cookies_) add_cookies(goodbye, cookies_->clear());
    co_return goodbye;
  }

 private:
  // What a request of a session's endpoint brings along.
  struct Sent {
    std::optional<Secret> refresh_token;
    SentAccess access;
    bool everywhere = false;
    bool by_cookie = false;
  };
  struct Read {
    SentTokens tokens;
    bool everywhere = false;
    bool ignores_refused_access = false;
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
    // A page cannot mend its cookies: with this one it could never log out, and the refresh token says who it is.
    const bool ignores_refused_access = asked->tokens.access_by_cookie && asked->tokens.refresh_token.has_value();
    return Read{std::move(asked->tokens), asked->everywhere, ignores_refused_access};
  }

  Task<tl::expected<Sent, Refusal>> read_sent(RequestContext& request, Reader read) const {
    auto asked = read_tokens(request, read);
    if (!asked) co_return tl::unexpected(std::move(asked.error()));
    Sent sent;
    if (asked->tokens.access_token) {
      auto& state = static_cast<FilterWorkerState&>(*request.worker_state);
      auto access =
          co_await judge_sent_access(asked->tokens.access_token->reveal(), *provider_, *service_, state, request.now);
      if (!access && !asked->ignores_refused_access) co_return tl::unexpected(std::move(access.error()));
      if (access) sent.access = std::move(*access);
    }
    sent.refresh_token = std::move(asked->tokens.refresh_token);
    sent.everywhere = asked->everywhere;
    sent.by_cookie = asked->tokens.by_cookie;
    co_return sent;
  }

  tl::expected<Read, Refusal> read_tokens(RequestContext& request, Reader read) const {
    const auto parameters = read_parameters(request, Parameters::Accepts::form_or_json);
    if (!parameters) return tl::unexpected(parameters.error());
    const auto bearer = bearer_.find(request.request);
    if (!bearer) return tl::unexpected(bearer.error());
    Carried carried{bearer->token, {}, {}};
    if (cookies_) {
      const auto access = http::read_cookie(request.request, cookies_->access_name());
      if (!access) return tl::unexpected(access.error());
      const auto refresh = http::read_cookie(request.request, cookies_->refresh_name());
      if (!refresh) return tl::unexpected(refresh.error());
      carried.access_cookie = *access;
      carried.refresh_cookie = *refresh;
    }
    auto asked = read(*parameters, carried);
    if (!asked) return asked;
    // Be it by a token of its own: another site's page could put its visitor into another session, or out of one.
    if (cookies_ && is_cross_site(request.request)) return tl::unexpected(Refusal(Reason::origin_refused));
    return asked;
  }

  // A browser whose session is over forgets it. An access token may be revoked without its session: that goes on by
  // the refresh cookie.
  Refusal refused(RequestContext& request, Refusal refusal, const Sent& sent) const {
    const bool over = refusal.reason == Reason::token_revoked ? sent.access.session_revoked : is_over(refusal.reason);
    if (!sent.by_cookie || !over) return refusal;
    for (const std::string& value : cookies_->clear()) request.set_cookies.push_back(request.keep(value));
    return refusal;
  }

  static void add_cookies(DirectReply& reply, const std::array<std::string, 2>& values) {
    for (const std::string& value : values) reply.fields.emplace_back("Set-Cookie", value);
  }

  DirectReply reply(const IssuedTokens& tokens, Delivery in_body) const {
    DirectReply reply = private_json(token_reply(tokens, in_body));
    if (cookies_) add_cookies(reply, cookies_->set(tokens));
    return reply;
  }

  std::shared_ptr<const Service> service_;
  std::shared_ptr<const Provider> provider_;
  Handler handler_;
  TokenSources bearer_;
  std::optional<SessionCookies> cookies_;
};

}  // namespace

std::unique_ptr<const Filter> make_login_endpoint(const Build& build) {
  return std::make_unique<const SessionEndpoint>(build, &SessionEndpoint::login);
}

std::unique_ptr<const Filter> make_refresh_endpoint(const Build& build) {
  return std::make_unique<const SessionEndpoint>(build, &SessionEndpoint::refresh);
}

std::unique_ptr<const Filter> make_logout_endpoint(const Build& build) {
  return std::make_unique<const SessionEndpoint>(build, &SessionEndpoint::logout);
}

std::vector<std::string> token_cookies(const conf::TokenService& service) {
  if (!service.cookies) return {};
  const SessionCookies cookies(*service.cookies);
  return {cookies.access_name(), cookies.refresh_name()};
}

}  // namespace postern::filters
