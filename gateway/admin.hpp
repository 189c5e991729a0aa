// The admin listener: Beast on the control thread, never on a worker. Changing calls are POST only and refuse a foreign
// Origin.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/admin_page.hpp"
#include "gateway/task.hpp"

namespace postern {

// What the admin listener can ask of the running gateway. Called on the control thread.
class AdminActions {
 public:
  virtual ~AdminActions() = default;
  virtual bool ready() const = 0;           // serving, with the keys that ready_when asks for, and not draining
  virtual Task<std::string> metrics() = 0;  // Prometheus text
  virtual std::string config_yaml()
      const = 0;  // effective, secrets redacted, with the last reload's errors as comments
  virtual std::string providers_json() const = 0;  // how their keys are
  virtual std::string reload() = 0;                // empty when it worked, else every problem, a line each
  virtual void drain() = 0;
  virtual bool set_log_level(const std::string& level) = 0;
  virtual std::string log_level() const = 0;
  virtual std::vector<AdminPage> pages() const = 0;  // of filters
};

class AdminListener {
 public:
  // Binds `address` (`127.0.0.1:9901`, port 0: the kernel chooses); the error is a sentence with the address.
  static tl::expected<std::unique_ptr<AdminListener>, std::string> bind(boost::asio::io_context& control,
                                                                        const std::string& address,
                                                                        AdminActions& actions);
  ~AdminListener();
  void start();
  void stop();
  std::string address() const;  // with the port that is bound

 private:
  AdminListener();
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postern
