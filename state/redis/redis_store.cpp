#include "state/redis/redis_store.hpp"

#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/want_of_memory.hpp"
#include "gateway/deliver.hpp"
#include "state/redis/caller.hpp"
#include "state/redis/calls.hpp"
#include "state/redis/feed.hpp"
#include "state/redis/own_revocations.hpp"

namespace postern::state {
namespace {

using namespace redis;  // all of what follows speaks it

// One of the calls without an answer, until it is answered or lost.
class CountedCall {
 public:
  explicit CountedCall(std::atomic<std::size_t>& calls) noexcept : calls_(calls) { ++calls_; }
  ~CountedCall() { --calls_; }
  CountedCall(const CountedCall&) = delete;
  CountedCall& operator=(const CountedCall&) = delete;

 private:
  std::atomic<std::size_t>& calls_;
};

class RedisStore final : public Store {
 public:
  RedisStore(RedisOptions options, Resolve resolve)
      : options_(std::move(options)),
        work_(io_.get_executor()),
        resolver_(io_.get_executor(), std::move(resolve)),
        caller_(io_.get_executor(), options_, resolver_),
        // A call whose handler finds no memory is given up: who waits for it gives up by himself.
        thread_([this] { insist([this] { io_.run(); }); }) {
    bring([this] { caller_.start(); });
  }
  ~RedisStore() override {
    bring([this] {
      if (feed_) feed_->end();
      caller_.end();
      work_.reset();
    });
    thread_.join();
  }
  RedisStore(const RedisStore&) = delete;
  RedisStore& operator=(const RedisStore&) = delete;

  void begin_session(Family family, RefreshToken first, Done<Begun> done) override {
    submit<Begun>(Script::begin_session, begin_session_arguments(family, first), read_begun, std::move(done));
  }
  void rotate(Rotation rotation, Done<Rotated> done) override {
    auto arguments = rotate_arguments(rotation);
    const auto keep = [this, sid = rotation.sid, until = rotation.revoke_until](const Reply& reply) {
      auto rotated = read_rotated(reply, sid);
      if (rotated && rotated->presented == Presented::reused && rotated->family) {
        own_.add({Revocation::Kind::sid, rotated->family->issuer, sid, {}, until}, unix_milliseconds());
      }
      return rotated;
    };
    submit<Rotated>(Script::rotate, std::move(arguments), keep, std::move(done));
  }
  void find(std::string sid, TokenHash presented, std::string client, Millis now, Millis grace,
            Done<FoundSession> done) override {
    auto arguments = find_arguments(sid, presented, client, now, grace);
    const auto read = [sid = std::move(sid)](const Reply& reply) { return read_found(reply, sid); };
    submit<FoundSession>(Script::find, std::move(arguments), read, std::move(done));
  }

  void revoke(Revocation revocation, Done<std::uint64_t> done) override {
    auto arguments = revoke_arguments(revocation);
    const auto keep = [this, revocation = std::move(revocation)](const Reply& reply) {
      auto number = read_number(reply);
      if (number) own_.add(revocation, unix_milliseconds());
      return number;
    };
    submit<std::uint64_t>(Script::revoke, std::move(arguments), keep, std::move(done));
  }
  void end_sessions(std::string issuer, std::string subject, Millis until,
                    Done<std::vector<Revocation>> done) override {
    end_more(std::make_shared<Ending>(std::move(issuer), std::move(subject), until, std::move(done)), "0");
  }
  void follow(Follower follower) override {
    deliver(io_.get_executor(), std::move(follower), [this](const Follower& brought) {
      const auto revoke_again = [this](Revocation revocation) {
        revoke(std::move(revocation), [](const tl::expected<std::uint64_t, StoreError>&) {});
      };
      insist([&] { feed_.emplace(io_.get_executor(), options_, resolver_, brought, own_, revoke_again); });
      feed_->start();
    });
  }

  void load_signing_keys(Done<SigningKeySet> done) override {
    submit<SigningKeySet>(Script::load_keys, {}, read_signing_keys, std::move(done));
  }
  void add_signing_key(SigningKeyRecord key, std::uint64_t version, Done<SigningKeySet> done) override {
    submit<SigningKeySet>(Script::add_key, add_key_arguments(key, version), read_signing_keys, std::move(done));
  }

  void count_attempt(std::vector<Attempt> attempts, Millis now, Done<Millis> done) override {
    const auto read = [](const Reply& reply) {
      return read_number(reply).map([](std::uint64_t wait) { return static_cast<Millis>(wait); });
    };
    submit<Millis>(Script::count_attempt, count_attempt_arguments(attempts, now), read, std::move(done));
  }
  void uncount_attempt(std::vector<Attempt> attempts, Done<Nothing> done) override {
    const auto read = [](const Reply&) { return Read<Nothing>(); };
    submit<Nothing>(Script::uncount_attempt, uncount_attempt_arguments(attempts), read, std::move(done));
  }
  void sweep(Believed time, std::size_t most, Done<std::size_t> done) override {
    const auto read = [](const Reply& reply) {
      return read_number(reply).map([](std::uint64_t count) { return static_cast<std::size_t>(count); });
    };
    submit<std::size_t>(Script::sweep, sweep_arguments(time, most), read, std::move(done));
  }

 private:
  // To the store's thread, even where there is no memory.
  template <class Action>
  void bring(const Action& action) {
    insist([&] { boost::asio::post(io_, action); });
  }

  // A call of end_sessions(), which is as many as it takes.
  struct Ending {
    Ending(std::string of_issuer, std::string of_subject, Millis ends, Done<std::vector<Revocation>> given_done)
        : issuer(std::move(of_issuer)), subject(std::move(of_subject)), until(ends), done(std::move(given_done)) {}
    std::string issuer, subject;
    Millis until;
    std::vector<Revocation> revocations;
    Done<std::vector<Revocation>> done;
  };
  void end_more(const std::shared_ptr<Ending>& ending, const std::string& cursor) {
    const auto keep = [this, ending](const Reply& reply) {
      auto ended = read_ended(reply, ending->issuer);
      if (!ended) return ended;
      for (const Revocation& one : ended->revocations) own_.add(one, unix_milliseconds());
      return ended;
    };
    Done<EndedSessions> go_on = [this, ending](tl::expected<EndedSessions, StoreError> ended) {
      if (!ended) return ending->done(tl::unexpected(std::move(ended.error())));
      try {
        std::move(ended->revocations.begin(), ended->revocations.end(), std::back_inserter(ending->revocations));
        if (ended->next != "0") return end_more(ending, ended->next);
      } catch (const std::bad_alloc&) {
        return ending->done(tl::unexpected(out_of_memory()));
      }
      ending->done(std::move(ending->revocations));
    };
    submit<EndedSessions>(Script::end_sessions,
                          end_sessions_arguments(ending->issuer, ending->subject, ending->until, cursor), keep,
                          std::move(go_on));
  }

  // `read` makes of the script's reply what `done` is given.
  template <class T, class ReadReply>
  void submit(Script script, Words arguments, ReadReply read, Done<T> done) {
    auto counted = std::make_shared<CountedCall>(calls_);
    if (calls_ > options_.queue_limit) {
      return done(tl::unexpected(StoreError{StoreError::Kind::busy, "too many calls are waiting"}));
    }
    Done<Reply> settle = [read = std::move(read), done = std::move(done),
                          counted = std::move(counted)](tl::expected<Reply, StoreError> reply) mutable {
      counted.reset();
      Read<T> outcome;
      try {
        outcome = reply ? read(*reply) : tl::unexpected(std::move(reply.error()));
      } catch (const std::bad_alloc&) {
        outcome = tl::unexpected(out_of_memory());
      }
      done(std::move(outcome));
    };
    auto command = script_command(script, options_.key_prefix, std::move(arguments));
    // At once where an answer leads to the next call: the store may be about to end.
    boost::asio::dispatch(io_, [this, script, command = std::move(command), settle = std::move(settle)]() mutable {
      caller_.call(script, std::move(command), std::move(settle));
    });
  }

  const RedisOptions options_;
  std::atomic<std::size_t> calls_{0};  // without an answer
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<Executor> work_;
  // The thread's own.
  Resolver resolver_;
  Caller caller_;
  OwnRevocations own_;
  std::optional<Feed> feed_;

  std::thread thread_;
};

}  // namespace

std::unique_ptr<Store> open_redis_store(RedisOptions options, Resolve resolve) {
  return std::make_unique<RedisStore>(std::move(options), std::move(resolve));
}

}  // namespace postern::state
