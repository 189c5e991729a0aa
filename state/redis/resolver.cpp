#include "state/redis/resolver.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace postern::state::redis {
namespace asio = boost::asio;

Resolved resolve_by_system(const std::string& host) {
  asio::io_context own;  // nothing runs on it
  asio::ip::tcp::resolver resolver(own);
  error_code error;
  const auto entries = resolver.resolve(host, "", asio::ip::tcp::resolver::flags(), error);
  if (error) return tl::unexpected(error);
  Addresses addresses;
  for (const auto& entry : entries) addresses.push_back(entry.endpoint().address());
  return addresses;
}

struct Resolver::LookUp {
  std::string host;
  std::optional<Resolved> outcome;
};

// Where a thread brings its outcome to, for as long as somebody is there.
struct Resolver::Home {
  std::mutex mutex;
  Resolver* resolver = nullptr;
};

Resolver::Resolver(Executor executor, Resolve resolve)
    : executor_(executor),
      resolve_(std::move(resolve)),
      home_(std::make_shared<Home>()),
      changed_(executor, std::chrono::steady_clock::time_point::max()) {
  home_->resolver = this;
}

Resolver::~Resolver() {
  const std::lock_guard lock(home_->mutex);
  home_->resolver = nullptr;
}

Task<Resolved> Resolver::resolve(const std::string& host, const bool& given_up) {
  while (!given_up) {
    const auto look_up = under_way_ ? under_way_ : begin(host);
    while (!look_up->outcome && !given_up) {
      co_await changed_.async_wait(asio::as_tuple(asio::use_awaitable_t<Executor>{}));
    }
    if (look_up->outcome && look_up->host == host) co_return *look_up->outcome;
  }
  co_return tl::unexpected(error_code(asio::error::operation_aborted));
}

void Resolver::wake() {
  changed_.cancel();
}

std::shared_ptr<Resolver::LookUp> Resolver::begin(const std::string& host) {
  const auto begun = std::make_shared<LookUp>(LookUp{host, {}});
  under_way_ = begun;
  auto look_up = [home = home_, resolve = resolve_, host] {
    Resolved outcome = resolve(host);
    const std::lock_guard lock(home->mutex);
    Resolver* const resolver = home->resolver;
    if (resolver == nullptr) return;
    asio::post(resolver->executor_,
               [resolver, outcome = std::move(outcome)]() mutable { resolver->end(std::move(outcome)); });
  };
  try {
    std::thread(std::move(look_up)).detach();
  } catch (const std::system_error& none) {
    end(tl::unexpected(error_code(none.code().value(), boost::system::generic_category())));
  }
  return begun;
}

void Resolver::end(Resolved outcome) {
  under_way_->outcome = std::move(outcome);
  under_way_.reset();
  changed_.cancel();
}

}  // namespace postern::state::redis
