#include "filters/renewal.hpp"

#include <array>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "filters/sent_access.hpp"
#include "gateway/http/cookies.hpp"

namespace postern::filters {

using token_service::is_over, token_service::SentAccess;

namespace {

void add_cookies(RequestContext& request, const std::array<std::string, 2>& values) {
  for (const std::string& value : values) request.set_cookies.push_back(request.keep(value));
}

}  // namespace

std::unique_ptr<const Renewal> Renewal::make(const Build& build) {
  if (!build.service) return nullptr;
  const auto& cookies = build.service->settings().cookies;
  return cookies && cookies->renew ? std::make_unique<const Renewal>(build, *cookies) : nullptr;
}

Renewal::Renewal(const Build& build, const conf::SessionCookies& cookies)
    : service_(build.service),
      provider_(build.providers.at(std::string(conf::token_service_name))),
      cookies_(cookies) {}

bool Renewal::has_refresh_cookie(const http::RequestHead& request) const {
  const auto cookie = http::read_cookie(request, cookies_.refresh_name());
  return !cookie || !cookie->empty();
}

Task<tl::expected<std::string_view, Refusal>> Renewal::renew(RequestContext& request, std::string_view expired) const {
  const auto cookie = http::read_cookie(request.request, cookies_.refresh_name());
  if (!cookie) co_return tl::unexpected(cookie.error());
  SentAccess sent;
  if (!expired.empty()) {
    auto& state = static_cast<FilterWorkerState&>(*request.worker_state);
    auto judged = co_await judge_sent_access(expired, *provider_, *service_, state, request.now);
    if (!judged) co_return tl::unexpected(std::move(judged.error()));
    sent = std::move(*judged);
  }
  auto begun = co_await service_->begin_renewal(Secret(std::string(*cookie)), std::move(sent), request.now);
  if (!begun) {
    if (is_over(begun.error().reason)) add_cookies(request, cookies_.clear());
    co_return tl::unexpected(std::move(begun.error()));
  }
  const std::string_view token = request.keep(begun->tokens.access_token);
  request.before_response = finish(request, std::move(*begun));
  co_return token;
}

// The request was allowed; without new cookies its response goes out all the same, and the browser keeps those it has.
Task<void> Renewal::finish(RequestContext& request, token_service::BegunRenewal begun) const {
  const auto issued = co_await service_->finish_renewal(std::move(begun), unix_now());
  if (issued) {
    add_cookies(request, cookies_.set(*issued));
  } else if (!is_over(issued.error().reason)) {
    request.decision.detail = "the session was not renewed: " + issued.error().detail;
  }
}

}  // namespace postern::filters
