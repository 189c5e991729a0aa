// What is revoked, as this process knows it, and whether it still hears of what others revoke.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/reason.hpp"
#include "filters/jose/claims.hpp"
#include "state/believed_time.hpp"
#include "state/revocation_table.hpp"
#include "state/store.hpp"

namespace postern::token_service {

// Written by the store's thread and by whoever revokes something here; asked by all workers.
class Revocations {
 public:
  // Follows `store`. The revocations live as long as the store calls them.
  static std::shared_ptr<Revocations> follow(state::Store& store);

  // How long the store may be silent, in milliseconds.
  void set_patience(state::Millis patience) noexcept { patience_.store(patience, std::memory_order_relaxed); }

  void insert(std::span<const state::Revocation> revocations);
  void insert(const std::vector<state::SequencedRevocation>& revocations);

  // What of a token can be revoked; once for each verified token.
  state::Fingerprints fingerprints(const jose::Claims& claims) const;

  // What is known of a token: the number under which it was found clean.
  struct Clean {
    std::uint64_t epoch = 0;
  };
  // As far as it is known here. One atomic load and a comparison while nothing was revoked since `clean` was filled.
  bool is_revoked(const state::Fingerprints& token, Clean& clean, state::RevocationTable::View& view) const;

  // Of a key of the token service, which has its name, a thumbprint, under whatever issuer the service has now and had
  // when the key was revoked.
  bool is_own_key_revoked(std::string_view kid) const;
  // Calls `heard` after each time that keys were revoked, while `owner` lives, on whatever thread hears of it.
  void on_key_revoked(std::weak_ptr<const void> owner, std::function<void()> heard);

  // Whether the session itself is over by what is revoked, not this token or its key alone.
  bool is_session_revoked(const state::Fingerprints& token) const;

  // Changes with every revocation that is heard of.
  std::uint64_t epoch() const noexcept { return table_.epoch(); }

  // The `iat` of a token for a session that the store knew at `now` (Unix seconds), when this was at `epoch`: that
  // second; or the next, when tokens of that second are revoked. What is heard of since then may be meant for this very
  // session: then it is that second, and the token is revoked as well.
  double issue_time(const std::string& issuer, const std::string& subject, double now, std::uint64_t epoch) const;

  std::size_t size() const noexcept { return table_.size(); }
  // Whether the store was heard of within that patience: all that was revoked before that is known. By the steady
  // clock: once the wall clock was set back, a silent store would seem to be heard of for hours.
  bool is_following(std::chrono::steady_clock::time_point now) const noexcept;
  // Whether all that the store had was ever known here.
  bool has_loaded() const noexcept;
  // The last instant at which nothing in the store was newer; 0: never.
  state::Millis caught_up_at() const noexcept { return caught_up_.load(std::memory_order_acquire); }

 private:
  static constexpr state::Millis never_heard = std::numeric_limits<state::Millis>::min();
  struct KeyListener {
    std::weak_ptr<const void> owner;
    std::function<void()> heard;
  };

  void insert_keys(std::span<const state::Revocation> revocations);
  void caught_up(state::Millis now, std::chrono::steady_clock::time_point heard_at);
  void tell_key_listeners();

  state::RevocationTable table_;
  state::RevocationTable keys_;  // those of `table_` by their names alone, without an issuer
  std::mutex writing_;
  state::BelievedTime believed_;
  std::optional<state::Millis> next_forgetting_;   // by the steady clock
  std::atomic<state::Millis> caught_up_{0};        // the last instant at which nothing was newer; 0: never
  std::atomic<state::Millis> heard_{never_heard};  // that instant by the steady clock
  std::atomic<state::Millis> patience_{30'000};
  std::atomic<bool> complete_{false};
  std::atomic<bool> told_{false};  // that they cannot be followed
  std::mutex listening_;
  std::vector<KeyListener> key_listeners_;
};

}  // namespace postern::token_service
