// Random histories, compared with what the pure rules say of plain records.
#include <algorithm>
#include <array>
#include <deque>
#include <random>
#include <vector>

#include "tests/store/stores.hpp"

namespace postern::state {
namespace {

constexpr Millis grace = 10, lifetime = 100, session = 400;
// Of a busy history. Its time goes by in parts of a day, so that used tokens give way, and some do not.
constexpr Millis day = known_after_use, long_lifetime = 3 * day;
constexpr std::size_t most_used = 20;

struct KnownSession {
  Family family;
  std::vector<RefreshToken> tokens;
  std::optional<TokenHash> forgotten;  // the last that gave way
};

struct Expected {
  Presented presented = Presented::unknown;
  Millis expires = 0;
  Millis wait = 0;
  std::optional<SealedSuccessor> existing;
  std::optional<Family> family;
};

// One user with the sessions of a history, and a time of its own: what others do is nothing to it.
class History {
 public:
  // In a busy one there is one session, which lasts long, and its current token is used most of the time.
  History(std::uint64_t seed, std::string subject, bool busy)
      : random_(seed), subject_(std::move(subject)), busy_(busy) {
    next_hash_ = seed << 32U;
  }

  bool refused_any() const { return refused_; }
  // Whether a used token of it gave way.
  bool forgot_any() const {
    return std::any_of(sessions_.begin(), sessions_.end(), [](const KnownSession& known) { return known.forgotten; });
  }

  // Calls the store and gives what tells whether the answer is right, to be called when others have called, too.
  std::function<void()> step(Store& store) {
    const std::uint64_t kind = sessions_.empty() ? 0 : below(100);
    if (sessions_.empty() || (!busy_ && kind < 4)) return begin(store);
    if (kind < (busy_ ? 93 : 70)) return rotate(store);
    if (kind < (busy_ ? 96 : 85)) return find(store);
    if (kind < 89) return revoke(store);
    now_ += busy_ ? std::array<Millis, 6>{1, 5, grace, 30, day / 2, day}[below(6)]
                  : std::array<Millis, 6>{1, 5, grace, 30, lifetime, lifetime + grace}[below(6)];
    return [] {};
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  // Now and then by a clock that is behind what others have used tokens by, as far as that may be or farther.
  Millis clock() {
    return now_ - std::array<Millis, 3>{0, most_ahead - 5, most_ahead + 5}[below(20) < 18 ? 0 : below(3)];
  }

  std::function<void()> begin(Store& store) {
    Family family = family_of(subject_ + "-" + std::to_string(sessions_.size()), subject_);
    family.began = now_;
    family.ends = now_ + (busy_ ? 100 * day : session);
    const RefreshToken first{hash_of(++next_hash_), now_, now_ + lifetime_, {}, {}};
    sessions_.push_back({family, {first}, {}});
    auto answer = std::make_shared<Answer<Begun>>();
    store.begin_session(family, first, answer->done());
    return [answer, before = revoked_before_] { CHECK(answer->value().issued_before == before); };
  }

  // Most often of the latest sessions and their latest tokens.
  KnownSession& any_session() {
    return sessions_[sessions_.size() - 1 - below(std::min<std::size_t>(sessions_.size(), 3))];
  }
  TokenHash any_token(const KnownSession& known) {
    if (below(20) == 0) return hash_of(++next_hash_);
    if (known.forgotten && below(5) == 0) return *known.forgotten;
    if (busy_ && below(200) != 0) return known.tokens.back().hash;
    return known.tokens[known.tokens.size() - 1 - below(std::min<std::size_t>(known.tokens.size(), 3))].hash;
  }

  static RefreshToken* find_token(KnownSession& known, const TokenHash& hash) {
    const auto token = std::find_if(known.tokens.begin(), known.tokens.end(),
                                    [&](const RefreshToken& candidate) { return candidate.hash == hash; });
    return token == known.tokens.end() ? nullptr : &*token;
  }

  // Tokens are used in the order in which they were issued, and all but the last are.
  static bool is_full(const KnownSession& known) { return known.tokens.size() - 1 >= most_used; }
  static void forget_first(KnownSession& known) {
    known.forgotten = known.tokens.front().hash;
    known.tokens.erase(known.tokens.begin());
  }

  static Expected judge(KnownSession& known, const Rotation& rotation, std::optional<Millis> first_use = {}) {
    const RefreshToken* token = find_token(known, rotation.presented);
    const RotationFacts facts{&known.family, token, rotation.client == "app", find_token(known, rotation.successor),
                              first_use};
    const auto rule = rotation.kind == Rotation::Kind::reissue ? judge_reissue : judge_rotation;
    Expected expected;
    expected.presented = rule(facts, rotation.presented_at, rotation.now, grace);
    if (expected.presented == Presented::within_grace) expected.existing = token->successor;
    return expected;
  }

  Rotation any_rotation() {
    const KnownSession& known = any_session();
    const Millis now = clock();
    return {.kind = std::array{Rotation::Kind::rotate, Rotation::Kind::reissue, Rotation::Kind::look}[below(3)],
            .sid = known.family.sid,
            .presented = any_token(known),
            .client = below(20) == 0 ? "other" : "app",
            .successor = hash_of(++next_hash_),
            .sealed = {"sealed " + std::to_string(next_hash_), now + grace},
            .lifetime = lifetime_,
            .presented_at = now - std::array<Millis, 4>{0, 0, 5, 30}[below(4)],
            .now = now,
            .grace = grace,
            .revoke_until = now + session,
            .most_used = most_used};
  }

  // Gives when the family's current token expires then, or would.
  static Millis use(KnownSession& known, const Rotation& rotation) {
    RefreshToken& token = *find_token(known, rotation.presented);
    if (token.used) return known.tokens.back().expires;
    const Millis expires = successor_expiry(known.family, rotation.now, rotation.lifetime);
    if (rotation.kind == Rotation::Kind::look) return expires;
    token.used = rotation.now;
    token.successor = rotation.sealed;
    const bool was_full = is_full(known);
    known.tokens.push_back({rotation.successor, rotation.now, expires, {}, {}});
    if (was_full) forget_first(known);
    return expires;
  }

  std::function<void()> rotate(Store& store) {
    if (!last_ || below(4) != 0) last_ = any_rotation();  // else once more: its answer was lost
    Rotation rotation = *last_;
    KnownSession& known = *std::find_if(sessions_.begin(), sessions_.end(), [&](const KnownSession& candidate) {
      return candidate.family.sid == rotation.sid;
    });
    const auto first_use = is_full(known) ? known.tokens.front().used : std::nullopt;
    Expected expected = judge(known, rotation, first_use);
    if (expected.presented == Presented::current) expected.expires = use(known, rotation);
    if (expected.presented == Presented::within_grace) expected.expires = known.tokens.back().expires;
    if (expected.presented == Presented::reused) known.family.ended = true;
    if (expected.presented == Presented::too_often) {
      expected.wait = *first_use + day - rotation.now;
      refused_ = true;
    }
    expected.family = known.family;
    auto answer = std::make_shared<Answer<Rotated>>();
    store.rotate(std::move(rotation), answer->done());
    return [answer, expected] {
      const Rotated rotated = answer->value();
      CHECK(rotated.presented == expected.presented);
      CHECK(rotated.expires == expected.expires);
      CHECK(rotated.wait == expected.wait);
      CHECK(rotated.existing == expected.existing);
      CHECK(rotated.family == expected.family);
    };
  }

  std::function<void()> find(Store& store) {
    KnownSession& known = any_session();
    const TokenHash hash = any_token(known);
    Rotation rotation;
    rotation.presented = hash;
    rotation.client = "app";
    rotation.successor = hash_of(++next_hash_);
    rotation.presented_at = rotation.now = clock();
    const Expected expected = judge(known, rotation);
    auto answer = std::make_shared<Answer<FoundSession>>();
    store.find(known.family.sid, hash, "app", rotation.now, grace, answer->done());
    return [answer, expected] { CHECK(answer->value().presented == expected.presented); };
  }

  std::function<void()> revoke(Store& store) {
    Revocation revocation{.kind = Revocation::Kind::sid,
                          .issuer = "https://id.example",
                          .value = any_session().family.sid,
                          .before = {},
                          .until = now_ + session};
    if (below(2) == 0) {
      // In the middle of them: some of the subject's sessions go on.
      revocation = {Revocation::Kind::sub, revocation.issuer, subject_, any_session().family.began, now_ + session};
      revoked_before_ = std::max(revoked_before_.value_or(0), *revocation.before);
    }
    for (KnownSession& known : sessions_) {
      const bool named =
          revocation.before ? known.family.began < *revocation.before : known.family.sid == revocation.value;
      if (named) known.family.ended = true;
    }
    auto answer = std::make_shared<Answer<std::uint64_t>>();
    store.revoke(revocation, answer->done());
    return [answer] { CHECK(answer->value() > 0); };
  }

  std::mt19937_64 random_;
  std::string subject_;
  bool busy_;
  bool refused_ = false;
  Millis lifetime_ = busy_ ? long_lifetime : lifetime;
  std::uint64_t next_hash_ = 0;
  Millis now_ = 1'000'000;
  std::deque<KnownSession> sessions_;
  std::optional<Rotation> last_;
  std::optional<Millis> revoked_before_;
};

}  // namespace

TEST_CASE_TEMPLATE("20,000 random steps have the verdicts of the pure rules", Place, STORES) {
  const Place place;
  const auto store = place.open();
  std::vector<History> histories;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    histories.emplace_back(seed, "user " + std::to_string(seed), seed % 5 == 0);
  }
  for (int round = 0; round < 400; ++round) {
    std::vector<std::function<void()>> checks;
    for (History& history : histories) checks.push_back(history.step(*store));
    for (const auto& check : checks) check();
  }
  CHECK(std::any_of(histories.begin(), histories.end(), [](const History& one) { return one.forgot_any(); }));
  CHECK(std::any_of(histories.begin(), histories.end(), [](const History& one) { return one.refused_any(); }));
}

}  // namespace postern::state
