#include "filters/token_service/signing_keys.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <new>
#include <utility>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/want_of_memory.hpp"
#include "filters/jose/public_key.hpp"
#include "filters/token_service/await_store.hpp"
#include "filters/token_service/key_wrap.hpp"
#include "filters/token_service/millis.hpp"

namespace postern::token_service {
namespace {

constexpr std::chrono::seconds between_unknown_kids{10};
constexpr std::chrono::seconds between_due_keys{1};

using KeyPtr = std::shared_ptr<const jose::SigningKey>;

Secret wrapped(const jose::SigningKey& key, const Secret& encryption_secret) {
  std::string nonce(gcm_nonce_bytes, '\0');
  fill_random(nonce.data(), nonce.size());
  return wrap_key(key.to_pem(), encryption_secret, key.kid(), nonce);
}

}  // namespace

SigningKeys::SigningKeys(boost::asio::io_context& io, std::shared_ptr<const StoreHolder> store,
                         std::shared_ptr<Revocations> revocations, state::KeySchedule schedule,
                         Secret encryption_secret, LookPauses pauses)
    : io_(io),
      store_(std::move(store)),
      revocations_(std::move(revocations)),
      timer_(io.get_executor()),
      encryption_secret_(std::move(encryption_secret)),
      pauses_(pauses),
      schedule_(std::move(schedule)) {}

state::KeySchedule schedule_of(const conf::TokenService& settings) {
  state::KeySchedule schedule;
  schedule.alg = settings.signing_keys.algorithm;
  schedule.rotate_every = settings.signing_keys.rotate_every.count();
  schedule.publish_ahead = settings.signing_keys.publish_ahead.count();
  schedule.verify_after = (settings.access_lifetime + settings.leeway).count();
  return schedule;
}

void SigningKeys::start() {
  boost::asio::post(io_, [self = shared_from_this()] { self->load(); });
  revocations_->on_key_revoked(weak_from_this(), [weak = weak_from_this(), &io = io_] {
    boost::asio::post(io, [weak] {
      if (const auto self = weak.lock()) self->load_unless_loading();
    });
  });
}

void SigningKeys::adopt(state::KeySchedule schedule) {
  const std::lock_guard lock(mutex_);
  schedule_ = std::move(schedule);
}

// With mutex_ held.
state::SigningKeySet SigningKeys::records() const {
  state::SigningKeySet set;
  for (const Loaded& loaded : loaded_) set.keys.push_back(loaded.record);
  set.superseded_before = superseded_before_;
  return set;
}

bool SigningKeys::is_revoked(const std::string& kid) const {
  return revocations_->is_own_key_revoked(kid);
}

Signer SigningKeys::signer(state::Millis now) {
  const std::lock_guard lock(mutex_);
  const state::SigningKeySet set = records();
  const state::SigningKeyRecord* record = state::signing_key(set, now);
  if (record != nullptr && !is_revoked(record->kid)) {
    return {loaded_[static_cast<std::size_t>(record - set.keys.data())].key, record->retired};
  }
  // Leaves it out, and makes another.
  boost::asio::post(io_, [self = shared_from_this()] { self->look_for_signer(); });
  return {};
}

std::optional<std::string> SigningKeys::jwks() const {
  const keys::KeysPtr published = keys();
  if (published == nullptr) return std::nullopt;
  Json::Array array;
  for (const jose::Key& key : published->keys()) {
    if (!is_revoked(key.kid)) array.push_back(jose::to_jwk(key));
  }
  if (array.empty()) return std::nullopt;
  return Json(Json::Object{{"keys", Json(std::move(array))}}).to_text();
}

Task<keys::Waited> SigningKeys::await_fetch(keys::Wanted wanted) {
  const Executor executor = co_await current_executor();
  const auto waiter = std::make_shared<Handoff<keys::Waited>>(executor);
  boost::asio::post(io_, [self = shared_from_this(), waiter, wanted] { self->ask(waiter, wanted); });
  const auto waited = co_await waiter->wait(std::chrono::steady_clock::now() + store_deadline);
  if (waited) co_return *waited;
  const std::lock_guard lock(mutex_);
  if (is_looking_) is_failing_ = true;  // else the answer has come, and this worker was late
  co_return keys::Waited::not_at_all;
}

bool SigningKeys::is_failing() const {
  const std::lock_guard lock(mutex_);
  return is_failing_;
}

ProviderStatus SigningKeys::status() const {
  ProviderStatus status;
  status.remote = true;
  status.source = "the token service's store";
  {
    const std::lock_guard lock(mutex_);
    status.last_error = last_error_;
  }
  const keys::KeysPtr published = keys();
  if (published == nullptr) {
    status.state = status.last_error.empty() ? ProviderStatus::State::loading : ProviderStatus::State::unavailable;
    return status;
  }
  status.state = status.last_error.empty() ? ProviderStatus::State::ready : ProviderStatus::State::stale;
  for (const jose::Key& key : published->keys()) {
    status.keys.push_back({key.kid, std::string(jose::name_of(key.type)), key.alg.value_or(""), "sig", key.bits});
  }
  return status;
}

void SigningKeys::ask(const Waiter& waiter, keys::Wanted wanted) {
  if (loading_) {
    waiting_.push_back({waiter, keys::Waited::for_older});
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (wanted == keys::Wanted::unknown_kid) {
    if (now < next_ask_) return Handoff<keys::Waited>::bring(waiter, keys::Waited::not_at_all);
  }
  waiting_.push_back({waiter, keys::Waited::for_own});  // may find no memory: then nothing was asked
  if (wanted == keys::Wanted::unknown_kid) next_ask_ = now + between_unknown_kids;
  load();
}

void SigningKeys::load_unless_loading() {
  if (!loading_) load();
}

void SigningKeys::look_for_signer() {
  const auto now = std::chrono::steady_clock::now();
  if (loading_ || now < next_look_for_signer_) return;
  next_look_for_signer_ = now + pauses_.after_failure;
  load();
}

void SigningKeys::load() {
  const auto store = store_->get();
  if (store == nullptr) return;
  loading_ = true;
  {
    const std::lock_guard lock(mutex_);
    is_looking_ = true;
  }
  insist([&] { store->load_signing_keys(to_settle()); });
}

// The store calls on a thread of its own; what comes of it is for ours.
state::Done<state::SigningKeySet> SigningKeys::to_settle() {
  return [weak = weak_from_this(), &io = io_](Outcome outcome) {
    deliver(io.get_executor(), std::move(outcome), [weak](Outcome brought) {
      if (const auto self = weak.lock()) self->settle(std::move(brought));
    });
  };
}

void SigningKeys::settle(Outcome outcome) {
  loading_ = false;
  try {
    heed(outcome);
  } catch (const std::exception&) {  // no memory, be it OpenSSL that has none
    loading_ = false;
    insist([this] { look_again(pauses_.after_failure); });
  }
}

void SigningKeys::heed(const Outcome& outcome) {
  if (!outcome) {
    {
      const std::lock_guard lock(mutex_);
      if (last_error_.empty())
        spdlog::warn("token_service: the signing keys cannot be read: {}", outcome.error().detail);
      last_error_ = outcome.error().detail;
      // Where the store did not add a key, those that it has were read just before.
      if (std::exchange(is_looking_, false)) is_failing_ = true;
    }
    wake(false);
    answer_demands(tl::unexpected(outcome.error().detail));
    return look_again(pauses_.after_failure);
  }
  const state::Millis now = to_millis(unix_now());
  const state::SigningKeySet usable = take_over(*outcome, now);
  state::KeySchedule schedule;
  {
    const std::lock_guard lock(mutex_);
    last_error_.clear();
    is_looking_ = is_failing_ = false;
    schedule = schedule_;
  }
  const auto due = state::due_key(usable, now, schedule);
  if (due && may_add_due(*outcome)) return add(*due, usable.version, now);
  if (const auto key = demanded(*outcome, now, schedule)) return add(*key, usable.version, now);
  wake(true);
  if (due) return look_again(between_due_keys);
  const std::chrono::milliseconds until_change{state::next_change(usable, schedule) - now};
  look_again(std::min(pauses_.usual, until_change));
}

// A record's key; null, and told in the log, when it cannot be used.
KeyPtr SigningKeys::read_key(const state::SigningKeyRecord& record) const {
  const jose::Algorithm* algorithm = jose::find_algorithm(record.alg);
  if (algorithm == nullptr) {
    spdlog::error("token_service: the signing key {} is of an algorithm that is not known", record.kid);
    return nullptr;
  }
  tl::expected<Secret, std::string> pem = record.private_key;
  if (!encryption_secret_.empty()) pem = unwrap_key(record.private_key, encryption_secret_, record.kid);
  if (!pem) {
    spdlog::error("token_service: {}", pem.error());
    return nullptr;
  }
  auto key = jose::SigningKey::from_pem(*pem, *algorithm);
  if (key) return std::make_shared<const jose::SigningKey>(std::move(*key));
  spdlog::error("token_service: the signing key {} cannot be used: {}", record.kid, key.error());
  return nullptr;
}

state::SigningKeySet SigningKeys::take_over(const state::SigningKeySet& set, state::Millis now) {
  // By a clock that was set back since then, no key that is made now would ever sign.
  state::SigningKeySet usable{set.version, {}, std::min(superseded_before_, now)};
  std::vector<Loaded> loaded;
  std::vector<jose::Key> published;
  for (const state::SigningKeyRecord& record : set.keys) {
    if (is_revoked(record.kid)) {
      usable.superseded_before = state::superseded_by(record, usable.superseded_before, now);
      continue;
    }
    if (state::phase_at(record, now) == state::KeyPhase::gone) continue;
    const auto known =
        std::find_if(loaded_.begin(), loaded_.end(), [&](const Loaded& one) { return one.record.kid == record.kid; });
    KeyPtr key = known != loaded_.end() ? known->key : read_key(record);
    if (key == nullptr) continue;
    usable.keys.push_back(record);
    published.push_back(key->public_key());
    loaded.push_back({record, std::move(key)});
    loaded.back().record.private_key = {};
  }
  jose::KeySet next(std::move(published));
  const keys::KeysPtr before = keys();
  {
    const std::lock_guard lock(mutex_);
    loaded_ = std::move(loaded);
    superseded_before_ = usable.superseded_before;
  }
  // Of a new store nothing is known until it has its first key, which is being made.
  const bool is_news = before == nullptr ? !usable.keys.empty() : !before->same_keys(next);
  if (is_news) publish(std::make_shared<const jose::KeySet>(std::move(next)));
  return usable;
}

// Whatever keeps the keys that were added from signing, there are not to be more and more of them.
bool SigningKeys::may_add_due(const state::SigningKeySet& set) {
  const auto now = std::chrono::steady_clock::now();
  if (now + (due_keys_at_once - 1) * between_due_keys < next_due_) return false;
  const auto count = std::count_if(set.keys.begin(), set.keys.end(),
                                   [&](const state::SigningKeyRecord& key) { return !is_revoked(key.kid); });
  const bool are_many = static_cast<std::size_t>(count) >= most_due_keys;
  if (are_many && !std::exchange(told_of_many_, true)) {
    spdlog::error("token_service: there are {} signing keys, and no other is made, though one is due", count);
  }
  if (!are_many) next_due_ = std::max(next_due_, now) + between_due_keys;
  return !are_many;
}

void SigningKeys::add(const state::DueKey& due, std::uint64_t version, state::Millis now) {
  const auto store = store_->get();
  if (store == nullptr) return;
  std::string alg;
  {
    const std::lock_guard lock(mutex_);
    alg = schedule_.alg;
  }
  auto key = jose::SigningKey::generate(*jose::find_algorithm(alg));
  if (!key) {
    spdlog::error("token_service: no signing key can be made: {}", key.error());
    wake(false);
    answer_demands(tl::unexpected("no key can be made: " + key.error()));
    return look_again(pauses_.usual);
  }
  state::SigningKeyRecord record;
  record.kid = key->kid();
  record.alg = alg;
  record.private_key = encryption_secret_.empty() ? key->to_pem() : wrapped(*key, encryption_secret_);
  record.created = now;
  record.signs_from = due.signs_from;
  record.signs_until = due.signs_until;
  record.retired = due.retired;
  loading_ = true;
  offered_ = record.kid;
  store->add_signing_key(std::move(record), version, to_settle());
}

void SigningKeys::look_again(std::chrono::milliseconds after) {
  timer_.expires_after(after);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (!cancelled && self) self->load_unless_loading();
  });
}

void SigningKeys::wake(bool loaded) {
  for (const Waiting& one : std::exchange(waiting_, {})) {
    Handoff<keys::Waited>::bring(one.waiter, loaded ? one.loaded : keys::Waited::not_at_all);
  }
}

}  // namespace postern::token_service
