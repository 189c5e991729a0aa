// Names as addresses. The system's resolver blocks and cannot be interrupted: a look-up has a thread of its own, which
// nobody waits for.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/executor.hpp"

namespace postern {

using Addresses = std::vector<boost::asio::ip::address>;
using Resolved = tl::expected<Addresses, boost::system::error_code>;
// Blocks; may be called on any thread, and after whoever asked is gone.
using Resolve = std::function<Resolved(const std::string& host)>;

// getaddrinfo().
Resolved resolve_by_system(const std::string& host);

// The look-ups that one thread, that of the executor, waits for. One of a name at a time: while names are resolved
// slowly, or not at all, those who ask gather no threads.
class NameLookups {
 public:
  using Done = std::function<void(const Resolved&)>;

  explicit NameLookups(Executor executor, Resolve resolve = resolve_by_system);
  // Returns at once: a look-up under way ends by itself, and is not told of. Before the executor's context ends.
  ~NameLookups();
  NameLookups(const NameLookups&) = delete;
  NameLookups& operator=(const NameLookups&) = delete;

  // `done` is called on the executor's thread, later; it must not throw. Whoever asks for a name that is looked up
  // already takes that outcome. An error when no thread can be had, then `done` is not called.
  boost::system::error_code begin(const std::string& host, Done done);

 private:
  struct Home;
  struct LookUp;
  static void run(const std::shared_ptr<LookUp>& look_up) noexcept;
  static void tell(const std::shared_ptr<LookUp>& look_up);
  void end(const std::string& host, const Resolved& outcome);

  const Executor executor_;
  const Resolve resolve_;
  const std::shared_ptr<Home> home_;
  std::map<std::string, std::vector<Done>> under_way_;  // who waits for each name, at least one
};

}  // namespace postern
