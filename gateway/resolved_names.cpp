#include "gateway/resolved_names.hpp"

#include <boost/asio/error.hpp>
#include <new>
#include <utility>

namespace postern {
namespace asio = boost::asio;
using boost::system::error_code;
namespace {

// A host that is an address has no name to look up.
KnownAddresses known_at_first(const std::string& host) {
  error_code not_literal;
  const auto address = asio::ip::make_address(host, not_literal);
  return not_literal ? KnownAddresses() : KnownAddresses(Addresses{address});
}

}  // namespace

void KnownAddresses::ended(const Resolved& outcome, SteadyTime now) noexcept {
  under_way_ = false;
  failure_ = outcome ? error_code(asio::error::host_not_found) : outcome.error();
  due_ = now + failure_for;
  if (!outcome || outcome->empty()) return;
  try {
    addresses_ = *outcome;
    due_ = now + good_for;
  } catch (const std::bad_alloc&) {
    failure_ = asio::error::no_memory;
  }
}

ResolvedName::ResolvedName(NameLookups& lookups, Executor executor, std::string host)
    : lookups_(lookups),
      host_(std::move(host)),
      known_(known_at_first(host_)),
      changed_(executor, std::chrono::steady_clock::time_point::max()) {}

Task<error_code> ResolvedName::resolve(const bool& given_up) {
  if (known_.is_due(std::chrono::steady_clock::now())) begin_look_up();
  while (known_.must_be_awaited() && !given_up) {
    co_await changed_.async_wait(as_result);
  }
  if (given_up) co_return error_code(asio::error::operation_aborted);
  co_return known_.addresses().empty() ? known_.failure() : error_code();
}

void ResolvedName::begin_look_up() {
  const error_code none = lookups_.begin(host_, [name = weak_from_this()](const Resolved& outcome) {
    if (const auto still_used = name.lock()) still_used->end_look_up(outcome);
  });
  if (none) {
    end_look_up(tl::unexpected(none));
  } else {
    known_.begun();
  }
}

void ResolvedName::end_look_up(const Resolved& outcome) noexcept {
  known_.ended(outcome, std::chrono::steady_clock::now());
  wake();
}

std::shared_ptr<ResolvedName> ResolvedNames::find(const std::string& host) {
  std::erase_if(names_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<ResolvedName>& known = names_[host];
  auto name = known.lock();
  if (!name) {
    name = std::make_shared<ResolvedName>(lookups_, executor_, host);
    known = name;
  }
  return name;
}

}  // namespace postern
