// Requests that wait for a fetch of RemoteKeys.
#include <boost/asio/post.hpp>
#include <chrono>

#include "filters/keys/fetch_deadline.hpp"
#include "filters/keys/remote_keys.hpp"
#include "gateway/completion.hpp"

namespace postern::keys {

struct RemoteKeys::Waiter {
  // Shared with the message that wakes it, which may arrive when the request has given up.
  struct Wake {
    explicit Wake(const Executor& executor) : completion(executor) {}
    Completion completion;
    bool fetched = false;
  };

  Waiter(RemoteKeys& keys, Executor executor)
      : source(keys), executor_(executor), wake(std::make_shared<Wake>(executor)) {}
  ~Waiter() {
    const std::lock_guard lock(source.mutex_);
    if (listed) source.waiters_.erase(place);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  RemoteKeys& source;
  Executor executor_;
  std::shared_ptr<Wake> wake;
  bool listed = false;
  std::list<Waiter*>::iterator place{};
};

Task<Waited> RemoteKeys::await_fetch(Wanted wanted) {
  const Executor executor = co_await current_executor();
  Waiter waiter(*this, executor);
  bool begins = false;
  std::chrono::milliseconds limit{};
  {
    const std::lock_guard lock(mutex_);
    const Instant now = std::chrono::steady_clock::now();
    const bool unknown_kid = wanted == Wanted::unknown_kid;
    const auto answer = unknown_kid ? schedule_.ask_for_unknown_kid(now) : schedule_.ask_for_any_keys(now);
    if (answer == Schedule::Answer::refused) {
      unknown_kid_refusals_ += unknown_kid ? 1 : 0;
      co_return Waited::not_at_all;
    }
    begins = answer == Schedule::Answer::begin;
    limit = config_.fetch.timeout * FetchDeadline::phases_in_all;
    waiter.place = waiters_.insert(waiters_.end(), &waiter);
    waiter.listed = true;
    if (begins) {
      poke();                // before it counts as begun: it needs memory
      schedule_.began(now);  // so that everybody else joins
      asked_ = true;
      looks_elsewhere_ = unknown_kid;
    }
  }
  const std::shared_ptr<Waiter::Wake> wake = waiter.wake;
  co_await wake->completion.wait(std::chrono::steady_clock::now() + limit);
  if (!wake->fetched) co_return Waited::not_at_all;
  co_return begins ? Waited::for_own : Waited::for_older;
}

// Under the lock, and under the same one as the end of the fetch: a waiter that is listed is alive, and waits for this
// fetch and no other.
void RemoteKeys::wake_waiters() {
  while (!waiters_.empty()) {
    Waiter& waiter = *waiters_.front();
    boost::asio::post(waiter.executor_, [wake = waiter.wake] {
      wake->fetched = true;
      wake->completion.set();
    });
    waiter.listed = false;
    waiters_.pop_front();
  }
}

}  // namespace postern::keys
