#include "state/redis/calls.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "base/digest.hpp"

namespace postern::state::redis {
namespace {

using Kind = Revocation::Kind;
// Which Redis ends in some milliseconds; far fewer than an answer may hold, since SSCAN may give more.
constexpr std::size_t sessions_of_a_piece = 500;
struct KindName {
  Kind kind;
  std::string_view name;
};
constexpr std::array kind_names = {KindName{Kind::jti, "jti"}, KindName{Kind::sid, "sid"}, KindName{Kind::sub, "sub"},
                                   KindName{Kind::kid, "kid"}, KindName{Kind::issuer, "issuer"}};

struct VerdictName {
  Presented presented;
  std::string_view name;
};
constexpr std::array verdict_names = {
    VerdictName{Presented::unknown, "unknown"},           VerdictName{Presented::current, "current"},
    VerdictName{Presented::within_grace, "within_grace"}, VerdictName{Presented::reused, "reused"},
    VerdictName{Presented::expired, "expired"},           VerdictName{Presented::family_ended, "family_ended"},
    VerdictName{Presented::family_over, "family_over"},   VerdictName{Presented::other_client, "other_client"},
    VerdictName{Presented::too_often, "too_often"}};

std::string_view name_of(Rotation::Kind kind) {
  switch (kind) {
    case Rotation::Kind::reissue:
      return "reissue";
    case Rotation::Kind::look:
      return "look";
    case Rotation::Kind::rotate:
      break;
  }
  return "rotate";
}

std::string text_of(const TokenHash& hash) {
  return std::string(bytes_of(hash));
}

// Takes a reply apart. What is not as it should be is remembered, and read as nothing.
class Reading {
 public:
  const Reply& item(const Reply& list, std::size_t at) {
    static const Reply nothing;
    if (list.type == Reply::Type::list && at < list.list.size()) return list.list[at];
    damaged_ = true;
    return nothing;
  }
  std::string text(const Reply& reply) {
    if (reply.type != Reply::Type::text) damaged_ = true;
    return reply.text;
  }
  // Decimal digits, as all numbers are kept.
  std::int64_t number(const Reply& reply) { return number(text(reply)); }
  std::int64_t number(std::string_view digits) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value < 0) damaged_ = true;
    return value;
  }
  std::optional<std::int64_t> optional_number(std::string_view digits) {
    if (digits.empty()) return std::nullopt;
    return number(digits);
  }
  template <class Names>
  auto named(const Names& names, std::string_view name) {
    const auto found = std::find_if(names.begin(), names.end(), [&](const auto& one) { return one.name == name; });
    if (found != names.end()) return *found;
    damaged_ = true;
    return names.front();
  }
  void fail() { damaged_ = true; }

  template <class T>
  Read<T> outcome(T value, std::string_view what) const {
    if (!damaged_) return value;
    return tl::unexpected(StoreError{StoreError::Kind::damaged, "Redis gives " + std::string(what) + " without sense"});
  }

 private:
  bool damaged_ = false;
};

// In the order of read_family() of lua.hpp.
std::optional<Family> read_family(Reading& reading, const Reply& reply, const std::string& sid) {
  if (reply.type == Reply::Type::nil) return std::nullopt;
  const auto text = [&](std::size_t at) { return reading.text(reading.item(reply, at)); };
  const auto number = [&](std::size_t at) { return reading.number(reading.item(reply, at)); };
  return Family{.sid = sid,
                .issuer = text(0),
                .subject = text(1),
                .client = text(2),
                .claims = text(3),
                .scope = text(4),
                .began = number(5),
                .ends = number(6),
                .ended = number(7) != 0};
}

SigningKeyRecord read_key(Reading& reading, const Reply& reply) {
  const auto text = [&](std::size_t at) { return reading.text(reading.item(reply, at)); };
  const auto number = [&](std::size_t at) { return reading.number(reading.item(reply, at)); };
  return {.kid = text(0),
          .alg = text(1),
          .private_key = Secret(text(2)),
          .created = number(3),
          .signs_from = number(4),
          .signs_until = number(5),
          .retired = number(6)};
}

// `[number-0, [name, value, ...]]`, in the order in which revoke() of lua.hpp writes them.
SequencedRevocation read_entry(Reading& reading, const Reply& reply) {
  const std::string id = reading.text(reading.item(reply, 0));
  const Reply& fields = reading.item(reply, 1);
  const auto value = [&](std::size_t at, std::string_view name) {
    if (reading.text(reading.item(fields, 2 * at)) != name) reading.fail();
    return reading.text(reading.item(fields, 2 * at + 1));
  };
  if (!id.ends_with("-0")) reading.fail();
  SequencedRevocation entry;
  entry.sequence = static_cast<std::uint64_t>(reading.number(std::string_view(id).substr(0, id.find('-'))));
  entry.revocation = {.kind = reading.named(kind_names, value(0, "kind")).kind,
                      .issuer = value(1, "issuer"),
                      .value = value(2, "value"),
                      .before = reading.optional_number(value(3, "before")),
                      .until = reading.number(value(4, "until"))};
  return entry;
}

}  // namespace

std::string key_tag(const std::string& prefix) {
  return "{" + prefix + "}";
}

Words script_command(Script script, const std::string& prefix, Words arguments) {
  Words words{"EVALSHA", name_of(script), "1", key_tag(prefix)};
  std::move(arguments.begin(), arguments.end(), std::back_inserter(words));
  return words;
}

Words begin_session_arguments(const Family& family, const RefreshToken& first) {
  return {family.sid,
          family.issuer,
          family.subject,
          family.client,
          family.claims,
          family.scope,
          std::to_string(family.began),
          std::to_string(family.ends),
          text_of(first.hash),
          std::to_string(first.expires)};
}

Words rotate_arguments(const Rotation& rotation) {
  return {rotation.sid,
          text_of(rotation.presented),
          rotation.client,
          std::to_string(rotation.presented_at),
          std::to_string(rotation.now),
          std::to_string(rotation.grace),
          std::string(name_of(rotation.kind)),
          text_of(rotation.successor),
          rotation.sealed.bytes,
          std::to_string(rotation.sealed.opens_until),
          std::to_string(rotation.lifetime),
          std::to_string(rotation.revoke_until),
          std::to_string(rotation.most_used),
          std::to_string(known_after_use)};
}

Words find_arguments(const std::string& sid, const TokenHash& presented, const std::string& client, Millis now,
                     Millis grace) {
  return {sid, text_of(presented), client, std::to_string(now), std::to_string(grace)};
}

Words revoke_arguments(const Revocation& revocation) {
  const auto* const kind = std::find_if(kind_names.begin(), kind_names.end(),
                                        [&](const KindName& one) { return one.kind == revocation.kind; });
  return {std::string(kind->name), revocation.issuer, revocation.value,
          revocation.before ? std::to_string(*revocation.before) : "", std::to_string(revocation.until)};
}

Words end_sessions_arguments(const std::string& issuer, const std::string& subject, Millis until,
                             const std::string& cursor) {
  return {issuer, subject, std::to_string(until), cursor, std::to_string(sessions_of_a_piece)};
}

Words add_key_arguments(const SigningKeyRecord& key, std::uint64_t version) {
  return {std::to_string(version),
          key.kid,
          key.alg,
          std::string(key.private_key.reveal()),
          std::to_string(key.created),
          std::to_string(key.signs_from),
          std::to_string(key.signs_until),
          std::to_string(key.retired)};
}

Words count_attempt_arguments(const std::vector<Attempt>& attempts, Millis now) {
  Words words{std::to_string(now)};
  for (const Attempt& attempt : attempts) {
    words.insert(words.end(), {attempt.name, std::to_string(attempt.limit), std::to_string(attempt.window)});
  }
  return words;
}

Words uncount_attempt_arguments(const std::vector<Attempt>& attempts) {
  Words words;
  for (const Attempt& attempt : attempts) {
    words.insert(words.end(), {attempt.name, attempt.forgiven ? "forgiven" : "one"});
  }
  return words;
}

Words sweep_arguments(Believed time, std::size_t most) {
  return {std::to_string(time.now), std::to_string(time.forgetting), std::to_string(most),
          std::to_string(kept_after_end)};
}

Read<Begun> read_begun(const Reply& reply) {
  Reading reading;
  Begun begun;
  if (reply.type != Reply::Type::nil) begun.issued_before = reading.number(reply);
  return reading.outcome(begun, "the start of a session");
}

Read<Rotated> read_rotated(const Reply& reply, const std::string& sid) {
  Reading reading;
  Rotated rotated;
  rotated.presented = reading.named(verdict_names, reading.text(reading.item(reply, 0))).presented;
  rotated.family = read_family(reading, reading.item(reply, 1), sid);
  rotated.expires = reading.number(reading.item(reply, 2));
  if (rotated.presented == Presented::within_grace) {
    const Millis opens_until = reading.number(reading.item(reply, 3));
    rotated.existing = SealedSuccessor{reading.text(reading.item(reply, 4)), opens_until};
  }
  if (rotated.presented == Presented::too_often) rotated.wait = reading.number(reading.item(reply, 3));
  return reading.outcome(std::move(rotated), "a rotation");
}

Read<FoundSession> read_found(const Reply& reply, const std::string& sid) {
  Reading reading;
  FoundSession found;
  found.presented = reading.named(verdict_names, reading.text(reading.item(reply, 0))).presented;
  found.family = read_family(reading, reading.item(reply, 1), sid);
  found.expires = reading.number(reading.item(reply, 2));
  return reading.outcome(std::move(found), "a session");
}

Read<std::uint64_t> read_number(const Reply& reply) {
  Reading reading;
  const std::int64_t number = reading.number(reply);
  return reading.outcome(static_cast<std::uint64_t>(number), "a number");
}

Read<EndedSessions> read_ended(const Reply& reply, const std::string& issuer) {
  Reading reading;
  EndedSessions ended;
  ended.next = reading.text(reading.item(reply, 0));
  const Reply& sessions = reading.item(reply, 1);
  if (sessions.type != Reply::Type::list) reading.fail();
  for (const Reply& one : sessions.list) {
    ended.revocations.push_back({.kind = Kind::sid,
                                 .issuer = issuer,
                                 .value = reading.text(reading.item(one, 0)),
                                 .before = {},
                                 .until = reading.number(reading.item(one, 1))});
  }
  return reading.outcome(std::move(ended), "sessions");
}

Read<SigningKeySet> read_signing_keys(const Reply& reply) {
  Reading reading;
  SigningKeySet set;
  set.version = static_cast<std::uint64_t>(reading.number(reading.item(reply, 0)));
  for (const Reply& key : reading.item(reply, 1).list) set.keys.push_back(read_key(reading, key));
  std::stable_sort(set.keys.begin(), set.keys.end(), [](const SigningKeyRecord& one, const SigningKeyRecord& other) {
    return one.signs_from < other.signs_from;
  });
  return reading.outcome(std::move(set), "signing keys");
}

Read<std::vector<SequencedRevocation>> read_entries(const Reply& reply) {
  Reading reading;
  if (reply.type != Reply::Type::list) reading.fail();
  std::vector<SequencedRevocation> entries;
  for (const Reply& entry : reply.list) entries.push_back(read_entry(reading, entry));
  return reading.outcome(std::move(entries), "revocations");
}

Read<std::vector<SequencedRevocation>> read_new_entries(const Reply& reply) {
  if (reply.type == Reply::Type::nil) return std::vector<SequencedRevocation>();
  Reading reading;
  return read_entries(reading.item(reading.item(reply, 0), 1));
}

Read<FeedState> read_feed_state(const Reply& reply) {
  Reading reading;
  const Reply &generation = reading.item(reply, 0), &latest = reading.item(reply, 1);
  FeedState state;
  if (generation.type != Reply::Type::nil) state.generation = reading.text(generation);
  if (latest.type != Reply::Type::nil) state.latest = static_cast<std::uint64_t>(reading.number(latest));
  return reading.outcome(std::move(state), "the state of the feed");
}

}  // namespace postern::state::redis
