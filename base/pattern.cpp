#include "base/pattern.hpp"

#include <re2/re2.h>

namespace postern {

tl::expected<Pattern, std::string> Pattern::compile(const std::string& text) {
  RE2::Options options;
  options.set_log_errors(false);
  auto regex = std::make_shared<const RE2>(text, options);
  if (!regex->ok()) return tl::unexpected(regex->error());
  return Pattern(std::move(regex));
}

bool Pattern::matches(std::string_view subject) const {
  return RE2::FullMatch(re2::StringPiece(subject.data(), subject.size()), *regex_);
}

const std::string& Pattern::text() const {
  return regex_->pattern();
}

}  // namespace postern
