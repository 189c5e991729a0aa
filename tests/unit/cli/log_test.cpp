#include "cli/log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <regex>

#include "base/json.hpp"

namespace postern::cli {
namespace {

// What is written to stderr while `act` runs, with the log as asked for; the logger before it is put back.
template <class Act>
std::string stderr_of(const LogOptions& options, Act act) {
  const auto before = spdlog::default_logger();
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int kept = ::dup(STDERR_FILENO);
  ::dup2(::fileno(file), STDERR_FILENO);
  start_log(options);
  act();
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  spdlog::set_default_logger(before);
  std::string text(4096, '\0');
  std::rewind(file);
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

const std::string hostile = "GET \"/\r\n2026 error forged\x1b[31m";

}  // namespace

TEST_CASE("A text line has a UTC time and a level, and no byte that ends it or colours it") {
  const std::string text = stderr_of({"info", "text"}, [] { spdlog::info("{}", hostile); });
  CHECK(std::regex_match(text, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info .*\n)")));
  CHECK(text.ends_with(R"( info GET "/\x0d\x0a2026 error forged\x1b[31m)"
                       "\n"));
}

TEST_CASE("A JSON line is one object with the message whole") {
  const std::string text = stderr_of({"info", "json"}, [] { spdlog::warn("{}", hostile); });
  const auto json = parse_json(text);
  REQUIRE(json);
  CHECK(*json->find("level")->string() == "warning");
  CHECK(*json->find("message")->string() == hostile);
  CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("What is below the level is not written") {
  const auto write_two = [] {
    spdlog::info("one");
    spdlog::error("two");
  };
  CHECK(stderr_of({"warn", "text"}, write_two).find("one") == std::string::npos);
  CHECK(stderr_of({"warn", "text"}, write_two).find("two") != std::string::npos);
  CHECK(stderr_of({"off", "text"}, write_two).empty());
}

}  // namespace postern::cli
