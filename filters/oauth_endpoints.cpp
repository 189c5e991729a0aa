#include "filters/oauth_endpoints.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "filters/endpoint_messages.hpp"
#include "filters/sent_access.hpp"
#include "filters/token_service/service.hpp"
#include "filters/worker_state.hpp"
#include "state/refresh_token.hpp"

namespace postern::filters {
namespace {

using namespace token_service;

class OAuthEndpoint final : public Filter {
 public:
  // `client` has proven itself; null: none was named.
  using Handler = Task<Verdict> (OAuthEndpoint::*)(const accounts::Client* client, const Parameters& parameters,
                                                   RequestContext& request) const;

  OAuthEndpoint(const Build& build, Handler handler)
      : service_(build.service),
        provider_(build.providers.at(std::string(conf::token_service_name))),
        handler_(handler) {}

  std::string_view name() const noexcept override { return "token_service"; }
  std::size_t body_wanted() const noexcept override { return endpoint_body_limit; }
  Step on_request(RequestContext& request) const override { return answer(request); }

  Task<Verdict> token(const accounts::Client* client, const Parameters& parameters, RequestContext& request) const {
    auto asked = read_token_request(parameters);
    if (!asked) co_return asked.error();
    if (auto* const refresh = std::get_if<RefreshRequest>(&*asked)) {
      if (!service_->settings().has_users()) co_return Refusal(Reason::grant_unsupported, "there are no logins");
      co_return co_await refresh_login(client, std::move(*refresh), request.now);
    }
    if (client == nullptr) co_return Refusal(Reason::client_invalid, "client_credentials without a client");
    const auto issued = co_await service_->issue_to(*client, std::get<ClientCredentialsRequest>(*asked), request.now);
    if (!issued) co_return issued.error();
    co_return private_json(token_reply(*issued, Delivery::json));
  }

  Task<Verdict> revoke(const accounts::Client* client, const Parameters& parameters, RequestContext& request) const {
    const auto asked = read_asked_token(parameters);
    if (!asked) co_return asked.error();
    const std::string owner = client == nullptr ? std::string(own_client) : client->id;
    Outcome<state::Nothing> done;  // what is no token, or one no more, needs no revoking (RFC 7009 section 2.2)
    if (const auto refresh = state::parse_refresh_token(asked->reveal())) {
      done = co_await service_->revoke_refresh_token(*refresh, owner, request.now);
    } else {
      const auto claims = co_await active_claims(*asked, request);
      if (!claims) co_return claims.error();
      if (*claims) done = co_await service_->revoke_access_token(**claims, owner, request.now);
    }
    if (!done) co_return done.error();
    co_return DirectReply{200, {{"Cache-Control", "no-store"}}, {}};
  }

  Task<Verdict> introspect(const accounts::Client* client, const Parameters& parameters,
                           RequestContext& request) const {
    if (client == nullptr) co_return Refusal(Reason::client_invalid, "introspection without a client");
    if (!client->introspect) co_return Refusal(Reason::client_not_allowed, "the client may not introspect");
    const auto asked = read_asked_token(parameters);
    if (!asked) co_return asked.error();
    if (const auto refresh = state::parse_refresh_token(asked->reveal())) {
      const auto told = co_await service_->introspect_refresh_token(*refresh, request.now);
      if (!told) co_return told.error();
      co_return private_json(*told);
    }
    const auto claims = co_await active_claims(*asked, request);
    if (!claims) co_return claims.error();
    co_return private_json(*claims ? introspection_reply(**claims) : inactive_reply());
  }

 private:
  Task<Verdict> answer(RequestContext& request) const {
    Verdict verdict = co_await authenticate_and_handle(request);
    if (auto* const refusal = std::get_if<Refusal>(&verdict)) refusal->checked_by = CheckedBy::oauth_endpoint;
    co_return verdict;
  }

  // The client first: nobody else learns what is wrong with the rest of the request.
  Task<Verdict> authenticate_and_handle(RequestContext& request) const {
    const auto parameters = read_parameters(request, Parameters::Accepts::form);
    if (!parameters) co_return parameters.error();
    const http::Fields& fields = request.request.fields;
    if (fields.count(http::KnownField::authorization) > 1) {
      co_return Refusal(Reason::token_multiple, "two Authorization fields");
    }
    const http::Field* const authorization = fields.find(http::KnownField::authorization);
    auto proof = accounts::read_client_proof(authorization == nullptr ? std::string_view() : authorization->value,
                                             parameters->text("client_id"), parameters->text("client_secret"));
    if (!proof) co_return proof.error();
    std::string address(request.client_address);
    const auto client = co_await service_->authenticate(std::move(*proof), std::move(address), request.now);
    if (!client) co_return client.error();
    // By std::invoke, since UBSan of g++ 12 takes a coroutine's copy of `this` for the object itself.
    Task<Verdict> handled = std::invoke(handler_, this, *client, *parameters, request);
    co_return co_await std::move(handled);
  }

  // Only logins give refresh tokens, and those belong to the service itself: no client has one to refresh.
  Task<Verdict> refresh_login(const accounts::Client* client, RefreshRequest asked, double now) const {
    if (client != nullptr) co_return Refusal(Reason::client_not_allowed, "refreshing is for logins");
    const auto scope = narrow_scope(asked.scope, {});  // a login has none
    if (!scope) co_return scope.error();
    SentAccess none;
    const auto issued = co_await service_->refresh(std::move(asked.tokens.refresh_token), std::move(none), now);
    if (!issued) co_return issued.error();
    co_return private_json(token_reply(*issued, Delivery::json));
  }

  // Of an access token of the service that is accepted at this moment; nothing of anything else. Refuses
  // keys_unavailable, and store_unavailable while it is not known what is revoked.
  Task<Outcome<std::optional<Json>>> active_claims(const Secret& token, RequestContext& request) const {
    auto& state = static_cast<FilterWorkerState&>(*request.worker_state);
    auto parsed = jose::parse_token(token.reveal(), &state.headers);
    if (!parsed) co_return std::nullopt;
    const auto claims = co_await verify_by_newest_keys(*parsed, *provider_, state, request.now);
    if (!claims && claims.error().reason == Reason::keys_unavailable) co_return tl::unexpected(claims.error());
    if (!claims) co_return std::nullopt;
    const Revocations& revocations = *service_->shared().revocations;
    Revocations::Clean never;
    if (revocations.is_own_key_revoked(claims->kid())) co_return std::nullopt;  // until the keys are without it
    if (revocations.is_revoked(revocations.fingerprints(*claims), never, state.revocations)) co_return std::nullopt;
    if (revocations.is_following(std::chrono::steady_clock::now())) co_return claims->json();
    co_return tl::unexpected(Refusal(Reason::store_unavailable, "revocations cannot be followed"));
  }

  std::shared_ptr<const Service> service_;
  std::shared_ptr<const Provider> provider_;
  Handler handler_;
};

}  // namespace

std::unique_ptr<const Filter> make_oauth_token_endpoint(const Build& build) {
  return std::make_unique<const OAuthEndpoint>(build, &OAuthEndpoint::token);
}

std::unique_ptr<const Filter> make_oauth_revoke_endpoint(const Build& build) {
  return std::make_unique<const OAuthEndpoint>(build, &OAuthEndpoint::revoke);
}

std::unique_ptr<const Filter> make_oauth_introspect_endpoint(const Build& build) {
  return std::make_unique<const OAuthEndpoint>(build, &OAuthEndpoint::introspect);
}

}  // namespace postern::filters
