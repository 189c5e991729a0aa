// The parameters of a request's body: application/x-www-form-urlencoded, or a JSON object of texts. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/reason.hpp"
#include "base/secret.hpp"

namespace postern::token_service {

class Parameters {
 public:
  enum class Accepts : std::uint8_t { form, form_or_json };  // OAuth's endpoints want forms (RFC 6749 section 3.2)

  static constexpr std::size_t most = 32;

  // Refuses request_malformed: a body of another or no Content-Type, or of a charset that is not UTF-8; a parameter
  // twice (RFC 6749 section 3.2), also where one of the two has no value; more than `most`; a broken percent-encoding;
  // text that is no UTF-8 or holds control characters other than tab (RFC 6749 appendix A allows none); JSON that is
  // not an object of strings, booleans (`true` is the text "true") and nulls. An empty body has no parameters and needs
  // no Content-Type. The size of the body is the caller's to limit. No detail holds anything of the body.
  static tl::expected<Parameters, Refusal> parse(std::string_view content_type, std::string_view body, Accepts accepts);

  // A parameter without a value, or null in JSON, counts as left out (RFC 6749 section 3.1).
  bool has(std::string_view name) const { return !text(name).empty(); }
  std::string_view text(std::string_view name) const;  // empty: left out. The view lives as long as this object.
  Secret secret(std::string_view name) const;

 private:
  tl::expected<void, Refusal> add(std::string name, Secret value);
  tl::expected<void, Refusal> add_form(std::string_view body);
  tl::expected<void, Refusal> add_json(std::string_view body);

  std::map<std::string, Secret, std::less<>> values_;
};

}  // namespace postern::token_service
