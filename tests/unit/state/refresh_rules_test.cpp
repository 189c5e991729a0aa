#include "state/refresh_rules.hpp"

#include <doctest/doctest.h>

#include <array>

namespace postern::state {
namespace {

constexpr RefreshDecision nothing{RefreshAct::nothing, {}};
constexpr RefreshDecision rotate{RefreshAct::rotate, {}};
constexpr RefreshDecision replay{RefreshAct::replay, {}};
constexpr RefreshDecision reissue{RefreshAct::reissue, {}};
constexpr RefreshDecision reused{RefreshAct::end_family, Reason::refresh_token_reused};
constexpr RefreshDecision expired{RefreshAct::refuse, Reason::refresh_token_expired};
constexpr RefreshDecision invalid{RefreshAct::refuse, Reason::refresh_token_invalid};
constexpr RefreshDecision limited{RefreshAct::refuse, Reason::rate_limited};
constexpr RefreshDecision missing{RefreshAct::refuse, Reason::token_missing};
constexpr RefreshDecision access_expired{RefreshAct::refuse, Reason::token_expired};
constexpr RefreshDecision foreign{RefreshAct::refuse, Reason::claim_mismatch};
constexpr RefreshDecision revoked{RefreshAct::refuse, Reason::token_revoked};

constexpr std::array all_presented = {
    Presented::absent,  Presented::unknown,      Presented::current,     Presented::within_grace, Presented::reused,
    Presented::expired, Presented::family_ended, Presented::family_over, Presented::other_client, Presented::too_often};
// Every one of `all_presented` in its order.
using Row = std::array<RefreshDecision, all_presented.size()>;

Row all(const RefreshDecision& decision) {
  Row row;
  row.fill(decision);
  return row;
}

Row row_of(Access access, Asked asked, bool renew_expired_refresh) {
  switch (access) {
    case Access::absent:
      return {missing, invalid, rotate, replay, reused, expired, invalid, expired, invalid, limited};
    case Access::expired:
      return {access_expired, invalid, rotate, replay, reused, expired, invalid, expired, invalid, limited};
    case Access::valid:
      if (asked == Asked::renewal) return all(nothing);
      return {missing, invalid, rotate,  replay, reused, renew_expired_refresh ? reissue : expired,
              invalid, expired, invalid, limited};
    case Access::foreign:
      return all(foreign);
    case Access::revoked:
      break;
  }
  return all(revoked);
}

// A token issued at 1000, expiring at 2000, of a family that ends at 5000.
struct Facts {
  Family family{.sid = "s",
                .issuer = "i",
                .subject = "u",
                .client = "c",
                .claims = "{}",
                .scope = "",
                .began = 1000,
                .ends = 5000};
  RefreshToken token{.hash = {}, .issued = 1000, .expires = 2000, .used = {}, .successor = {}};
  bool client_matches = true;

  Presented at(Millis now, Millis grace = 10) const {
    return judge_rotation({&family, &token, client_matches}, now, now, grace);
  }
  // Presented earlier than now, with a grace of 10.
  Presented put_off(Millis presented_at, Millis now) const {
    return judge_rotation({&family, &token, client_matches}, presented_at, now, 10);
  }
  void use(Millis when) {
    token.used = when;
    token.successor = SealedSuccessor{"sealed", when + 10};
  }
};

}  // namespace

TEST_CASE("Every access token with every refresh token has its decision") {
  for (const Access access : {Access::absent, Access::valid, Access::expired, Access::foreign, Access::revoked}) {
    for (const Asked asked : {Asked::renewal, Asked::post}) {
      for (const bool renews : {false, true}) {
        const Row row = row_of(access, asked, renews);
        for (std::size_t i = 0; i < all_presented.size(); ++i) {
          CAPTURE(static_cast<int>(access));
          CAPTURE(static_cast<int>(asked));
          CAPTURE(renews);
          CAPTURE(static_cast<int>(all_presented[i]));
          const RefreshDecision decision = decide_refresh(access, all_presented[i], asked, {renews});
          CHECK(decision.act == row[i].act);
          CHECK(code_of(decision.reason) == code_of(row[i].reason));
        }
      }
    }
  }
}

TEST_CASE("The store is asked when neither the access token nor the lack of a refresh token decides") {
  for (const Asked asked : {Asked::renewal, Asked::post}) {
    CHECK(decide_before_store(Access::absent, false, asked) == missing);
    CHECK(decide_before_store(Access::expired, false, asked) == access_expired);
    CHECK_FALSE(decide_before_store(Access::absent, true, asked));
    CHECK_FALSE(decide_before_store(Access::expired, true, asked));
    for (const bool sent : {false, true}) {
      CHECK(decide_before_store(Access::foreign, sent, asked) == foreign);
      CHECK(decide_before_store(Access::revoked, sent, asked) == revoked);
      CHECK(decide_before_store(Access::valid, sent, Asked::renewal) == nothing);
    }
  }
  CHECK(decide_before_store(Access::valid, false, Asked::post) == missing);
  CHECK_FALSE(decide_before_store(Access::valid, true, Asked::post));
}

TEST_CASE("An unused token is current until the instant at which it expires") {
  const Facts facts;
  CHECK(facts.at(1999) == Presented::current);
  CHECK(facts.at(2000) == Presented::expired);
}

TEST_CASE("A used token is within the grace until its end, and reused from then on") {
  Facts facts;
  facts.use(1500);
  CHECK(facts.at(1500) == Presented::within_grace);
  CHECK(facts.at(1509) == Presented::within_grace);
  CHECK(facts.at(1510) == Presented::reused);
  CHECK(facts.at(1999) == Presented::reused);
}

TEST_CASE("Without a grace a used token is reused at once") {
  Facts facts;
  facts.use(1500);
  CHECK(facts.at(1500, 0) == Presented::reused);
}

TEST_CASE("A token used by a gateway whose clock is ahead is within the grace") {
  Facts facts;
  facts.use(1500);
  CHECK(facts.at(1490) == Presented::within_grace);
}

TEST_CASE("A token that was used later than any clock may be ahead shows no theft and gives no successor") {
  Facts facts;
  facts.token.expires = 900'000;
  facts.family.ends = 1'000'000;
  facts.use(500'000);  // then the clock was set back
  CHECK(facts.at(490'000) == Presented::within_grace);
  CHECK(facts.at(489'999) == Presented::unknown);
  CHECK(facts.at(2000) == Presented::unknown);
  CHECK(facts.put_off(2000, 489'999) == Presented::unknown);
  CHECK(facts.at(500'010) == Presented::reused);
  facts.token.expires = 2000;
  const auto reissued = [&](Millis now) {
    return judge_reissue({&facts.family, &facts.token, facts.client_matches}, now, now, 10);
  };
  CHECK(reissued(490'000) == Presented::within_grace);
  CHECK(reissued(489'999) == Presented::expired);
}

TEST_CASE("A used token that has expired is expired, within the grace or not") {
  Facts facts;
  facts.use(1995);
  CHECK(facts.at(1999) == Presented::within_grace);
  CHECK(facts.at(2000) == Presented::expired);
  CHECK(facts.at(2005) == Presented::expired);
}

TEST_CASE("A used token without its successor is unknown within the grace, and reused after it") {
  Facts facts;
  facts.use(1500);
  facts.token.successor.reset();
  CHECK(facts.at(1509) == Presented::unknown);
  CHECK(facts.at(1510) == Presented::reused);
}

TEST_CASE("A token is judged as it was when it was presented: what was used since then shows no theft") {
  Facts facts;
  CHECK(facts.put_off(1999, 3000) == Presented::current);
  CHECK(facts.put_off(2000, 3000) == Presented::expired);
  facts.use(1500);
  CHECK(facts.put_off(1400, 1509) == Presented::within_grace);
  CHECK(facts.put_off(1400, 1510) == Presented::unknown);
  CHECK(facts.put_off(1509, 3000) == Presented::unknown);
  CHECK(facts.put_off(1510, 3000) == Presented::reused);
  CHECK(facts.put_off(1400, 4999) == Presented::unknown);
  CHECK(facts.put_off(1400, 5000) == Presented::family_over);
  facts.family.ended = true;
  CHECK(facts.put_off(1400, 1509) == Presented::family_ended);
}

TEST_CASE("A used token is current while the successor that the call proposes is: the call has happened already") {
  Facts facts;
  facts.use(1500);
  RefreshToken proposed{.hash = {}, .issued = 1500, .expires = 2500, .used = {}, .successor = {}};
  const auto rotation = [&](Millis presented_at) {
    return judge_rotation({&facts.family, &facts.token, facts.client_matches, &proposed}, presented_at, presented_at,
                          0);
  };
  const auto reissue_at = [&](Millis now) {
    return judge_reissue({&facts.family, &facts.token, facts.client_matches, &proposed}, now, now, 0);
  };
  CHECK(rotation(1500) == Presented::current);
  CHECK(rotation(1999) == Presented::current);
  CHECK(rotation(2000) == Presented::expired);
  CHECK(reissue_at(2000) == Presented::current);
  proposed.used = 1600;
  CHECK(rotation(1500) == Presented::reused);
  CHECK(reissue_at(2000) == Presented::expired);
  proposed.used.reset();
  facts.family.ended = true;
  CHECK(rotation(1500) == Presented::family_ended);
}

TEST_CASE("A family that has as many used tokens as it may uses no other until the first is a day old") {
  CHECK(most_used_tokens == 10'000);
  CHECK(known_after_use == 24 * 60 * 60 * 1000);
  Facts facts;
  facts.family.ends = 10 * known_after_use;
  facts.token.expires = 9 * known_after_use;
  RefreshToken proposed{.hash = {}, .issued = 1500, .expires = 5 * known_after_use, .used = {}, .successor = {}};
  RotationFacts full{&facts.family, &facts.token, true, nullptr, 1100};
  CHECK(first_forgotten(1100) == 1100 + known_after_use);
  for (const auto judge : {judge_rotation, judge_reissue}) {
    const auto at = [&](Millis now) { return judge(full, now, now, 10); };
    CHECK(at(1100) == Presented::too_often);
    CHECK(at(1099 + known_after_use) == Presented::too_often);
    CHECK(at(1100 + known_after_use) == Presented::current);
    // By what the time is, not by when it was presented.
    CHECK(judge(full, 1200, 1100 + known_after_use, 10) == Presented::current);
    CHECK(at(10 * known_after_use) == Presented::family_over);
  }
  CHECK(judge_rotation(full, 9 * known_after_use, 1200, 10) == Presented::expired);
  CHECK(judge_reissue(full, 9 * known_after_use, 1200, 10) == Presented::too_often);
  facts.use(1500);
  CHECK(judge_rotation(full, 1509, 1509, 10) == Presented::within_grace);
  CHECK(judge_rotation(full, 1510, 1510, 10) == Presented::reused);
  full.proposed = &proposed;
  CHECK(judge_rotation(full, 1510, 1510, 10) == Presented::current);
}

TEST_CASE("A family is over at its end, whatever its token's own time") {
  Facts facts;
  facts.token.expires = 9000;
  CHECK(facts.at(4999) == Presented::current);
  CHECK(facts.at(5000) == Presented::family_over);
}

TEST_CASE("Of several reasons the first in order is told") {
  Facts facts;
  facts.use(1500);
  const Millis late = 6000;  // the token was used long ago, it has expired, and its family is over
  facts.family.ended = true;
  facts.client_matches = false;
  CHECK(judge_rotation({nullptr, &facts.token, false}, late, late, 10) == Presented::unknown);
  CHECK(judge_rotation({&facts.family, nullptr, false}, late, late, 10) == Presented::unknown);
  CHECK(facts.at(late) == Presented::other_client);
  facts.client_matches = true;
  CHECK(facts.at(late) == Presented::family_ended);
  facts.family.ended = false;
  CHECK(facts.at(late) == Presented::family_over);
  facts.family.ends = late + 1;
  CHECK(facts.at(late) == Presented::expired);
  facts.token.expires = late + 1;
  CHECK(facts.at(late) == Presented::reused);
}

TEST_CASE("A successor's expiry slides, and stops at the session's end") {
  const Facts facts;
  CHECK(successor_expiry(facts.family, 1000, 1000) == 2000);
  CHECK(successor_expiry(facts.family, 1500, 1000) == 2500);
  CHECK(successor_expiry(facts.family, 4000, 1000) == 5000);
  CHECK(successor_expiry(facts.family, 4001, 1000) == 5000);
}

TEST_CASE("An expired token is reissued once, within the grace with the same successor, and never shows reuse") {
  Facts facts;
  const auto at = [&](Millis now) {
    return judge_reissue({&facts.family, &facts.token, facts.client_matches}, now, now, 10);
  };
  CHECK(at(1999) == Presented::current);
  CHECK(at(2000) == Presented::current);
  CHECK(at(4999) == Presented::current);
  CHECK(at(5000) == Presented::family_over);
  facts.use(2500);
  CHECK(at(2509) == Presented::within_grace);
  CHECK(at(2510) == Presented::expired);
  facts.token.successor.reset();
  CHECK(at(2509) == Presented::expired);
  facts.use(1500);
  CHECK(at(1510) == Presented::reused);
  facts.client_matches = false;
  CHECK(at(2000) == Presented::other_client);
}

}  // namespace postern::state
