#include "state/redis/resp.hpp"

#include <doctest/doctest.h>

#include "tests/unit/redis/replies.hpp"

using namespace postern::state::redis;

namespace {

using Type = Reply::Type;

// All replies of the bytes, fed so many at a time; an error ends them.
std::vector<Reply> read_all(std::string_view bytes, std::size_t chunk, std::string* error = nullptr) {
  ReplyReader reader;
  std::vector<Reply> replies;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(chunk, bytes.size()))) {
    reader.feed(bytes.substr(0, chunk));
    while (true) {
      auto next = reader.next();
      if (!next && error != nullptr) *error = next.error();
      if (!next || !*next) break;
      replies.push_back(std::move(**next));
    }
  }
  return replies;
}

std::string refusal(std::string_view bytes) {
  std::string error;
  read_all(bytes, 7, &error);
  return error;
}

}  // namespace

TEST_CASE("a command is an array of bulk strings, whatever bytes they hold") {
  using namespace std::string_literals;
  CHECK(format_command({"GET", "a\0\r\n"s, ""}) == "*3\r\n$3\r\nGET\r\n$4\r\na\0\r\n\r\n$0\r\n\r\n"s);
}

TEST_CASE("replies are the same wherever the bytes are split") {
  using namespace std::string_literals;
  const std::string bytes =
      "+OK\r\n:42\r\n:-1\r\n$-1\r\n*-1\r\n$4\r\na\0\r\n\r\n-ERR no\r\n*0\r\n"
      "*1\r\n*2\r\n$4\r\nfeed\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nk\r\n$-1\r\n+PONG\r\n"s;
  const std::vector<Reply> expected{
      text("OK"),
      {Type::integer, 42, "", {}},
      {Type::integer, -1, "", {}},
      {},
      {},
      text(std::string("a\0\r\n", 4)),
      {Type::error, 0, "ERR no", {}},
      {Type::list, 0, "", {}},
      {Type::list,
       0,
       "",
       {{Type::list,
         0,
         "",
         {text("feed"),
          {Type::list, 0, "", {{Type::list, 0, "", {text("1-0"), {Type::list, 0, "", {text("k"), {}}}}}}}}}}},
      text("PONG")};
  for (std::size_t chunk = 1; chunk <= bytes.size(); ++chunk) {
    CAPTURE(chunk);
    CHECK(read_all(bytes, chunk) == expected);
  }
}

TEST_CASE("what is no RESP2 is refused") {
  for (const std::string_view bytes :
       {"HTTP/1.1 400 Bad Request\r\n\r\n", "$x\r\n", "%1\r\n+a\r\n+b\r\n", ":1x\r\n", "$-2\r\n"}) {
    CAPTURE(bytes);
    CHECK(refusal(bytes).starts_with("what was received is no answer of Redis: "));
  }
}

TEST_CASE("an array of as many elements as are allowed is read, one more is refused before they come") {
  std::string most = "*65536\r\n";
  for (int i = 0; i < 65'536; ++i) most += ":1\r\n";
  CHECK(refusal(most) == "");
  CHECK(refusal("*65537\r\n").starts_with("what was received is no answer of Redis: "));
  CHECK(refusal("*2\r\n*65537\r\n").starts_with("what was received is no answer of Redis: "));
}

TEST_CASE("a reply of as many bytes as are allowed is waited for, with one more it is refused") {
  const auto refused_after = [](std::string_view bytes) {
    ReplyReader reader(17);
    reader.feed(bytes);
    while (true) {
      const auto next = reader.next();
      if (!next) return next.error();
      if (!*next) return std::string();
    }
  };
  const std::string too_long = "an answer is longer than 17 bytes";
  CHECK(refused_after("$20\r\n012345678901") == "");
  CHECK(refused_after("$20\r\n0123456789012") == too_long);
  // Arrays count with their elements, and each reply by itself.
  CHECK(refused_after("*9\r\n:1\r\n:2\r\n:3\r\n:") == "");
  CHECK(refused_after("*9\r\n:1\r\n:2\r\n:3\r\n:4") == too_long);
  CHECK(refused_after("+012345678\r\n+012345678\r\n$20\r\n012345678901") == "");
  CHECK(refused_after("+012345678\r\n+012345678\r\n$20\r\n0123456789012") == too_long);
}
