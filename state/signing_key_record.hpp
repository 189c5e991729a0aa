// clang-format off
// Signing keys as a store keeps them, and their life. Pure.
//
//   created -- publish_ahead --> signs_from -- rotate_every --> signs_until -- access lifetime + leeway --> retired
//       published, not used yet       the one key that signs            still verifies                      gone
// clang-format on
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "state/session.hpp"

namespace postern::state {

struct SigningKeyRecord {
  std::string kid;     // RFC 7638 thumbprint
  std::string alg;     // RFC 7518 section 3.1
  Secret private_key;  // PKCS #8 in PEM, or that encrypted (key_wrap.hpp)
  Millis created = 0;
  Millis signs_from = 0;
  Millis signs_until = 0;
  Millis retired = 0;  // from then on no token of it is accepted
};

struct SigningKeySet {
  std::uint64_t version = 0;           // counts the keys ever added: what add_signing_key() compares
  std::vector<SigningKeyRecord> keys;  // by signs_from
  // When the latest of those that are revoked, and left out of `keys`, began to sign; 0: none has. It took over from
  // all that began before it, which never sign again, whatever their times say.
  Millis superseded_before = 0;
};

// By its own times. A key that was demanded at once signs from then on instead of one whose time goes on.
enum class KeyPhase : std::uint8_t { published, signing, verifying, gone };
KeyPhase phase_at(const SigningKeyRecord& key, Millis now) noexcept;

// The key that signs at `now`: the latest with signs_from <= now < signs_until. When none does (the store was down when
// the next was due) the latest that ever did, until it retires: tokens with an old key are better than none. None
// that began before SigningKeySet::superseded_before.
const SigningKeyRecord* signing_key(const SigningKeySet& set, Millis now) noexcept;

struct KeySchedule {
  std::string alg = "ES256";  // of the keys to come
  Millis rotate_every = 0;
  Millis publish_ahead = 0;
  Millis verify_after = 0;  // longest access token plus leeway
};

// SigningKeySet::superseded_before once that key is left out too, since it is revoked.
Millis superseded_by(const SigningKeyRecord& revoked, Millis superseded_before, Millis now) noexcept;

// The times of a key to add.
struct DueKey {
  Millis signs_from = 0, signs_until = 0, retired = 0;
  bool operator==(const DueKey&) const = default;
};

// While no key of the set signs, one is due that does so at once: the first, one that was not added in time, and one
// for a key that was revoked, even when the next is published already, or the time of one before it goes on. Otherwise
// the next is due publish_ahead before the last one's end, and signs from that end. Nothing: none is due.
std::optional<DueKey> due_key(const SigningKeySet& set, Millis now, const KeySchedule& schedule) noexcept;
// When a set that is not empty changes by its times: the next key is due, or one retires.
Millis next_change(const SigningKeySet& set, const KeySchedule& schedule) noexcept;
// On demand (`postern keys rotate`): signs after publish_ahead, or at once.
DueKey demanded_key(Millis now, const KeySchedule& schedule, bool at_once) noexcept;

}  // namespace postern::state
