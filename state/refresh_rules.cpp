#include "state/refresh_rules.hpp"

#include <algorithm>

namespace postern::state {
namespace {

constexpr RefreshDecision refuse(Reason reason) noexcept {
  return {RefreshAct::refuse, reason};
}

bool is_current(const RotationFacts& facts) noexcept {
  return !facts.token->used || (facts.proposed != nullptr && !facts.proposed->used);
}

Presented current_or_too_often(const RotationFacts& facts, Millis now) noexcept {
  const bool is_repeated = facts.token->used.has_value();
  const bool waits = !is_repeated && facts.first_use && now < first_forgotten(*facts.first_use);
  return waits ? Presented::too_often : Presented::current;
}

bool has_successor(const RefreshToken& token, Millis now, Millis grace) noexcept {
  if (!token.used || !token.successor) return false;
  return now >= *token.used - most_ahead && now < *token.used + grace;
}

}  // namespace

Presented judge_rotation(const RotationFacts& facts, Millis presented_at, Millis now, Millis grace) noexcept {
  if (facts.family == nullptr || facts.token == nullptr) return Presented::unknown;
  const RefreshToken& token = *facts.token;
  if (!facts.client_matches) return Presented::other_client;
  if (facts.family->ended) return Presented::family_ended;
  if (now >= facts.family->ends) return Presented::family_over;
  if (presented_at >= token.expires) return Presented::expired;
  if (is_current(facts)) return current_or_too_often(facts, now);
  if (presented_at >= *token.used + grace) return Presented::reused;
  return has_successor(token, now, grace) ? Presented::within_grace : Presented::unknown;
}

Presented judge_reissue(const RotationFacts& facts, Millis presented_at, Millis now, Millis grace) noexcept {
  const Presented presented = judge_rotation(facts, presented_at, now, grace);
  if (presented != Presented::expired) return presented;
  if (is_current(facts)) return current_or_too_often(facts, now);
  return has_successor(*facts.token, now, grace) ? Presented::within_grace : Presented::expired;
}

Millis first_forgotten(Millis first_use) noexcept {
  return first_use + known_after_use;
}

Millis successor_expiry(const Family& family, Millis now, Millis lifetime) noexcept {
  return std::min(now + lifetime, family.ends);
}

std::optional<RefreshDecision> decide_before_store(Access access, bool refresh_token_sent, Asked asked) noexcept {
  if (access == Access::foreign) return refuse(Reason::claim_mismatch);
  if (access == Access::revoked) return refuse(Reason::token_revoked);
  if (access == Access::valid && asked == Asked::renewal) return RefreshDecision{RefreshAct::nothing, {}};
  if (refresh_token_sent) return std::nullopt;
  return refuse(access == Access::expired ? Reason::token_expired : Reason::token_missing);
}

RefreshDecision decide_refresh(Access access, Presented presented, Asked asked, const RefreshPolicy& policy) noexcept {
  if (const auto early = decide_before_store(access, presented != Presented::absent, asked)) return *early;
  switch (presented) {
    case Presented::current:
      return {RefreshAct::rotate, {}};
    case Presented::within_grace:
      return {RefreshAct::replay, {}};
    case Presented::reused:
      return {RefreshAct::end_family, Reason::refresh_token_reused};
    case Presented::expired:
      if (access == Access::valid && policy.renew_expired_refresh) return {RefreshAct::reissue, {}};
      return refuse(Reason::refresh_token_expired);
    case Presented::family_over:
      return refuse(Reason::refresh_token_expired);
    case Presented::too_often:
      return refuse(Reason::rate_limited);
    case Presented::absent:
    case Presented::unknown:
    case Presented::family_ended:
    case Presented::other_client:
      break;
  }
  return refuse(Reason::refresh_token_invalid);
}

}  // namespace postern::state
