#include "filters/keys/remote_keys.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <new>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/want_of_memory.hpp"
#include "filters/keys/describe.hpp"

namespace postern::keys {
namespace asio = boost::asio;
namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Instant from, Instant to) {
  return std::chrono::duration<double>(to - from).count();
}

// Both begin at the same URL, and look there for the keys of the same issuer, whoever else shares them.
bool publishes_the_same(const RemoteConfig& a, const RemoteConfig& b) {
  const auto first = [](const RemoteConfig& config) { return config.issuers.empty() ? "" : config.issuers.front(); };
  return a.jwks_uri == b.jwks_uri && a.metadata == b.metadata && first(a) == first(b);
}

}  // namespace

// ---- the fetching thread

RemoteKeys::RemoteKeys(asio::io_context& io, UrlTurns& turns, KeyKeeper* keeper, RemoteConfig config)
    : io_(io),
      timer_(io.get_executor()),
      keeper_(keeper),
      fetcher_(turns),
      config_(std::move(config)),
      schedule_(config_.limits, Clock::now()) {}

void RemoteKeys::inherit(const RemoteKeys& before) {
  const std::scoped_lock lock(mutex_, before.mutex_);
  if (!publishes_the_same(before.config_, config_) || before.current_ == nullptr || before.expired_) return;
  schedule_.restored(*before.fetched_at_);
  if (*schedule_.usable_until() <= Clock::now()) return;
  current_ = before.current_;
  skipped_ = before.skipped_;
  fetched_at_ = before.fetched_at_;
  found_url_ = before.found_url_;
  restored_ = true;
  publish(current_);
}

void RemoteKeys::start() {
  if (current_ == nullptr) restore();
  spawn(io_.get_executor(), run(shared_from_this()));
}

void RemoteKeys::adopt(RemoteConfig config) {
  const std::lock_guard lock(mutex_);
  schedule_.change(config.limits);
  config_ = std::move(config);
  if (expired_ && Clock::now() < *schedule_.usable_until()) {
    expired_ = false;
    publish(current_);
  }
  poke();  // it sleeps by the limits before
}

bool RemoteKeys::has_ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

// Nobody but the coroutine holds it any more, and no fetch is there that it must outlive.
bool RemoteKeys::ends(const std::shared_ptr<RemoteKeys>& self) {
  const std::lock_guard lock(mutex_);
  ended_ = self.use_count() == 1 && !schedule_.in_flight();
  return ended_;
}

// True when a fetch begins now. Keys that became too old are taken away on the way.
bool RemoteKeys::take_turn() {
  const std::lock_guard lock(mutex_);
  const Instant now = Clock::now();
  const auto usable_until = schedule_.usable_until();
  if (current_ != nullptr && !expired_ && usable_until && now >= *usable_until) {
    expired_ = true;
    publish(nullptr);  // under the lock, as in adopt(): the two may not overtake each other
    spdlog::error("provider {}: the keys are older than max_stale; its tokens are refused until a fetch succeeds",
                  config_.name);
  }
  const bool fetches = asked_ || schedule_.due() <= now;
  if (fetches && !asked_) schedule_.began(now);
  asked_ = false;
  return fetches;
}

Instant RemoteKeys::next_turn() const {
  const std::lock_guard lock(mutex_);
  const Instant due = schedule_.due();
  const bool can_expire = current_ != nullptr && !expired_;
  return can_expire ? std::min(due, schedule_.usable_until().value_or(due)) : due;
}

Task<void> RemoteKeys::run(std::shared_ptr<RemoteKeys> self) {
  while (!ends(self)) {
    try {
      if (take_turn()) begin_fetch();
      timer_.expires_at(next_turn());
      co_await timer_.async_wait(as_result);
    } catch (const std::exception&) {  // no memory
      std::this_thread::sleep_for(pause_without_memory);
    }
  }
}

// It goes on beside run(): keys that become too old while it lasts are taken away in time.
void RemoteKeys::begin_fetch() {
  try {
    spawn(io_.get_executor(), fetch());
  } catch (const std::exception& unexpected) {  // no memory
    fail(unexpected.what());
  }
}

Task<void> RemoteKeys::fetch() {
  try {
    RemoteConfig config;
    bool looks_elsewhere = false;
    {
      const std::lock_guard lock(mutex_);
      config = config_;
      looks_elsewhere = std::exchange(looks_elsewhere_, false);
    }
    FetchedKeys outcome = co_await fetcher_.fetch(config, looks_elsewhere);
    settle(config, outcome);
    keep(config, outcome);
  } catch (const std::exception& unexpected) {  // no memory, no thread to resolve names
    fail(unexpected.what());
  }
  timer_.cancel();  // the next turn is another one now
}

void RemoteKeys::poke() {
  asio::post(io_, [self = shared_from_this()] { self->timer_.cancel(); });
}

// The keys of an earlier process serve until the first fetch.
void RemoteKeys::restore() {
  if (config_.kept_in.empty()) return;
  const std::string file = config_.kept_in + '/' + kept_file_name(config_.kept_as);
  auto kept = read_kept_keys(config_.kept_in, config_.kept_as, unix_now());
  if (!kept) {
    spdlog::warn("provider {}: kept keys are not used: {}", config_.name, kept.error());
    return;
  }
  if (!kept->has_value()) return;
  auto loaded = jose::parse_jwks((*kept)->document, /*allow_secret=*/false);
  if (!loaded || loaded->keys.empty()) {
    spdlog::warn("provider {}: kept keys are not used: {} holds no usable key", config_.name, file);
    return;
  }
  const std::chrono::duration<double> age(std::max(0.0, unix_now() - (*kept)->fetched_at));
  const Instant fetched_at = Clock::now() - std::chrono::duration_cast<Clock::duration>(age);
  KeysPtr keys;
  {
    const std::lock_guard lock(mutex_);
    schedule_.restored(fetched_at);
    if (*schedule_.usable_until() <= Clock::now()) return;
    keys = current_ = std::make_shared<const jose::KeySet>(std::move(loaded->keys));
    skipped_ = std::move(loaded->skipped);
    fetched_at_ = fetched_at;
    restored_ = true;
    found_url_ = (*kept)->jwks_uri;
  }
  document_ = std::move((*kept)->document);
  publish(std::move(keys));
  spdlog::info("provider {}: serving with keys that were kept {:.0f} s ago", config_.name, age.count());
}

// ---- what a fetch changes

void RemoteKeys::settle(const RemoteConfig& config, FetchedKeys& outcome) {
  if (outcome.loaded) log_skipped(outcome.loaded->skipped);
  if (outcome.good()) {
    take_over(outcome);
    return;
  }
  const std::lock_guard lock(mutex_);
  fetches_[outcome.result] += 1;
  if (outcome.loaded) unusable_ = std::move(outcome.loaded->skipped);
  if (outcome.loaded && current_ == nullptr) skipped_ = unusable_;
  // Once for each kind of failure in a row, not at every try.
  if (last_error_ != outcome.error) {
    const bool serves = current_ != nullptr && !expired_;
    spdlog::warn("provider {}: fetching keys failed: {}; {}", config.name, outcome.error,
                 serves ? "the keys before go on" : "its tokens cannot be checked");
  }
  last_error_ = outcome.error;
  failures_in_a_row_ += 1;
  schedule_.failed(Clock::now(), std::uniform_real_distribution<>(0, 1)(random_));
  wake_waiters();
}

// A fetch that threw is one that failed, unless it has been settled.
void RemoteKeys::fail(const char* why) noexcept {
  fetcher_.forget();  // what was received may not have been taken over
  const std::lock_guard lock(mutex_);
  if (!schedule_.in_flight()) return;
  spdlog::error("provider {}: fetching keys failed: {}", config_.name, why);
  schedule_.failed(Clock::now(), std::uniform_real_distribution<>(0, 1)(random_));
  failures_in_a_row_ += 1;
  try {
    wake_waiters();
    fetches_["failure"] += 1;
    last_error_ = why;
  } catch (const std::bad_alloc&) {  // who waits gives up by himself
  }
}

void RemoteKeys::take_over(FetchedKeys& outcome) {
  KeysPtr keys;
  std::string name;
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    const Instant now = Clock::now();
    name = config_.name;
    fetches_[outcome.result] += 1;
    if (failures_in_a_row_ != 0) spdlog::info("provider {}: keys can be fetched again", name);
    failures_in_a_row_ = 0;
    last_error_.clear();
    fetched_at_ = now;
    restored_ = false;
    found_url_ = outcome.jwks_uri;
    if (outcome.loaded) {
      changed = expired_ || current_ == nullptr || !current_->same_keys(outcome.loaded->keys);
      if (changed) current_ = std::make_shared<const jose::KeySet>(std::move(outcome.loaded->keys));
      skipped_ = std::move(outcome.loaded->skipped);
    } else {
      changed = expired_;
    }
    expired_ = false;
    keys = current_;
    // First the keys, then the end of the fetch: whoever is told that none may begin finds what this one brought.
    if (changed) publish(keys);
    schedule_.succeeded(now, outcome.fresh_for);
    wake_waiters();
  }
  if (changed) {
    spdlog::info("provider {}: {} keys from {}", name, keys->keys().size(), outcome.jwks_uri);
  }
}

// Of a document that did not change only the age is new; it is written all the same, since a start without the provider
// asks for it.
void RemoteKeys::keep(const RemoteConfig& config, FetchedKeys& outcome) {
  if (!outcome.document.empty()) document_ = std::move(outcome.document);
  const bool is_kept = keeper_ != nullptr && !config.kept_in.empty();
  if (!is_kept || !outcome.good() || document_.empty()) return;
  keeper_->keep(config.name, config.kept_in, {config.kept_as, outcome.jwks_uri, unix_now(), document_});
}

// Logs each key once, until the list changes: that of the keys in use, or that of a set without a usable one.
void RemoteKeys::log_skipped(const std::vector<jose::SkippedKey>& skipped) {
  const std::lock_guard lock(mutex_);
  for (const jose::SkippedKey& key : skipped) {
    const auto is_it = [&](const jose::SkippedKey& told) { return told.name == key.name && told.reason == key.reason; };
    const bool told =
        std::any_of(skipped_.begin(), skipped_.end(), is_it) || std::any_of(unusable_.begin(), unusable_.end(), is_it);
    if (!told) spdlog::warn("provider {}: key {} skipped: {}", config_.name, key.name, key.reason);
  }
}

// ---- status

bool RemoteKeys::is_failing() const {
  const std::lock_guard lock(mutex_);
  return failures_in_a_row_ != 0;
}

std::string RemoteKeys::document_url() const {
  if (!found_url_.empty()) return found_url_;
  if (config_.jwks_uri) return config_.jwks_uri->to_text();
  return config_.metadata.empty() ? std::string() : config_.metadata.front().to_text();
}

ProviderStatus RemoteKeys::status() const {
  using State = ProviderStatus::State;
  const std::lock_guard lock(mutex_);
  const Instant now = Clock::now();
  ProviderStatus status;
  status.remote = true;
  status.source = document_url();
  if (current_ != nullptr && !expired_) {
    status.state = restored_ || failures_in_a_row_ != 0 ? State::stale : State::ready;
    status.keys = describe(*current_);
  } else {
    status.state = failures_in_a_row_ == 0 && !expired_ ? State::loading : State::unavailable;
  }
  for (const auto& [name, reason] : skipped_) status.skipped.emplace_back(name, reason);
  if (fetched_at_) status.age = seconds_between(*fetched_at_, now);
  if (!schedule_.in_flight()) status.next_fetch = std::max(0.0, seconds_between(now, schedule_.due()));
  status.last_error = last_error_;
  status.failures_in_a_row = failures_in_a_row_;
  status.fetches = fetches_;
  status.waiting_requests = waiters_.size();
  status.unknown_kid_refusals = unknown_kid_refusals_;
  return status;
}

}  // namespace postern::keys
