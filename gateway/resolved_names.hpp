// The names of upstreams as one worker knows them: looked up when they are first needed and again in the background;
// while that fails, the last good addresses serve.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "gateway/filter.hpp"
#include "gateway/name_lookups.hpp"
#include "gateway/ticker.hpp"

namespace postern {

// When a name is looked up, and what answers meanwhile. Pure: another one does it.
class KnownAddresses {
 public:
  // Addresses are replaced by a look-up once they are so old; until then, and until it succeeds, they serve.
  static constexpr std::chrono::seconds good_for{30};
  // So long a failure is the answer to the next ones too: a burst of requests is not a burst of look-ups.
  static constexpr std::chrono::seconds failure_for{1};

  KnownAddresses() = default;
  // Never looked up.
  explicit KnownAddresses(Addresses literal) : addresses_(std::move(literal)), due_(never) {}

  bool is_due(SteadyTime now) const noexcept { return !under_way_ && now >= due_; }
  void begun() noexcept { under_way_ = true; }
  void ended(const Resolved& outcome, SteadyTime now) noexcept;

  // Nothing is known yet, and soon something will be.
  bool must_be_awaited() const noexcept { return addresses_.empty() && under_way_; }
  const Addresses& addresses() const noexcept { return addresses_; }
  const boost::system::error_code& failure() const noexcept { return failure_; }

 private:
  Addresses addresses_;
  SteadyTime due_{};
  bool under_way_ = false;
  boost::system::error_code failure_;
};

// One name, on its worker's thread alone.
class ResolvedName : public std::enable_shared_from_this<ResolvedName> {
 public:
  // `lookups` must outlive every call of resolve().
  ResolvedName(NameLookups& lookups, Executor executor, std::string host);

  // Until addresses() has some: at once when they are known, otherwise when the look-up ends. Gives `operation_aborted`
  // once `given_up`, which must outlive the call, is true: whoever sets it calls wake().
  Task<boost::system::error_code> resolve(const bool& given_up);
  void wake() noexcept { changed_.cancel(); }
  const Addresses& addresses() const noexcept { return known_.addresses(); }

 private:
  void begin_look_up();
  void end_look_up(const Resolved& outcome) noexcept;

  NameLookups& lookups_;
  const std::string host_;
  KnownAddresses known_;
  SteadyTimer changed_;  // never expires: it is cancelled
};

// What is known of a name outlives a reload, as long as an upstream has an endpoint of that name.
class ResolvedNames {
 public:
  explicit ResolvedNames(Executor executor, Resolve resolve = resolve_by_system)
      : executor_(executor), lookups_(executor, std::move(resolve)) {}

  std::shared_ptr<ResolvedName> find(const std::string& host);

 private:
  const Executor executor_;
  NameLookups lookups_;
  std::map<std::string, std::weak_ptr<ResolvedName>> names_;
};

}  // namespace postern
