#include "gateway/access_log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <thread>

#include "base/json.hpp"
#include "base/temporary_folder.hpp"

namespace postern {
namespace {

using namespace std::chrono_literals;

std::string logged(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Waits for what another thread does, at most five seconds.
template <class Condition>
bool comes_true(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

std::string line_of(const AccessRecord& record) {
  std::string line;
  append_access_line(line, record);
  return line;
}

std::string time_of(double unix_seconds) {
  AccessRecord record;
  record.time = unix_seconds;
  return *parse_json(line_of(record))->find("time")->string();
}

}  // namespace

TEST_CASE("A line carries what is known of a request and nothing else") {
  AccessRecord record;
  record.time = 1700000000.789;
  record.route = "orders";
  record.method = "GET";
  record.path = "/orders/1";
  record.host = "shop.example";
  record.client_address = "10.0.0.1";
  record.status = 200;
  record.request_bytes = 12;
  record.response_bytes = 3456;
  record.duration = 0.0123456;
  CHECK(line_of(record) ==
        R"({"time":"2023-11-14T22:13:20.789Z","route":"orders","method":"GET","path":"/orders/1",)"
        R"("host":"shop.example","client":"10.0.0.1","status":200,"request_bytes":12,"response_bytes":3456,)"
        R"("duration_ms":12.346})"
        "\n");

  Decision decision;
  decision.made = true;
  decision.issuer = "https://id.example";
  decision.subject = "alice";
  decision.kid = "k1";
  decision.provider = "shop";
  record.decision = &decision;
  record.upstream_duration = 0.001;
  record.upstream_endpoint = "127.0.0.1:9000";
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  const std::string line = line_of(record);
  CHECK(line.find(R"("duration_ms":12.346,"upstream_ms":1.000,"upstream":"127.0.0.1:9000","iss":"https://id.example",)"
                  R"("sub":"alice","kid":"k1","provider":"shop","reason":"accepted",)"
                  R"("trace_id":"0af7651916cd43dd8448eb211c80319c"})") != std::string::npos);
}

TEST_CASE("An error of the reply stands before the filters' decision, with its side") {
  Decision decision;
  decision.made = true;
  AccessRecord record;
  record.decision = &decision;
  record.reason = Reason::upstream_timeout;
  record.detail = "no answer within 60s";
  record.side = Side::upstream;
  const auto json = parse_json(line_of(record));
  REQUIRE(json);
  CHECK(*json->find("reason")->string() == "upstream_timeout");
  CHECK(*json->find("detail")->string() == "no answer within 60s");
  CHECK(*json->find("side")->string() == "upstream");
}

TEST_CASE("An end that is nobody's fault has a detail and neither reason nor side") {
  AccessRecord record;
  record.detail = "the client left";
  const auto line = *parse_json(line_of(record));
  CHECK(*line.find("detail")->string() == "the client left");
  CHECK(line.find("reason") == nullptr);
  CHECK(line.find("side") == nullptr);
}

TEST_CASE("An observed refusal names the decision's reason and that it passed") {
  Decision decision;
  decision.made = true;
  decision.reason = Reason::token_expired;
  decision.detail = "exp 10 s ago";
  AccessRecord record;
  record.decision = &decision;
  record.observed = true;
  const auto json = parse_json(line_of(record));
  REQUIRE(json);
  CHECK(*json->find("reason")->string() == "token_expired");
  CHECK(*json->find("detail")->string() == "exp 10 s ago");
  CHECK(*json->find("observed")->boolean());
}

TEST_CASE("Whatever a client sends, a line is one line of valid JSON") {
  Decision decision;
  decision.made = true;
  decision.subject = "a\r\n{\"forged\":1}\x1b[31m";
  AccessRecord record;
  record.method = "GE\"T";
  record.path = "/\xff\n\\";
  record.host = std::string_view("a\0b", 3);
  record.decision = &decision;
  const std::string line = line_of(record);
  CHECK(line.find('\n') == line.size() - 1);
  const auto json = parse_json(line);
  REQUIRE(json);
  CHECK(*json->find("sub")->string() == decision.subject);
  CHECK(*json->find("path")->string() == "/\xEF\xBF\xBD\n\\");
}

TEST_CASE("Every byte at every place of a value is written so that it reads back") {
  for (int byte = 1; byte < 0x100; ++byte) {
    for (std::size_t place = 0; place < 18; ++place) {
      std::string path = "/abcdefghijklmnop!";
      path[place] = static_cast<char>(byte);
      AccessRecord record;
      record.path = path;
      const std::string line = line_of(record);
      const auto json = parse_json(line);
      REQUIRE_MESSAGE(json, line);
      CHECK((*json->find("path")->string() == path) == (byte < 0x80));  // U+FFFD stands for what is no UTF-8
      CHECK(line.find('\x7F') == std::string::npos);
    }
  }
}

TEST_CASE("Times are UTC with milliseconds, and nonsense does not leave the format") {
  CHECK(time_of(0) == "1970-01-01T00:00:00.000Z");
  CHECK(time_of(951782399.9994) == "2000-02-28T23:59:59.999Z");
  CHECK(time_of(951782399.9996) == "2000-02-29T00:00:00.000Z");
  CHECK(time_of(253402300799.0) == "9999-12-31T23:59:59.000Z");
  CHECK(time_of(253402300800.0) == "9999-12-31T23:59:59.000Z");
  CHECK(time_of(-5) == "1970-01-01T00:00:00.000Z");
  CHECK(time_of(std::numeric_limits<double>::quiet_NaN()) == "1970-01-01T00:00:00.000Z");
}

TEST_CASE("The end of the log writes everything that was submitted") {
  const TemporaryFolder folder("postern-log-");
  const std::string file = folder.path_of("access.log");
  {
    auto log = AccessLog::open(file);
    REQUIRE(log);
    CHECK((*log)->enabled());
    for (int i = 0; i < 1000; ++i) (*log)->submit("line\n", 1);
  }
  CHECK(logged(file).size() == 5000);
}

TEST_CASE("A file is appended to, and a lone line is written without waiting for the end") {
  const TemporaryFolder folder("postern-log-");
  const std::string file = folder.path_of("access.log");
  std::ofstream(file) << "before\n";
  auto log = AccessLog::open(file);
  REQUIRE(log);
  (*log)->submit("one\n", 1);
  CHECK(comes_true([&] { return logged(file) == "before\none\n"; }));
}

TEST_CASE("Reopening follows a rotated file, and keeps the old one when there is no new one") {
  const TemporaryFolder folder("postern-log-");
  const std::string file = folder.path_of("access.log");
  const std::string rotated = folder.path_of("access.log.1");
  auto log = AccessLog::open(file);
  REQUIRE(log);
  (*log)->submit("one\n", 1);
  REQUIRE(comes_true([&] { return logged(file) == "one\n"; }));

  std::filesystem::rename(file, rotated);
  (*log)->reopen();
  (*log)->submit("two\n", 1);
  CHECK(comes_true([&] { return logged(file) == "two\n"; }));
  CHECK(logged(rotated) == "one\n");

  const std::string second = folder.path_of("access.log.2");
  std::filesystem::rename(file, second);
  std::filesystem::create_directory(file);  // nobody, root included, can open that for writing
  (*log)->reopen();
  (*log)->submit("three\n", 1);
  CHECK(comes_true([&] { return logged(second) == "two\nthree\n"; }));
}

TEST_CASE("A log that is off takes lines and does nothing") {
  auto log = AccessLog::open("off");
  REQUIRE(log);
  CHECK(!(*log)->enabled());
  (*log)->submit("line\n", 1);
  (*log)->reopen();
  CHECK((*log)->dropped_lines() == 0);
}

TEST_CASE("A file that cannot be opened is named with the system's reason") {
  const auto log = AccessLog::open("/nonexistent/access.log");
  REQUIRE(!log);
  CHECK(log.error() == "cannot open the access log /nonexistent/access.log: No such file or directory");
}

TEST_CASE("A reader that does not read costs lines, never time") {
  const TemporaryFolder folder("postern-log-");
  const std::string pipe = folder.path_of("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  auto log = AccessLog::open(pipe);
  REQUIRE(log);

  const std::string megabyte = std::string((1 << 20) - 1, 'x') + '\n';
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < 7; ++i) (*log)->submit(megabyte, 1);
  CHECK((*log)->dropped_lines() == 0);
  for (int i = 0; i < 3; ++i)
    (*log)->submit(megabyte, 1);  // the ninth megabyte exceeds the bound, whatever the pipe holds
  CHECK((*log)->dropped_lines() == 2);
  CHECK(std::chrono::steady_clock::now() - started < 2s);
  log->reset();
  CHECK(std::chrono::steady_clock::now() - started < 4s);
  ::close(reader);
}

TEST_CASE("A full disk keeps lines until the bound, then counts what is lost") {
  auto log = AccessLog::open("/dev/full");
  REQUIRE(log);
  const std::string half(AccessLog::max_queued_bytes / 2, '\n');
  (*log)->submit(half, 1);
  (*log)->submit(half, 1);
  CHECK((*log)->dropped_lines() == 0);  // exactly the bound
  (*log)->submit("\n", 1);
  CHECK((*log)->dropped_lines() == 1);  // one byte above it
  const auto started = std::chrono::steady_clock::now();
  log->reset();
  CHECK(std::chrono::steady_clock::now() - started < 2s);
}

}  // namespace postern
