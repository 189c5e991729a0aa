#include "filters/token_service/revocations_page.hpp"

#include <chrono>
#include <utility>

#include "base/clock.hpp"
#include "filters/token_service/json_values.hpp"
#include "filters/token_service/millis.hpp"
#include "filters/token_service/revocation_times.hpp"
#include "gateway/http/head.hpp"
#include "gateway/http/list_parts.hpp"

namespace postern::token_service {
namespace {

bool is_json(std::string_view content_type) {
  return http::equals_folded(http::trim(http::take_part(content_type, ';')), "application/json");
}

AdminReply json_reply(std::string text) {
  AdminReply reply(200, std::move(text) + "\n");
  reply.content_type = "application/json";
  return reply;
}

AdminReply tell(const Revocations& revocations) {
  const state::Millis caught_up = revocations.caught_up_at();
  Json::Object members;
  members.emplace_back("following", revocations.is_following(std::chrono::steady_clock::now()));
  members.emplace_back("caught_up", caught_up == 0 ? Json() : json_seconds(to_seconds(caught_up)));
  members.emplace_back("count", Json::Number{std::to_string(revocations.size())});
  return json_reply(Json(std::move(members)).to_text());
}

Task<AdminReply> keep(const FollowedStore& followed, state::Revocation revocation, const KnowsIssuer& knows_issuer) {
  const std::string text = state::format_revocation(revocation);
  std::string warning;
  if (!knows_issuer(revocation.issuer)) warning = R"(,"warning":"no provider of this gateway has that issuer")";
  const auto sequence = co_await revoke(followed, std::move(revocation));
  if (!sequence) co_return AdminReply(503, "the store does not keep it: " + sequence.error().detail + "\n");
  co_return json_reply("{\"sequence\":" + std::to_string(*sequence) + ",\"revocation\":" + text + warning + "}");
}

Task<AdminReply> answer(FollowedStore followed, const std::optional<conf::TokenService>& service,
                        const KnowsIssuer& knows_issuer, const AdminRequest& request, double now) {
  if (request.method != "POST") co_return tell(*followed.revocations);
  if (!is_json(request.content_type)) co_return AdminReply(415, "the Content-Type must be application/json\n");
  auto revocation = state::parse_revocation(
      request.body, [&](const state::Revocation& parsed) { return usual_until(parsed, service, to_millis(now)); });
  if (!revocation) co_return AdminReply(400, revocation.error() + "\n");
  if (revocation->until <= to_millis(now)) co_return AdminReply(400, "`until` has passed already\n");
  co_return co_await keep(followed, std::move(*revocation), knows_issuer);
}

}  // namespace

AdminPage revocations_page(FollowedStore followed, std::optional<conf::TokenService> service,
                           KnowsIssuer knows_issuer) {
  return {"/revocations", "GET, HEAD, POST",
          [followed = std::move(followed), service = std::move(service), knows_issuer = std::move(knows_issuer)](
              const AdminRequest& request) { return answer(followed, service, knows_issuer, request, unix_now()); }};
}

}  // namespace postern::token_service
