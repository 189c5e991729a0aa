#include "state/signing_key_record.hpp"

#include <algorithm>

namespace postern::state {
namespace {

DueKey key_from(Millis signs_from, const KeySchedule& schedule) noexcept {
  const Millis signs_until = signs_from + schedule.rotate_every;
  return {signs_from, signs_until, signs_until + schedule.verify_after};
}

}  // namespace

KeyPhase phase_at(const SigningKeyRecord& key, Millis now) noexcept {
  if (now < key.signs_from) return KeyPhase::published;
  if (now < key.signs_until) return KeyPhase::signing;
  return now < key.retired ? KeyPhase::verifying : KeyPhase::gone;
}

const SigningKeyRecord* signing_key(const SigningKeySet& set, Millis now) noexcept {
  const SigningKeyRecord* last_resort = nullptr;
  for (auto key = set.keys.rbegin(); key != set.keys.rend(); ++key) {
    if (key->signs_from < set.superseded_before) break;
    const KeyPhase phase = phase_at(*key, now);
    if (phase == KeyPhase::signing) return &*key;
    if (phase == KeyPhase::verifying && last_resort == nullptr) last_resort = &*key;
  }
  return last_resort;
}

Millis superseded_by(const SigningKeyRecord& revoked, Millis superseded_before, Millis now) noexcept {
  return revoked.signs_from <= now ? std::max(superseded_before, revoked.signs_from) : superseded_before;
}

std::optional<DueKey> due_key(const SigningKeySet& set, Millis now, const KeySchedule& schedule) noexcept {
  const auto signs = [&](const SigningKeyRecord& key) {
    return key.signs_from >= set.superseded_before && phase_at(key, now) == KeyPhase::signing;
  };
  if (std::none_of(set.keys.begin(), set.keys.end(), signs)) return key_from(now, schedule);
  const Millis last_end = set.keys.back().signs_until;
  if (now < last_end - schedule.publish_ahead) return std::nullopt;
  return key_from(last_end, schedule);
}

Millis next_change(const SigningKeySet& set, const KeySchedule& schedule) noexcept {
  Millis next = set.keys.back().signs_until - schedule.publish_ahead;
  for (const SigningKeyRecord& key : set.keys) next = std::min(next, key.retired);
  return next;
}

DueKey demanded_key(Millis now, const KeySchedule& schedule, bool at_once) noexcept {
  return key_from(at_once ? now : now + schedule.publish_ahead, schedule);
}

}  // namespace postern::state
