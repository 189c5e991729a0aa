#include "state/redis/resolver.hpp"

#include <boost/asio/error.hpp>
#include <new>
#include <optional>
#include <utility>

namespace postern::state::redis {
namespace asio = boost::asio;

struct Resolver::LookUp {
  std::string host;
  std::optional<Resolved> outcome;
};

Resolver::Resolver(Executor executor, Resolve resolve)
    : lookups_(executor, std::move(resolve)), changed_(executor, std::chrono::steady_clock::time_point::max()) {}

Resolver::~Resolver() = default;

Task<Resolved> Resolver::resolve(const std::string& host, const bool& given_up) {
  while (!given_up) {
    const auto look_up = under_way_ ? under_way_ : begin(host);
    while (!look_up->outcome && !given_up) {
      co_await changed_.async_wait(as_result);
    }
    if (look_up->outcome && look_up->host == host) co_return *look_up->outcome;
  }
  co_return tl::unexpected(error_code(asio::error::operation_aborted));
}

void Resolver::wake() {
  changed_.cancel();
}

std::shared_ptr<Resolver::LookUp> Resolver::begin(const std::string& host) {
  auto begun = std::make_shared<LookUp>(LookUp{host, {}});
  const error_code none = lookups_.begin(host, [this](const Resolved& outcome) { end(outcome); });
  if (none) {
    begun->outcome = tl::unexpected(none);
  } else {
    under_way_ = begun;
  }
  return begun;
}

void Resolver::end(const Resolved& outcome) {
  const auto ended = std::exchange(under_way_, nullptr);
  try {
    ended->outcome = outcome;
  } catch (const std::bad_alloc&) {
    ended->outcome = tl::unexpected(error_code(asio::error::no_memory));
  }
  changed_.cancel();
}

}  // namespace postern::state::redis
