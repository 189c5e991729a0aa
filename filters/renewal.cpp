#include "filters/renewal.hpp"

#include <string>
#include <utility>

#include "filters/sent_access.hpp"
#include "gateway/http/cookies.hpp"

namespace postern::filters {

using token_service::is_over, token_service::SentAccess;

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
    auto judged = judge_sent_access(expired, *provider_, *service_->shared().revocations, state, request.now);
    if (!judged) co_return tl::unexpected(std::move(judged.error()));
    sent = std::move(*judged);
  }
  auto issued = co_await service_->refresh(Secret(std::string(*cookie)), std::move(sent), state::Asked::renewal, request.now);
  if (!issued && !is_over(issued.error().reason)) co_return tl::unexpected(std::move(issued.error()));
  for (const std::string& value : issued ? cookies_.set(*issued) : cookies_.clear()) {
    request.set_cookies.push_back(request.keep(value));
  }
  if (!issued) co_return tl::unexpected(std::move(issued.error()));
  co_return request.keep(issued->access_token);
}

}  // namespace postern::filters
