#include "filters/token_service/verify_user.hpp"

#include <algorithm>
#include <utility>

#include "filters/keys/post.hpp"
#include "filters/keys/remote_config.hpp"
#include "filters/token_service/json_values.hpp"

namespace postern::token_service {
namespace {

constexpr std::size_t answer_limit = 64 * 1024;

}  // namespace

Task<tl::expected<KnownAccount, Refusal>> VerifyingService::check(accounts::Credentials credentials) const {
  const auto body = accounts::format_verify_request(credentials);
  if (!body) co_return tl::unexpected(body.error());
  const auto posted = co_await keys::post(url_, *body, options_);
  if (!posted) {
    std::string detail = url_.authority() + ": " + posted.error().detail;
    co_return tl::unexpected(Refusal(Reason::credentials_unavailable, std::move(detail)));
  }
  auto account = accounts::read_verify_response(posted->status, posted->body, credentials);
  if (!account) co_return tl::unexpected(std::move(account.error()));
  auto kept = kept_claims(credentials.username, account->claims, access_claims_);
  if (!kept) co_return tl::unexpected(std::move(kept.error()));
  co_return KnownAccount{std::move(*account), std::move(*kept)};
}

Task<tl::expected<Json, Refusal>> VerifyingService::look_again(state::Family family) const {
  co_return claims_of_kept(family.claims);
}

tl::expected<std::string, Refusal> kept_claims(std::string_view username, const Json& claims,
                                               const std::vector<std::string>& access_claims) {
  Json::Object wanted;
  for (const Json::Member& member : *claims.object()) {
    const bool is_wanted = std::find(access_claims.begin(), access_claims.end(), member.first) != access_claims.end();
    if (is_wanted) wanted.push_back(member);
  }
  Json kept(std::move(wanted));
  if (kept.to_text().size() > accounts::most_claims_bytes) {
    return tl::unexpected(Refusal(
        Reason::credentials_unavailable,
        "the claims for access tokens are longer than " + std::to_string(accounts::most_claims_bytes) + " bytes"));
  }
  return Json(Json::Object{{"username", json_text(username)}, {"claims", std::move(kept)}}).to_text();
}

Json claims_of_kept(std::string_view kept) {
  JsonLimits limits;
  ++limits.depth;  // the object around them, which the service's answer did not have
  const auto json = parse_json(kept, limits);
  const Json* const claims = json ? json->find("claims") : nullptr;
  return claims != nullptr && claims->object() != nullptr ? *claims : Json(Json::Object{});
}

std::shared_ptr<const Accounts> make_verifying_service(const conf::TokenService& settings, conf::Problems& problems) {
  const conf::VerifyUrl& verify = *settings.verify_url;
  const std::string path = "token_service.verify_url";
  const std::size_t errors_before = problems.errors().size();
  keys::FetchOptions options;
  conf::UpstreamTls tls;
  tls.ca_file = verify.ca_file;
  options.tls = ClientTls::make(tls, path, problems);
  if (!verify.headers_file.empty()) {
    keys::read_headers(verify.headers_file, path + ".headers_file", options, problems);
  }
  options.proxy = keys::proxy_from_environment();
  options.timeout = verify.timeout;
  options.allow_http = verify.allow_http;
  options.body_limit = answer_limit;
  if (problems.errors().size() != errors_before) return nullptr;
  return std::make_shared<const VerifyingService>(conf::parse_url(verify.url).value(), std::move(options),
                                                  settings.access_claims);
}

}  // namespace postern::token_service
