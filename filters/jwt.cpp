#include "filters/jwt.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <vector>

#include "filters/cross_site.hpp"
#include "filters/identity.hpp"
#include "filters/key_wait.hpp"
#include "filters/renewal.hpp"
#include "filters/session_endpoints.hpp"
#include "filters/token_source.hpp"
#include "filters/worker_state.hpp"

namespace postern::filters {
namespace {

// Never given twice, unlike an address: a cached token belongs to the rules that accepted it.
std::uint64_t next_filter_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

Validity validity_of(const jose::Claims& claims) {
  Validity validity;
  if (const auto before = claims.refused_before()) validity.from = *before;
  if (const auto from = claims.refused_from()) validity.until = *from;
  return validity;
}

// What will stay of a token when its first request is over, estimated: header lines are not made of its claims yet, and are
// taken for as long as if each byte of the payload were percent-encoded. What was parsed goes with the request.
std::size_t memory_of(const jose::Claims& claims, std::size_t longest_lines) {
  constexpr std::size_t pieces = 256;  // malloc's share, and the lists that lead to them
  return sizeof(Identity) + pieces + claims.token().size() + claims.issuer().size() + claims.subject().size() +
         std::min(3 * claims.payload().size(), longest_lines);
}

// What the log may show of an unverified value.
std::string_view clipped(std::string_view text) {
  constexpr std::size_t longest = 256;
  return text.substr(0, longest);
}

bool takes_own_tokens(const conf::Jwt& jwt, const Build& build) {
  return build.service != nullptr &&
         std::find(jwt.providers.begin(), jwt.providers.end(), conf::token_service_name) != jwt.providers.end();
}

// Where the route says nothing: the Authorization header, and on routes of the token service its cookie.
std::vector<conf::TokenSource> places_of(const conf::Jwt& jwt, const Build& build) {
  if (!jwt.from.empty() || !takes_own_tokens(jwt, build)) return jwt.from;
  const std::vector<std::string> cookies = token_cookies(build.service->settings());
  if (cookies.empty()) return {};
  conf::TokenSource header;
  header.header = "Authorization";
  header.prefix = "Bearer";
  conf::TokenSource cookie;
  cookie.cookie = cookies.front();  // the access token's
  return {header, cookie};
}

// Null where a session's cookies are not read, or not to be renewed.
std::unique_ptr<const Renewal> renewal_of(const conf::Jwt& jwt, const Build& build) {
  if (!takes_own_tokens(jwt, build)) return nullptr;
  auto renewal = Renewal::make(build);
  if (renewal == nullptr) return nullptr;
  const auto places = places_of(jwt, build);
  const bool reads_cookie = std::any_of(places.begin(), places.end(), [&](const conf::TokenSource& place) {
    return place.cookie == renewal->access_cookie();
  });
  return reads_cookie ? std::move(renewal) : nullptr;
}

class Jwt final : public Filter {
 public:
  Jwt(const conf::Jwt& jwt, bool claims_are_read, const Build& build)
      : id_(next_filter_id()),
        revocations_(build.followed.revocations),
        sources_(places_of(jwt, build), build.config.limits.token_bytes.count),
        route_rules_(make_route_rules(jwt)),
        renewal_(renewal_of(jwt, build)),
        longest_lines_(claims_are_read ? build.config.limits.claim_header_bytes.count : 0),
        optional_(jwt.optional),
        keep_token_(jwt.keep_token),
        fail_open_(jwt.fail == conf::Fail::open) {
    for (const auto& name : jwt.providers) {
      const auto found = build.providers.find(name);
      if (found == build.providers.end()) continue;
      providers_.push_back(found->second);
      rules_.push_back(&found->second->rules);
    }
  }

  std::string_view name() const noexcept override { return "jwt"; }

  Step on_request(RequestContext& request) const override {
    request.decision.made = true;
    auto found = sources_.find(request.request);
    if (!found) return Verdict(std::move(found.error()));
    if (found->token.empty()) {
      if (may_renew(request)) return renew(request, {});
      return optional_ ? pass() : Verdict(Refusal(Reason::token_missing));
    }
    if (found->from_cookie && needs_same_site(request) && is_cross_site(request.request)) {
      return Verdict(Refusal(Reason::origin_refused, "a cookie's token in a cross-site request"));
    }
    auto& state = static_cast<FilterWorkerState&>(*request.worker_state);
    if (const auto* known = state.tokens.find(id_, found->token, request.now); known && (*known)->is_trusted()) {
      request.decision.cache = CacheUse::hit;
      if (auto refusal = check_revoked(**known, state)) return Verdict(std::move(*refusal));
      accept(request, *known);
      return pass();
    }
    request.decision.cache = CacheUse::miss;
    if (const auto* known = find_refused(found->token, request.now, state)) return refuse_again(request, *known);
    return judge(request, *found, state);
  }

  bool still_allows(const RequestContext& request) const override {
    if (!revocations_ || !request.identity || request.observe) return true;
    auto& state = static_cast<FilterWorkerState&>(*request.worker_state);
    return !revocations_->is_revoked(request.identity->fingerprints, request.identity->clean, state.revocations);
  }

  void on_response(RequestContext& request, http::ResponseHead& response) const override {
    if (response.status != 101 || response.fields.find(http::KnownField::sec_websocket_protocol) != nullptr) return;
    const std::string_view protocol = sources_.protocol_to_select(request.request);
    if (!protocol.empty()) response.fields.add("Sec-WebSocket-Protocol", protocol);
  }

 private:
  static Step pass() { return Verdict(Pass{}); }

  static Reason reason_of(const Verdict& verdict) noexcept {
    const auto* refusal = std::get_if<Refusal>(&verdict);
    return refusal != nullptr ? refusal->reason : Reason::accepted;
  }

  static bool needs_same_site(const RequestContext& request) noexcept {
    return !http::is_safe(request.request.method) || !request.framing.upgrade.empty();
  }

  bool may_renew(const RequestContext& request) const {
    return renewal_ && !request.observe && renewal_->has_refresh_cookie(request.request);
  }

  // Goes on with new tokens of the session, as if the request had brought them.
  Task<Verdict> renew(RequestContext& request, std::string_view expired) const {
    if (needs_same_site(request) && is_cross_site(request.request)) {
      co_return Refusal(Reason::origin_refused, "a session's cookies in a cross-site request");
    }
    auto renewed = co_await renewal_->renew(request, expired);
    if (!renewed) {
      if (optional_ && expired.empty() && token_service::is_over(renewed.error().reason)) co_return Pass{};
      co_return std::move(renewed.error());
    }
    Step step = judge(request, FoundToken{*renewed, false}, static_cast<FilterWorkerState&>(*request.worker_state));
    if (auto* slow = std::get_if<Task<Verdict>>(&step)) {
      Verdict verdict = co_await std::move(*slow);
      co_return verdict;
    }
    co_return std::get<Verdict>(std::move(step));
  }

  Step judge(RequestContext& request, const FoundToken& found, FilterWorkerState& state) const {
    auto token = jose::parse_token(found.token, &state.headers);
    if (!token) return refuse_and_remember(request, found.token, std::move(token.error()), state);
    note_unverified(request, *token);
    auto chosen = jose::choose_provider(*token, rules_);
    if (!chosen) return refuse_and_remember(request, found.token, std::move(chosen.error()), state);
    const Provider& provider = *providers_[*chosen];
    request.decision.provider = provider.rules.provider;
    const std::uint64_t judged_by = provider.source->version();
    Verdict verdict = verify(request, *token, provider, state);
    const bool own = is_own(provider);
    if (own && found.from_cookie && has_outlived(reason_of(verdict), *token, provider, request.now) &&
        may_renew(request)) {
      return renew(request, found.token);
    }
    if (!lacks_key(reason_of(verdict), *token, provider)) {
      if (const auto* refusal = std::get_if<Refusal>(&verdict)) {
        remember(request, found.token, *refusal, &provider, judged_by, state);
      }
      return verdict;
    }
    // A revoked key is left out of the keys; its tokens are told as they were while it was there.
    if (own && revocations_->is_own_key_revoked(token->jws.kid())) {
      return Verdict(Refusal(Reason::token_revoked));
    }
    // What no key could make acceptable never causes a fetch.
    if (!jose::worth_a_key_fetch(*token, provider.rules, request.now)) return verdict;
    return judge_after_fetch(request, std::move(*token), provider, state, judged_by, std::move(verdict));
  }

  static bool is_own(const Provider& provider) { return provider.rules.provider == conf::token_service_name; }

  // It has expired, be it so long ago that its key is gone as well.
  static bool has_outlived(Reason reason, const jose::Token& token, const Provider& provider, double now) {
    if (reason == Reason::token_expired) return true;
    return reason == Reason::key_unknown && jose::has_expired(token, provider.rules, now);
  }

  Task<Verdict> judge_after_fetch(RequestContext& request, jose::Token token, const Provider& provider,
                                  FilterWorkerState& state, std::uint64_t judged_by, Verdict verdict) const {
    KeyWait wait(provider, judged_by);
    while (lacks_key(reason_of(verdict), token, provider)) {
      const bool newer = co_await wait.for_newer(reason_of(verdict));
      if (!newer) break;
      verdict = verify(request, token, provider, state);
    }
    if (auto* const refused = std::get_if<Refusal>(&verdict)) co_return decided(std::move(*refused), token, provider);
    co_return verdict;
  }

  // Judges by the keys of this moment. On a refusal the token stays as it is, to be judged again.
  Verdict verify(RequestContext& request, jose::Token& token, const Provider& provider,
                 FilterWorkerState& state) const {
    const std::uint64_t version = provider.source->version();
    const keys::KeysPtr keys = provider.source->keys();
    if (keys == nullptr) return Refusal(Reason::keys_unavailable, "no keys of the issuer can be used");
    auto claims = jose::verify(token, provider.rules, *keys, request.now, state.contexts);
    if (!claims) return std::move(claims.error());
    // Until the keys are without it.
    if (is_own(provider) && revocations_->is_own_key_revoked(claims->kid())) return Refusal(Reason::token_revoked);

    const auto identity = std::make_shared<Identity>(std::move(*claims), *provider.source, version);
    if (revocations_) identity->fingerprints = revocations_->fingerprints(identity->claims());
    if (auto refusal = check_revoked(*identity, state)) return std::move(*refusal);
    if (auto refusal = jose::check_route(identity->claims(), route_rules_)) {
      request.decision.subject = request.keep(clipped(identity->claims().subject()));
      return std::move(*refusal);
    }
    const std::size_t bytes = memory_of(identity->claims(), longest_lines_);
    if (longest_lines_ == 0) identity->release_parsed();
    state.tokens.insert(id_, identity->claims().token(), identity, bytes, validity_of(identity->claims()));
    accept(request, identity);
    return Pass{};
  }

  std::optional<Refusal> check_revoked(Identity& identity, FilterWorkerState& state) const {
    if (!revocations_) return std::nullopt;
    if (revocations_->is_revoked(identity.fingerprints, identity.clean, state.revocations)) {
      return Refusal(Reason::token_revoked);
    }
    if (fail_open_ || revocations_->is_following(std::chrono::steady_clock::now())) return std::nullopt;
    return Refusal(Reason::store_unavailable, "revocations cannot be followed");
  }

  void accept(RequestContext& request, const std::shared_ptr<Identity>& identity) const {
    request.identity = identity;
    request.decision.provider = identity->claims().provider();
    request.decision.issuer = identity->claims().issuer();
    request.decision.subject = identity->claims().subject();
    request.decision.kid = identity->claims().kid();
    if (!keep_token_ && !request.observe) sources_.remove(request.request, request.memory);
  }

  // The claimed issuer and key explain most refusals; a subject is told only once it is verified.
  static void note_unverified(RequestContext& request, const jose::Token& token) {
    const Json* issuer = token.claims.find("iss");
    if (issuer != nullptr && issuer->string() != nullptr) {
      request.decision.issuer = request.keep(clipped(*issuer->string()));
    }
    request.decision.kid = request.keep(clipped(token.jws.kid()));
  }

  const RefusedTokens::Entry* find_refused(std::string_view token, double now, const FilterWorkerState& state) const {
    const RefusedTokens::Entry* known = state.refused.find(id_, token, now);
    const bool same_keys =
        known == nullptr || known->provider == nullptr || known->provider->source->version() == known->keys_version;
    return same_keys ? known : nullptr;
  }

  static Verdict refuse_again(RequestContext& request, const RefusedTokens::Entry& known) {
    if (known.provider != nullptr) request.decision.provider = known.provider->rules.provider;
    request.decision.issuer = request.keep(known.issuer);
    request.decision.kid = request.keep(known.kid);
    return known.refusal;
  }

  Verdict refuse_and_remember(RequestContext& request, std::string_view token, Refusal refusal,
                              FilterWorkerState& state) const {
    remember(request, token, refusal, nullptr, 0, state);
    return refusal;
  }

  void remember(const RequestContext& request, std::string_view token, const Refusal& refusal, const Provider* provider,
                std::uint64_t keys_version, FilterWorkerState& state) const {
    if (renewal_ != nullptr || !is_settled(refusal)) return;
    state.refused.insert({.filter = id_,
                          .token = std::string(token),
                          .refused_at = request.now,
                          .provider = provider,
                          .keys_version = keys_version,
                          .refusal = refusal,
                          .issuer = std::string(request.decision.issuer),
                          .kid = std::string(request.decision.kid)});
  }

  // Whether the same rules and keys refuse the same token at any later time as well, whatever is revoked or fetched.
  static bool is_settled(const Refusal& refusal) noexcept {
    switch (refusal.reason) {
      case Reason::token_malformed:
      case Reason::algorithm_not_allowed:
      case Reason::issuer_unknown:
      case Reason::signature_invalid:
      case Reason::token_expired:
      case Reason::token_lifetime_too_long:
      case Reason::audience_mismatch:
      case Reason::type_mismatch:
      case Reason::proof_missing:
        return true;
      case Reason::claim_missing:
      case Reason::claim_mismatch:
        return refusal.checked_by == CheckedBy::provider;  // before revocations are looked at, unlike the route's
      default:
        return false;
    }
  }

  std::uint64_t id_;
  std::shared_ptr<const token_service::Revocations> revocations_;  // null where nothing can be revoked
  TokenSources sources_;
  std::vector<std::shared_ptr<const Provider>> providers_;
  std::vector<const jose::Rules*> rules_;  // of providers_, in the same order
  jose::RouteRules route_rules_;
  std::unique_ptr<const Renewal> renewal_;
  std::size_t longest_lines_;  // that `claim_headers`, later in the chain, may make of claims; 0: nobody reads them
  bool optional_;
  bool keep_token_;
  bool fail_open_;
};

}  // namespace

std::unique_ptr<const Filter> make_jwt(const conf::Route& route, const Build& build) {
  if (!route.jwt) return nullptr;
  return std::make_unique<const Jwt>(*route.jwt, !route.claim_headers.empty(), build);
}

}  // namespace postern::filters
