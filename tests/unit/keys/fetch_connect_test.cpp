// Where a fetch may connect to, and what becomes of one that cannot or that waits for too long.
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <climits>

#include "filters/keys/fetch_connection.hpp"
#include "filters/keys/fetch_request.hpp"
#include "tests/unit/keys/fetching.hpp"
#include "tests/unit/keys/scripted_server.hpp"

namespace postern::keys {
namespace {

using boost::asio::ip::tcp;
using std::chrono_literals::operator""ms;

// A port of loopback where nobody listens: bound, so that nobody else does either.
struct ClosedPort {
  explicit ClosedPort(boost::asio::io_context& io) : socket(io) {
    socket.open(tcp::v4());
    socket.bind({boost::asio::ip::address_v4::loopback(), 0});
  }
  tcp::endpoint endpoint() const { return socket.local_endpoint(); }
  tcp::socket socket;
};

// A listener whose queue is full: the kernel answers nobody any more.
struct FullListener {
  explicit FullListener(boost::asio::io_context& io) : acceptor(io) {
    acceptor.open(tcp::v4());
    acceptor.bind({boost::asio::ip::address_v4::loopback(), 0});
    acceptor.listen(0);
    for (int i = 0; i < 8; ++i) {
      auto& socket = waiting.emplace_back(io);
      socket.open(tcp::v4());
      socket.non_blocking(true);
      // Asio's own would wait.
      const tcp::endpoint to = endpoint();
      ::connect(socket.native_handle(), to.data(), static_cast<socklen_t>(to.size()));
    }
  }
  tcp::endpoint endpoint() const { return acceptor.local_endpoint(); }
  tcp::acceptor acceptor;
  std::vector<tcp::socket> waiting;
};

conf::Url url_of(const tcp::endpoint& endpoint) {
  return {false, "127.0.0.1", endpoint.port(), "/jwks"};
}

// A connection alone, without the request.
struct Connecting {
  boost::asio::io_context& io;
  FetchOptions options;
  Observe observe;
  FetchDeadline deadline{io.get_executor(), options.timeout};
  FetchConnection connection{io.get_executor(), options, deadline, observe};

  explicit Connecting(boost::asio::io_context& context, std::chrono::milliseconds timeout = 600ms)
      : io(context), options(with_timeout(timeout)) {
    deadline.begin(Phase::connect);
  }
  static FetchOptions with_timeout(std::chrono::milliseconds timeout) {
    FetchOptions made;
    made.timeout = timeout;
    return made;
  }

  MaybeFailure run(Task<MaybeFailure> task) {
    MaybeFailure outcome;
    bool ended = false;
    spawn(io.get_executor(), std::move(task), [&](std::exception_ptr, MaybeFailure failed) {
      outcome = std::move(failed);
      ended = true;
    });
    while (!ended) io.run_one();
    return outcome;
  }
  MaybeFailure connect(const TcpAddresses& addresses) { return run(connection.connect(addresses)); }
  MaybeFailure open(const conf::Url& url, const std::optional<conf::Url>& proxy = {}) {
    return run(connection.open(url, proxy));
  }
  std::uint16_t port() {
    error_code none;
    return connection.transport().socket().remote_endpoint(none).port();
  }
};

FetchFailure hang(Script script) {
  boost::asio::io_context io;
  ScriptedServer server(io, {std::move(script)});
  const Outcome outcome = run_fetch(io, server.url(), impatient());
  REQUIRE(!outcome.succeeded());
  CHECK(outcome.result.error().timed_out);
  return outcome.result.error();
}

FetchFailure refused(const conf::Url& url, const FetchOptions& options = {}) {
  boost::asio::io_context io;
  const Outcome outcome = run_fetch(io, url, options);
  REQUIRE(!outcome.succeeded());
  CHECK(outcome.said(Phase::connect).empty());
  return outcome.result.error();
}

FetchOptions http_allowed() {
  FetchOptions options;
  options.allow_http = true;
  return options;
}

}  // namespace

TEST_CASE("a refused connection is a failure that names the address") {
  boost::asio::io_context io;
  const ClosedPort closed(io);
  const Outcome outcome = run_fetch(io, url_of(closed.endpoint()));
  REQUIRE(!outcome.succeeded());
  CHECK(outcome.result.error().phase == Phase::connect);
  CHECK(!outcome.result.error().timed_out);
  CHECK(outcome.result.error().detail ==
        "127.0.0.1 port " + std::to_string(closed.endpoint().port()) + ": Connection refused");
}

TEST_CASE("a name that does not resolve is a failure of DNS") {
  const FetchFailure failed = refused({true, "nonexistent.invalid", 443, "/"});
  CHECK(failed.phase == Phase::dns);
  CHECK(failed.detail.starts_with("nonexistent.invalid: "));
}

TEST_CASE("a name is resolved") {
  boost::asio::io_context io;
  ScriptedServer server(io, {answer(response("{}"))});
  const Outcome outcome = run_fetch(io, {false, "localhost", server.port(), "/"});
  REQUIRE(outcome.succeeded());
  CHECK(outcome.said(Phase::dns).find("127.0.0.1") != std::string::npos);
  CHECK(server.requests.at(0).find("\r\nHost: localhost:") != std::string::npos);
}

TEST_CASE("the next address is tried when one refuses, and when one does not answer") {
  boost::asio::io_context io;
  const ClosedPort closed(io);
  const FullListener full(io);
  ScriptedServer server(io, {{hold()}});
  Connecting after_refused(io);
  CHECK(!after_refused.connect({closed.endpoint(), server.endpoint()}));
  CHECK(after_refused.port() == server.port());
  Connecting after_silence(io);
  CHECK(!after_silence.connect({full.endpoint(), closed.endpoint(), server.endpoint()}));
  CHECK(after_silence.port() == server.port());
}

TEST_CASE("when no address answers, the failure tells of each") {
  boost::asio::io_context io;
  const ClosedPort closed(io);
  const FullListener full(io);
  const MaybeFailure failed = Connecting(io).connect({full.endpoint(), closed.endpoint()});
  REQUIRE(failed);
  CHECK(failed->phase == Phase::connect);
  CHECK(failed->timed_out);
  CHECK(failed->detail.find("no answer in time; ") != std::string::npos);
  CHECK(failed->detail.ends_with("Connection refused"));
}

TEST_CASE("a fetch that hangs ends with its phase") {
  boost::asio::io_context io;
  const FullListener full(io);
  const Outcome outcome = run_fetch(io, url_of(full.endpoint()), impatient());
  REQUIRE(!outcome.succeeded());
  CHECK(outcome.result.error().phase == Phase::connect);
  CHECK(outcome.result.error().timed_out);

  CHECK(hang({hold()}).phase == Phase::response);
  CHECK(hang({read_head(), send("HTTP/1.1 200 OK\r\n"), hold()}).phase == Phase::response);
  CHECK(hang({read_head(), send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{"), hold()}).phase == Phase::body);
  CHECK(hang({read_head(), send("HTTP/1.1 200 OK\r\n\r\n{}"), hold()}).phase == Phase::body);
  CHECK(hang({read_head(), send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), hold()}).phase ==
        Phase::body);
}

TEST_CASE("a server that is never idle does not outlast a phase") {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(hang({read_head(), send(chunked), drip("1\r\nx\r\n")}).phase == Phase::body);
  CHECK(hang({read_head(), send("HTTP/1.1 200 OK\r\nX: "), drip("x")}).phase == Phase::response);
}

TEST_CASE("redirects without end are over when the whole fetch is") {
  boost::asio::io_context io;
  FetchOptions options;
  options.timeout = std::chrono::milliseconds(20);
  options.redirect_limit = UINT_MAX;
  ScriptedServer server(io, {answer("HTTP/1.1 302 Found\r\nLocation: /jwks\r\n\r\n")});
  const Outcome outcome = run_fetch(io, server.url(), options);
  REQUIRE(!outcome.succeeded());
  CHECK(outcome.result.error().timed_out);
}

TEST_CASE("when the whole fetch is over, no further address is tried") {
  boost::asio::io_context io;
  ScriptedServer server(io, {{hold()}});
  Connecting connecting(io, 5ms);
  while (!connecting.deadline.whole_passed()) connecting.deadline.begin(Phase::connect);
  const MaybeFailure failed = connecting.connect({server.endpoint(), server.endpoint()});
  REQUIRE(failed);
  CHECK(failed->timed_out);
  CHECK(failed->detail == "the whole fetch took longer than 20 ms");
}

TEST_CASE("an io_context that ends in the middle of a fetch takes it along") {
  for (const Script& script : {Script{hold()}, Script{read_head(), send("HTTP/1.1 200 OK\r\n\r\n{"), hold()}}) {
    const FetchOptions options;
    const Observe observe;
    const std::string etag;
    conf::Url url;
    bool ended = false;
    auto io = std::make_unique<boost::asio::io_context>();
    ScriptedServer server(*io, {script});
    url = server.url();
    spawn(io->get_executor(), fetch(url, etag, options, observe),
                          [&](std::exception_ptr, const auto&) { ended = true; });
    while (server.connections == 0) io->run_one();
    io->poll();
    server.stop();
    io.reset();
    CHECK(!ended);
  }
}

TEST_CASE("http is refused elsewhere than on loopback unless it is allowed") {
  const FetchFailure failed = refused({false, "id.example.com", 80, "/"});
  CHECK(failed.phase == Phase::dns);
  CHECK(failed.detail.find("allow_http") != std::string::npos);
  CHECK(refused({false, "192.0.2.1", 80, "/"}).detail.find("allow_http") != std::string::npos);
  CHECK(!refuse_url({false, "id.example.com", 80, "/"}, http_allowed()));
  CHECK(!refuse_url({true, "id.example.com", 443, "/"}, {}));
  CHECK(!refuse_url({false, "::1", 80, "/"}, {}));
}

TEST_CASE("a loopback name that resolves elsewhere gets no plain http") {
  CHECK(refuse_resolved("192.0.2.1", true, {}));
  CHECK(!refuse_resolved("127.0.0.1", true, {}));
  CHECK(!refuse_resolved("192.0.2.1", false, {}));
}

TEST_CASE("a link-local address is refused without a connection unless it is allowed") {
  for (const std::string host : {"169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "2852039166"}) {
    CAPTURE(host);
    const FetchFailure failed = refused({false, host, 80, "/"}, http_allowed());
    CHECK(failed.phase == Phase::dns);
    CHECK(failed.detail.find("link-local") != std::string::npos);
    CHECK(refused({true, host, 443, "/"}).phase == Phase::dns);
    FetchOptions allowed = http_allowed();
    allowed.allow_link_local = true;
    CHECK(!refuse_url({false, host, 80, "/"}, allowed));
  }
  CHECK(refuse_resolved("169.254.169.254", false, {}));
}

TEST_CASE("the addresses that a name has are judged once more, and a proxy's") {
  boost::asio::io_context io;
  const auto why = [&](const conf::Url& url, const std::optional<conf::Url>& proxy = {}) {
    const MaybeFailure failed = Connecting(io).open(url, proxy);
    REQUIRE(failed);
    CHECK(failed->phase == Phase::dns);
    return failed->detail;
  };
  CHECK(why({true, "169.254.169.254", 443, "/"}).find("link-local") != std::string::npos);
  CHECK(why({false, "192.0.2.1", 80, "/"}).find("is not loopback") != std::string::npos);
  const conf::Url proxy{false, "169.254.1.1", 3128, "/"};
  CHECK(why({true, "id.example.com", 443, "/"}, proxy).find("link-local") != std::string::npos);
}

}  // namespace postern::keys
