// The keys that an issuer publishes: found, fetched, renewed, kept. One object for each URL in the process, whatever
// providers, routes and workers share it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "filters/keys/key_fetcher.hpp"
#include "filters/keys/key_keeper.hpp"
#include "filters/keys/key_source.hpp"
#include "filters/keys/schedule.hpp"
#include "gateway/executor.hpp"
#include "gateway/provider_status.hpp"

namespace postern::keys {

class RemoteKeys final : public KeySource, public std::enable_shared_from_this<RemoteKeys> {
 public:
  // Without a keeper (null) kept keys are read and not written.
  RemoteKeys(boost::asio::io_context& io, UrlTurns& turns, KeyKeeper* keeper, RemoteConfig config);

  // Takes the keys of the source that its provider had before, where both ask the same URL for the keys of the same
  // issuer: another header or one more issuer shall not leave an outage without keys. They are as old as they were.
  // Before start().
  void inherit(const RemoteKeys& before);
  // Has the keys of an earlier process when it returns, if there are any. Fetches on `io` for as long as anybody but
  // the coroutine holds it. Called once.
  void start();
  // A reload may bring other limits and certificates for the same source. Any thread; before the end.
  void adopt(RemoteConfig config);
  // Nobody held it any more, and it fetches nothing from here on. While somebody holds it, it stays as this says.
  bool has_ended() const;

  Task<Waited> await_fetch(Wanted wanted) override;
  bool is_failing() const override;
  bool is_remote() const noexcept override { return true; }

  // Without name and issuers, which belong to each provider that shares it.
  ProviderStatus status() const override;

 private:
  // A request that waits: woken on its own executor, and never after it is gone.
  struct Waiter;

  Task<void> run(std::shared_ptr<RemoteKeys> self);
  void begin_fetch();
  Task<void> fetch();
  void fail(const char* why) noexcept;
  void restore();
  void settle(const RemoteConfig& config, FetchedKeys& outcome);  // leaves what keep() needs
  void take_over(FetchedKeys& outcome);
  void keep(const RemoteConfig& config, FetchedKeys& outcome);
  void log_skipped(const std::vector<jose::SkippedKey>& skipped);
  void wake_waiters();
  void poke();
  bool ends(const std::shared_ptr<RemoteKeys>& self);
  bool take_turn();
  Instant next_turn() const;
  std::string document_url() const;

  boost::asio::io_context& io_;
  SteadyTimer timer_;
  KeyKeeper* const keeper_;

  // Of the fetching thread alone.
  KeyFetcher fetcher_;
  std::string document_;  // of the keys, as it is kept
  std::mt19937_64 random_{std::random_device{}()};

  mutable std::mutex mutex_;  // for everything below; never held while anything waits
  RemoteConfig config_;
  Schedule schedule_;
  bool asked_ = false;            // a request began a fetch
  bool looks_elsewhere_ = false;  // the next fetch is for an unknown kid
  bool ended_ = false;
  std::list<Waiter*> waiters_;  // a list: each leaves it by its own place
  KeysPtr current_;             // what keys() gives while it may be used
  bool expired_ = false;
  std::vector<jose::SkippedKey> skipped_;
  std::vector<jose::SkippedKey> unusable_;  // those of the last set without a usable key, for log_skipped()
  std::string found_url_;                   // for status()
  std::string last_error_;
  bool restored_ = false;
  std::uint64_t failures_in_a_row_ = 0;
  std::optional<Instant> fetched_at_;
  std::map<std::string, std::uint64_t> fetches_;
  std::uint64_t unknown_kid_refusals_ = 0;
};

}  // namespace postern::keys
