// A regular expression that takes time linear in its subject (RE2), so that a claim or an origin cannot stall a worker.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace re2 {
class RE2;
}

namespace postern {

class Pattern {
 public:
  // RE2 syntax; the error is RE2's own sentence.
  static tl::expected<Pattern, std::string> compile(const std::string& text);

  // True when the whole subject matches; a pattern never matches a part.
  bool matches(std::string_view subject) const;
  const std::string& text() const;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> regex) : regex_(std::move(regex)) {}

  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace postern
