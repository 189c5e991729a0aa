// Renews a browser's session while its request is under way: the access cookie has expired, the refresh cookie has not.
#pragma once

#include <memory>
#include <string_view>
#include <tl/expected.hpp>

#include "base/reason.hpp"
#include "filters/build.hpp"
#include "filters/token_service/session_cookies.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

class Renewal {
 public:
  // Null without a token service whose sessions have cookies that are to be renewed.
  static std::unique_ptr<const Renewal> make(const Build& build);

  Renewal(const Build& build, const conf::SessionCookies& cookies);

  const std::string& access_cookie() const noexcept { return cookies_.access_name(); }
  bool has_refresh_cookie(const http::RequestHead& request) const;

  // The new access token, in the request's memory, for the refresh cookie; `expired` is what the access cookie holds,
  // or empty. The response gets the new cookies, or takes both away when the session is over. The refresh token is used
  // when the response's head is about to be sent: until then the browser has no other, however long the upstream takes.
  // Refuses what Service::begin_renewal() and judge_sent_access() refuse, and token_multiple for two refresh cookies.
  Task<tl::expected<std::string_view, Refusal>> renew(RequestContext& request, std::string_view expired) const;

 private:
  Task<void> finish(RequestContext& request, token_service::BegunRenewal begun) const;

  std::shared_ptr<const token_service::Service> service_;
  std::shared_ptr<const Provider> provider_;
  token_service::SessionCookies cookies_;
};

}  // namespace postern::filters
