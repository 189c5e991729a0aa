// The forms that a text of the configuration can be asked to have: one row each, for the loader, the schema and the
// reference alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::conf {

// What `config print` writes instead of a secret; refused where a secret is read.
inline constexpr std::string_view redacted = "<redacted>";

enum class Format : std::uint8_t {
  text,
  line,
  name,
  listen_address,
  admin_address,
  log_target,
  endpoint,
  cidr,
  host,
  host_pattern,
  authority,
  header_name,
  header_value,
  method,
  path,
  path_template,
  claim,
  scope,
  origin,
  redirect_target,
  cookie_name,
  algorithm,
  url,
  proxy,
  tenant,
};

struct FormatRow {
  Format format;
  std::string_view title;    // for the reference: "a header's name"
  std::string_view pattern;  // for the schema, ECMA-262; accepts everything that `judge` accepts
  bool like_number;          // a valid text may look like a number or boolean to a YAML reader
  std::optional<std::string> (*judge)(std::string_view text);  // what is wrong; never repeats the text
};

const FormatRow& row_of(Format format);

// What is wrong with `text`, or nothing.
std::optional<std::string> judge(Format format, std::string_view text);

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text);

// A header whose value is a credential by its name: Authorization, Cookie, and names with `token`, `secret`, `password`
// or `api-key` in them.
bool is_sensitive_header(std::string_view name);

// A header's name as upstreams may take it, each byte by fold_name(): `x-user-id` for `X_User.Id`.
std::string fold_header_name(std::string_view name);

}  // namespace postern::conf
