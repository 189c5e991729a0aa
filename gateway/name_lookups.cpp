#include "gateway/name_lookups.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <thread>
#include <utility>

#include "base/want_of_memory.hpp"

namespace postern {
namespace asio = boost::asio;
using boost::system::error_code;

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

// Where a thread brings its outcome to, for as long as somebody is there.
struct NameLookups::Home {
  std::mutex mutex;
  NameLookups* lookups = nullptr;
};

// Everything that a thread needs, so that it needs nothing of those who may be gone.
struct NameLookups::LookUp {
  std::shared_ptr<Home> home;
  Resolve resolve;
  std::string host;
  Resolved outcome;
};

NameLookups::NameLookups(Executor executor, Resolve resolve)
    : executor_(executor), resolve_(std::move(resolve)), home_(std::make_shared<Home>()) {
  home_->lookups = this;
}

NameLookups::~NameLookups() {
  const std::lock_guard lock(home_->mutex);
  home_->lookups = nullptr;
}

error_code NameLookups::begin(const std::string& host, Done done) {
  const auto known = under_way_.find(host);
  if (known != under_way_.end()) {
    known->second.push_back(std::move(done));
    return {};
  }
  try {
    under_way_[host].push_back(std::move(done));
    auto look_up = std::make_shared<LookUp>(LookUp{home_, resolve_, host, {}});
    std::thread(run, std::move(look_up)).detach();
  } catch (const std::exception&) {  // no thread, or no memory for one: nobody would ever end it
    under_way_.erase(host);
    return asio::error::no_memory;
  }
  return {};
}

void NameLookups::run(const std::shared_ptr<LookUp>& look_up) noexcept {
  try {
    look_up->outcome = look_up->resolve(look_up->host);
  } catch (const std::exception&) {
    look_up->outcome = tl::unexpected(error_code(asio::error::no_memory));
  }
  insist([&] { tell(look_up); });
}

void NameLookups::tell(const std::shared_ptr<LookUp>& look_up) {
  const std::lock_guard lock(look_up->home->mutex);
  if (look_up->home->lookups == nullptr) return;
  asio::post(look_up->home->lookups->executor_, [look_up] {
    NameLookups* const lookups = look_up->home->lookups;  // changed on this thread alone
    if (lookups != nullptr) lookups->end(look_up->host, look_up->outcome);
  });
}

void NameLookups::end(const std::string& host, const Resolved& outcome) {
  const auto ended = under_way_.extract(host);  // first, since one of them may begin the next
  for (const Done& done : ended.mapped()) done(outcome);
}

}  // namespace postern
