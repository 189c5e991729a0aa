#include "cli/admin_client.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <sstream>
#include <thread>

#include "base/temporary_folder.hpp"
#include "gateway/admin.hpp"

namespace postern::cli {
namespace {

struct FakeActions : AdminActions {
  std::vector<AdminPage> extra;
  bool is_ready = true;
  std::string problems;

  bool ready() const override { return is_ready; }
  Task<std::string> metrics() override { co_return ""; }
  std::string config_yaml() const override { return ""; }
  std::string providers_json() const override { return ""; }
  std::string reload() override { return problems; }
  void drain() override {}
  bool set_log_level(const std::string&) override { return false; }
  std::string log_level() const override { return ""; }
  std::vector<AdminPage> pages() const override { return extra; }
};

struct Running {
  FakeActions actions;
  boost::asio::io_context control{1};
  std::unique_ptr<AdminListener> listener;
  std::thread thread;

  explicit Running(const std::string& address = "127.0.0.1:0") {
    listener = AdminListener::bind(control, address, actions).value();
    listener->start();
    thread = std::thread([this] { control.run(); });
  }
  ~Running() {
    boost::asio::post(control, [this] { listener.reset(); });
    thread.join();
  }
};

const conf::Environment no_variables = [](const std::string&) { return std::nullopt; };

// A folder with a configuration file, for as long as it lives.
struct ConfigFolder {
  std::string write(std::string_view text) const { return folder.write("postern.yaml", text); }

  TemporaryFolder folder{"postern-client-"};
};

struct Outcome {
  int exit_code;
  std::string out, err;
};

template <class Ask>
Outcome outcome_of(Ask ask, const AdminClientOptions& options) {
  std::ostringstream out, err;
  const int exit_code = ask(options, no_variables, out, err);
  return {exit_code, out.str(), err.str()};
}

}  // namespace

TEST_CASE("A gateway that is ready is healthy, one that drains is not") {
  Running running;
  const AdminClientOptions options{running.listener->address(), ""};
  CHECK(outcome_of(run_healthcheck, options).exit_code == 0);
  running.actions.is_ready = false;
  const Outcome outcome = outcome_of(run_healthcheck, options);
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.out.empty());
  CHECK(outcome.err == "not ready\n");
}

TEST_CASE("A reload that failed tells the problems on stderr") {
  Running running;
  const AdminClientOptions options{running.listener->address(), ""};
  CHECK(outcome_of(run_reload, options).exit_code == 0);
  running.actions.problems = "a.yaml:1:1: routes: is missing";
  const Outcome outcome = outcome_of(run_reload, options);
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err == "a.yaml:1:1: routes: is missing\n");
}

TEST_CASE("A revocation is posted as JSON, and the answer is printed") {
  Running running;
  running.actions.extra.push_back({"/revocations", "POST", [](const AdminRequest& request) -> Task<AdminReply> {
                                     const bool is_json = request.content_type == "application/json";
                                     co_return AdminReply(is_json ? 200 : 415, request.body);
                                   }});
  const RevokeOptions options{{running.listener->address(), ""}, R"({"jti":"a","issuer":"i"})"};
  std::ostringstream out, err;
  CHECK(run_tokens_revoke(options, no_variables, out, err) == 0);
  CHECK(out.str() == options.revocation);
  CHECK(err.str().empty());
  running.actions.extra.clear();
  CHECK(run_tokens_revoke(options, no_variables, out, err) == 1);
  CHECK(err.str() == "the gateway has neither `revocations` nor a token service\n");
}

TEST_CASE("A listener that is bound to every address is asked on loopback") {
  const Running running("0.0.0.0:0");
  CHECK(outcome_of(run_healthcheck, {running.listener->address(), ""}).exit_code == 0);
}

TEST_CASE("The address is found in a file, also in one that is wrong elsewhere") {
  const Running running;
  const ConfigFolder folder;
  const std::string file = folder.write("admin: {address: '" + running.listener->address() + "'}\nbogus: 1\n");
  CHECK(outcome_of(run_healthcheck, {"", file}).exit_code == 0);
  folder.write("admin: {address: off}\n");
  CHECK(outcome_of(run_healthcheck, {"", file}).err == "the configuration turns the admin listener off\n");
}

TEST_CASE("A file that does not say the address is told of, and no other gateway is asked") {
  const ConfigFolder folder;
  const auto told = [&](std::string_view text) {
    const Outcome outcome = outcome_of(run_healthcheck, {"", folder.write(text)});
    CHECK(outcome.exit_code == 78);
    CHECK(outcome.out.empty());
    return outcome.err;
  };
  CHECK(told("admin: {address: nonsense}\nlisteners: []\n").find(": admin.address: ") != std::string::npos);
  CHECK(told("admin: {adress: '127.0.0.1:9902'}\n").find(": admin.adress: ") != std::string::npos);
  CHECK(told("admni: {address: '127.0.0.1:9902'}\n").find(": admni: ") != std::string::npos);
  CHECK(told("admin: {address: '${UNSET}'}\n").find(": admin.address: ") != std::string::npos);
  CHECK(told("admin: {address: 'off'}\nroutes: [{a: [b\n").find(": routes[0]") != std::string::npos);
  CHECK(told("").find(": configuration: ") != std::string::npos);
  CHECK(told("- 1\n").find(": configuration: ") != std::string::npos);
  const Outcome missing = outcome_of(run_reload, {"", folder.folder.path_of("missing.yaml")});
  CHECK(missing.exit_code == 78);
  CHECK(missing.err.find("missing.yaml") != std::string::npos);
  std::ostringstream out, err;
  CHECK(run_keys_list({{"", folder.folder.path_of("missing.yaml")}}, no_variables, out, err) == 78);
  CHECK(run_keys_rotate({{"", folder.folder.path_of("missing.yaml")}}, no_variables, out, err) == 78);
  CHECK(run_tokens_revoke({{"", folder.folder.path_of("missing.yaml")}, "{}"}, no_variables, out, err) == 78);
}

TEST_CASE("Nobody there, and no address, are told with the address") {
  std::string address;
  {
    const Running running;
    address = running.listener->address();
  }
  const Outcome gone = outcome_of(run_healthcheck, {address, ""});
  CHECK(gone.exit_code == 1);
  CHECK(gone.err == "no answer from the admin listener " + address + ": Connection refused\n");
  const Outcome none = outcome_of(run_healthcheck, {"nonsense", ""});
  CHECK(none.exit_code == 1);
  CHECK(none.err.starts_with("nonsense: "));
}

}  // namespace postern::cli
