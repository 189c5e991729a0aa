// The signing keys of this process, as the store has them: which one signs, which ones verify, when the next is due.
// They are the key source of the provider `token_service`.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "conf/config.hpp"
#include "filters/jose/signing.hpp"
#include "filters/keys/key_source.hpp"
#include "filters/token_service/revocations.hpp"
#include "filters/token_service/store_holder.hpp"
#include "gateway/crew.hpp"

namespace postern::token_service {

// The schedule that the configuration asks for.
state::KeySchedule schedule_of(const conf::TokenService& settings);

// A key that signs, and from when on no token of it is accepted. A key keeps the times that it was made with: a token
// may be meant to live longer by now.
struct Signer {
  std::shared_ptr<const jose::SigningKey> key;  // null: there is none
  state::Millis retired = 0;
};

// Until the store is asked again.
struct LookPauses {
  std::chrono::milliseconds usual{60'000};
  std::chrono::milliseconds after_failure{1000};
};

// So many keys that are not revoked may be there before another is made without being asked for. More than are ever
// made on demand (keys_page.hpp): those are not to keep the service without a key that signs.
inline constexpr std::size_t most_due_keys = 128;
// So many of them at once; then one in a second.
inline constexpr int due_keys_at_once = 4;

class SigningKeys final : public keys::KeySource, public std::enable_shared_from_this<SigningKeys> {
 public:
  // Works on `io`, whose thread may take its time. Where `encryption_secret` is not empty the keys are kept encrypted
  // under it (key_wrap.hpp), and no others are used.
  SigningKeys(boost::asio::io_context& io, std::shared_ptr<const StoreHolder> store,
              std::shared_ptr<Revocations> revocations, state::KeySchedule schedule, Secret encryption_secret,
              LookPauses pauses = {});

  // Loads the keys, or makes the first; then looks again after the usual pause, when the next is due or one retires,
  // and when a key was revoked. While the store is down it goes on with what it has. Called once.
  void start();
  // A reload may bring another schedule, which holds for the keys to come.
  void adopt(state::KeySchedule schedule);

  // The key that signs at `now`; none: none was ever loaded, it was revoked a moment ago, or the clock was set back to
  // before all of them. Then they are looked at, at most once in a second, and the next is on its way.
  Signer signer(state::Millis now);
  // RFC 7517 section 5: all that verify, or will, and are not known to be revoked. Nothing where there is no such key:
  // not to be told as an empty set, which readers would keep. Any thread.
  std::optional<std::string> jwks() const;
  // The same keys with their times, without the private ones. Any thread.
  state::SigningKeySet known() const;

  // Makes a key that signs at once, whatever the schedule says; those who ask together get one. The error is why the
  // store does not keep it; then it may all the same.
  using Made = tl::expected<void, std::string>;
  Task<Made> rotate();

  // Another gateway may sign with a key that this one has not seen: the store is asked, for an unknown kid at most once
  // in ten seconds.
  Task<keys::Waited> await_fetch(keys::Wanted wanted) override;
  // Whether the last look at the store failed, or somebody waited for it in vain.
  bool is_failing() const override;
  bool is_remote() const noexcept override { return true; }
  ProviderStatus status() const override;

 private:
  using Waiter = std::shared_ptr<Handoff<keys::Waited>>;
  struct Waiting {
    Waiter waiter;
    keys::Waited loaded;  // what it is told when the keys were loaded
  };
  using Demand = std::shared_ptr<Handoff<Made>>;
  struct Loaded {
    state::SigningKeyRecord record;  // without its private key, which `key` has
    std::shared_ptr<const jose::SigningKey> key;
  };

  // On the thread of `io`.
  std::shared_ptr<const jose::SigningKey> read_key(const state::SigningKeyRecord& record) const;
  void load();
  void load_unless_loading();
  void look_for_signer();
  void ask(const Waiter& waiter, keys::Wanted wanted);
  using Outcome = tl::expected<state::SigningKeySet, state::StoreError>;
  void settle(Outcome outcome);  // by heed(), or later when that finds no memory
  void heed(const Outcome& outcome);
  // Those of `set` that can be used.
  state::SigningKeySet take_over(const state::SigningKeySet& set, state::Millis now);
  // Whether a key that is due may be added to `set` by now; it is added then.
  bool may_add_due(const state::SigningKeySet& set);
  void add(const state::DueKey& due, std::uint64_t version, state::Millis now);
  void demand(const Demand& demand);
  // The key to add for those who demand one; nothing when there are none, or when `set` has what they wanted.
  std::optional<state::DueKey> demanded(const state::SigningKeySet& set, state::Millis now,
                                        const state::KeySchedule& schedule);
  void answer_demands(const Made& made);
  void look_again(std::chrono::milliseconds after);
  state::SigningKeySet records() const;
  bool is_revoked(const std::string& kid) const;
  void wake(bool loaded);
  state::Done<state::SigningKeySet> to_settle();

  boost::asio::io_context& io_;
  std::shared_ptr<const StoreHolder> store_;
  std::shared_ptr<Revocations> revocations_;
  SteadyTimer timer_;
  const Secret encryption_secret_;
  const LookPauses pauses_;
  bool loading_ = false;
  std::chrono::steady_clock::time_point next_ask_{}, next_look_for_signer_{}, next_due_{};
  bool told_of_many_ = false;
  std::vector<Waiting> waiting_;
  std::vector<Demand> demands_;
  std::string offered_;  // the kid of the key that the store was last asked to add

  mutable std::mutex mutex_;  // for what follows
  state::KeySchedule schedule_;
  std::vector<Loaded> loaded_;
  state::Millis superseded_before_ = 0;  // as in state::SigningKeySet; written by the thread of `io` alone
  std::string last_error_;
  bool is_looking_ = false;  // a call is under way that only reads the keys
  bool is_failing_ = false;
};

}  // namespace postern::token_service
