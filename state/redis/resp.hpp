// RESP2, the protocol of Redis, by hiredis' parser and formatter: bytes in and out, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

struct redisReader;

namespace postern::state::redis {

struct Reply {
  enum class Type : std::uint8_t { nil, integer, text, error, list };
  Type type = Type::nil;
  std::int64_t integer = 0;
  std::string text;  // of `error`, too; a status (`+OK`) is a text
  std::vector<Reply> list;
  bool operator==(const Reply&) const = default;
};

using Words = std::vector<std::string>;

// One command as Redis reads it: an array of bulk strings, which may hold any bytes.
std::string format_command(const Words& words);

class ReplyReader {
 public:
  static constexpr std::size_t max_elements = 65'536;  // of one array

  // `max_bytes`: what one reply may take on the wire.
  explicit ReplyReader(std::size_t max_bytes = std::size_t{64} << 20U);

  void feed(std::string_view bytes);
  // The next reply that is complete, or nothing. The error is a sentence: what was fed is no RESP2, or exceeds a limit;
  // the connection is of no use then.
  tl::expected<std::optional<Reply>, std::string> next();

 private:
  struct Free {
    void operator()(redisReader* reader) const noexcept;
  };
  std::unique_ptr<redisReader, Free> reader_;
  const std::size_t max_bytes_;
  std::size_t fed_ = 0;  // since the last reply
};

}  // namespace postern::state::redis
