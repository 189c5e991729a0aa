#include "gateway/admin.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "gateway/admin_requests.hpp"

namespace postern {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

struct FakeActions : AdminActions {
  std::vector<AdminPage> extra;
  std::atomic<bool> is_ready = true;
  std::atomic<int> reloads = 0;
  std::atomic<int> drains = 0;
  std::string problems;
  std::string level = "info";

  bool ready() const override { return is_ready; }
  Task<std::string> metrics() override { co_return "postern_build_info 1\n"; }
  std::string config_yaml() const override { return "routes: []\n"; }
  std::string providers_json() const override { return "{\"providers\":[]}\n"; }
  std::string reload() override {
    ++reloads;
    return problems;
  }
  void drain() override { ++drains; }
  bool set_log_level(const std::string& wanted) override {
    if (wanted != "debug") return false;
    level = wanted;
    return true;
  }
  std::string log_level() const override { return level; }
  std::vector<AdminPage> pages() const override { return extra; }
};

// The listener on its own thread, as the program has it.
struct Running {
  FakeActions actions;
  asio::io_context control{1};
  std::unique_ptr<AdminListener> listener;
  std::thread thread;

  explicit Running(const std::string& address = "127.0.0.1:0") {
    auto bound = AdminListener::bind(control, address, actions);
    REQUIRE_MESSAGE(bound, bound.error());
    listener = std::move(*bound);
    listener->start();
    thread = std::thread([this] { control.run(); });
  }
  // The thread ends by itself: a closed listener leaves no work behind.
  ~Running() {
    asio::post(control, [this] { listener.reset(); });
    thread.join();
  }
  std::string port() const {
    const std::string address = listener->address();
    return address.substr(address.rfind(':') + 1);
  }

  // Sends these bytes and returns everything that comes back until the end.
  std::string exchange(const std::string& bytes) const {
    asio::io_context io;
    tcp::socket socket(io);
    socket.connect({asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(std::stoi(port()))});
    boost::system::error_code error;
    asio::write(socket, asio::buffer(bytes), error);
    std::string reply;
    asio::read(socket, asio::dynamic_buffer(reply), error);
    return reply;
  }
  std::string ask(const std::string& request_line, const std::string& more = "") const {
    return exchange(request_line + " HTTP/1.1\r\nHost: 127.0.0.1:" + port() + "\r\n" + more + "\r\n");
  }
};

unsigned status_in(const std::string& reply) {
  return reply.size() > 12 ? static_cast<unsigned>(std::stoi(reply.substr(9, 3))) : 0;
}

std::string body_of(const std::string& reply) {
  const std::size_t end = reply.find("\r\n\r\n");
  return end == std::string::npos ? "" : reply.substr(end + 4);
}

// The status that a GET or POST of that Host and Origin gets before anything is done; 0 when it may go on.
unsigned guard(bool on_loopback, const std::string& method, std::optional<std::string> host,
               std::optional<std::string> origin = {}) {
  AdminRequest request;
  request.method = method;
  request.host = std::move(host);
  request.origin = std::move(origin);
  const auto refusal = refuse_foreign(request, on_loopback);
  return refusal ? refusal->status : 0;
}

}  // namespace

TEST_CASE("The pages for reading answer") {
  const Running running;
  CHECK(body_of(running.ask("GET /livez")) == "ok\n");
  CHECK(status_in(running.ask("GET /readyz")) == 200);
  CHECK(body_of(running.ask("GET /metrics")) == "postern_build_info 1\n");
  CHECK(running.ask("GET /metrics").find("Content-Type: text/plain; version=0.0.4") != std::string::npos);
  CHECK(body_of(running.ask("GET /config?x=1")) == "routes: []\n");
  CHECK(body_of(running.ask("GET /loglevel")) == "info\n");
}

TEST_CASE("A gateway that is not ready says so and is alive") {
  Running running;
  running.actions.is_ready = false;
  CHECK(status_in(running.ask("GET /readyz")) == 503);
  CHECK(status_in(running.ask("GET /livez")) == 200);
}

TEST_CASE("HEAD gets the head alone") {
  const Running running;
  const std::string reply = running.ask("HEAD /livez");
  CHECK(reply.find("Content-Length: 3\r\n") != std::string::npos);
  CHECK(body_of(reply).empty());
}

TEST_CASE("A reload tells every problem") {
  Running running;
  CHECK(status_in(running.ask("POST /reload")) == 200);
  running.actions.problems = "a.yaml:1:1: routes: is missing\na.yaml:2:1: x: is unknown";
  const std::string reply = running.ask("POST /reload");
  CHECK(status_in(reply) == 422);
  CHECK(body_of(reply) == running.actions.problems + "\n");
  CHECK(running.actions.reloads == 2);
}

TEST_CASE("A drain is answered first") {
  Running running;
  CHECK(status_in(running.ask("POST /drain")) == 202);
  while (running.actions.drains == 0) std::this_thread::yield();
  CHECK(running.actions.drains == 1);
}

TEST_CASE("The log level can be changed while the gateway runs") {
  const Running running;
  CHECK(body_of(running.ask("POST /loglevel?level=debug")) == "debug\n");
  CHECK(body_of(running.ask("GET /loglevel")) == "debug\n");
  CHECK(status_in(running.ask("POST /loglevel?level=loud")) == 400);
  CHECK(status_in(running.ask("POST /loglevel")) == 400);
  CHECK(body_of(running.ask("GET /loglevel?level=debug")) == "debug\n");
}

TEST_CASE("An unknown page is 404, a wrong method 405 with Allow, and neither does anything") {
  const Running running;
  CHECK(status_in(running.ask("GET /")) == 404);
  CHECK(status_in(running.ask("GET /livez/")) == 404);
  const std::string reply = running.ask("GET /reload");
  CHECK(status_in(reply) == 405);
  CHECK(reply.find("Allow: POST\r\n") != std::string::npos);
  CHECK(status_in(running.ask("GET /drain")) == 405);
  CHECK(status_in(running.ask("HEAD /drain")) == 405);
  CHECK(running.ask("DELETE /loglevel").find("Allow: GET, HEAD, POST\r\n") != std::string::npos);
  CHECK(status_in(running.ask("POST /livez")) == 405);
  CHECK(running.actions.reloads == 0);
  CHECK(running.actions.drains == 0);
}

TEST_CASE("A filter's page gets method, type and body, and the listener's guards stand before it") {
  Running running;
  std::atomic<int> answered = 0;
  running.actions.extra.push_back({"/echo", "GET, HEAD, POST", [&](const AdminRequest& request) -> Task<AdminReply> {
                                     ++answered;
                                     co_return AdminReply(
                                         200, request.method + " " + request.content_type + " " + request.body);
                                   }});
  CHECK(body_of(running.ask("GET /echo?x")) == "GET  ");
  const std::string body = "Content-Type: text/x\r\nContent-Length: 3\r\n";
  CHECK(body_of(running.ask("POST /echo", body + "\r\nabc")) == "POST text/x abc");
  CHECK(answered == 2);
  CHECK(running.ask("DELETE /echo").find("Allow: GET, HEAD, POST\r\n") != std::string::npos);
  CHECK(status_in(running.ask("POST /echo", "Origin: https://evil.example\r\n")) == 403);
  CHECK(status_in(running.ask("POST /other")) == 404);
  CHECK(answered == 2);
}

TEST_CASE("A page of another origin can post nothing, this listener's own can") {
  const Running running;
  CHECK(status_in(running.ask("POST /reload", "Origin: https://evil.example\r\n")) == 403);
  CHECK(status_in(running.ask("POST /reload", "Origin: null\r\n")) == 403);
  CHECK(status_in(running.ask("POST /reload", "Origin: http://127.0.0.1:1\r\n")) == 403);
  const std::string own = "Origin: http://127.0.0.1:" + running.port() + "\r\n";
  CHECK(status_in(running.ask("POST /reload", own + "Origin: https://evil.example\r\n")) == 403);
  CHECK(running.actions.reloads == 0);
  CHECK(status_in(running.ask("POST /reload", own)) == 200);
  CHECK(running.actions.reloads == 1);
}

TEST_CASE("On loopback a name that an attacker can let point here is refused") {
  for (const char* host : {"127.0.0.1:9901", "127.0.0.1", "[::1]:9901", "[::1]", "localhost", "LocalHost:9901"}) {
    CHECK_MESSAGE(guard(true, "GET", host) == 0, host);
  }
  for (const char* host : {"evil.example", "evil.example:9901", "127.0.0.1.evil.example", "", "[evil]", "127.1"}) {
    CHECK_MESSAGE(guard(true, "GET", host) == 403, host);
  }
  CHECK(guard(true, "GET", std::nullopt) == 400);
}

TEST_CASE("On another address any name may read, and a browser's post needs a Host that cannot be rebound") {
  CHECK(guard(false, "GET", "postern.monitoring.svc:9901") == 0);
  CHECK(guard(false, "POST", "postern.monitoring.svc:9901") == 0);
  CHECK(guard(false, "POST", "evil.example:9901", "http://evil.example:9901") == 403);
  CHECK(guard(false, "POST", "10.0.0.5:9901", "http://evil.example:9901") == 403);
  CHECK(guard(false, "POST", "10.0.0.5:9901", "http://10.0.0.5:9901") == 0);
  CHECK(guard(false, "GET", std::nullopt) == 400);
}

TEST_CASE("What is no request, or too large a one, is refused") {
  const Running running;
  CHECK(status_in(running.exchange("nonsense\r\n\r\n")) == 400);
  CHECK(status_in(running.exchange("GET /livez HTTP/1.1\r\n\r\n")) == 400);
  CHECK(status_in(running.exchange("GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n")) == 400);
  CHECK(status_in(running.ask("GET /livez", "X: " + std::string(4 << 10, 'x') + "\r\n")) == 200);
  CHECK(status_in(running.ask("GET /livez", "X: " + std::string(8 << 10, 'x') + "\r\n")) == 431);
  const auto post = [&](std::size_t size) {
    return status_in(running.ask("POST /reload",
                                 "Content-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size - 2, 'x')));
  };
  CHECK(post(4096) == 200);
  CHECK(post(4097) == 413);
}

TEST_CASE("A connection that sends nothing keeps nobody else waiting") {
  const Running running;
  asio::io_context io;
  tcp::socket silent(io);
  silent.connect({asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(std::stoi(running.port()))});
  CHECK(status_in(running.ask("GET /livez")) == 200);
  silent.close();
}

TEST_CASE("An address in use, and one that is none, are named") {
  const Running running;
  asio::io_context io;
  FakeActions actions;
  const std::string taken = running.listener->address();
  const auto second = AdminListener::bind(io, taken, actions);
  REQUIRE(!second);
  CHECK(second.error() == "admin listener " + taken +
                              ": cannot bind: Address already in use; `admin.address` or --admin gives it another "
                              "address, or `off`");
  const auto name = AdminListener::bind(io, "localhost:9901", actions);
  REQUIRE(!name);
  CHECK(name.error().find("localhost:9901") != std::string::npos);
}

}  // namespace postern
