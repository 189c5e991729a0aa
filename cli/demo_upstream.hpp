// The demo's upstream: answers any request with JSON that shows what it received.
#pragma once

#include <memory>
#include <string>

namespace postern::cli {

class DemoUpstream {
 public:
  // Listens on a loopback port that the kernel chooses and serves on a thread of its own. Throws
  // boost::system::system_error when it cannot.
  DemoUpstream();
  ~DemoUpstream();

  std::string url() const;  // `http://127.0.0.1:40123`

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::cli
