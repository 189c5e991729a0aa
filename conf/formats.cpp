#include "conf/formats.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/field_name.hpp"
#include "conf/address.hpp"
#include "conf/path_syntax.hpp"
#include "conf/suggest.hpp"
#include "conf/url.hpp"

namespace postern::conf {
namespace {

using Complaint = std::optional<std::string>;

constexpr std::string_view letters_and_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

bool holds_only(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return letters_and_digits.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos;
  });
}

Complaint judge_text(std::string_view) {
  return std::nullopt;
}

Complaint judge_line(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), is_control)) return "must not hold control characters";
  return std::nullopt;
}

Complaint judge_name(std::string_view text) {
  if (text.size() > 64 || !holds_only(text, "_.-")) return "must be 1 to 64 letters, digits, `_`, `.` or `-`";
  return std::nullopt;
}

Complaint judge_listen_address(std::string_view text) {
  auto address = parse_listen_address(text);
  return address ? Complaint() : std::move(address.error());
}

Complaint judge_admin_address(std::string_view text) {
  if (text == "off") return std::nullopt;
  Complaint complaint = judge_listen_address(text);
  if (complaint) *complaint += ", or `off`";
  return complaint;
}

// `access_log: false` would be a file of that name.
Complaint judge_log_target(std::string_view text) {
  constexpr std::array<std::string_view, 15> meant_otherwise = {"-",       "0",      "1",      "console", "disabled",
                                                                "enabled", "false",  "no",     "none",    "null",
                                                                "on",      "stderr", "syslog", "true",    "yes"};
  if (text == "stdout" || text == "off") return std::nullopt;
  const std::string word = lower(text);
  const bool is_word = std::find(meant_otherwise.begin(), meant_otherwise.end(), word) != meant_otherwise.end();
  if (!is_word && word != "stdout" && word != "off") return std::nullopt;
  return std::string("must be `stdout`, `off`, or a file; one of that name is `./").append(text).append("`");
}

Complaint judge_endpoint(std::string_view text) {
  auto endpoint = parse_endpoint(text);
  return endpoint ? Complaint() : std::move(endpoint.error());
}

Complaint judge_host(std::string_view text) {
  if (is_host(text)) return std::nullopt;
  return "must be a host name or an IP address, without a port; an IPv6 address stands in brackets";
}

Complaint judge_host_pattern(std::string_view text) {
  if (is_host(text)) return std::nullopt;
  if (text.starts_with("*.") && is_host_name(text.substr(2)) && !is_ipv4(text.substr(2))) return std::nullopt;
  return "must be a host name without a port, such as `shop.example.com`, or a wildcard such as `*.example.com`";
}

Complaint judge_authority(std::string_view text) {
  if (is_host(text)) return std::nullopt;
  std::size_t colon = text.rfind(':');
  if (colon != text.npos && is_host(text.substr(0, colon)) && parse_port(text.substr(colon + 1))) return std::nullopt;
  return "must be a host, with or without a port";
}

Complaint judge_header_name(std::string_view text) {
  if (is_token(text)) return std::nullopt;
  return "is not a header name: letters, digits and any of !#$%&'*+-.^_`|~";
}

Complaint judge_header_value(std::string_view text) {
  if (text == redacted) return "is the placeholder of `config print`; put the value here";
  if (std::any_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; })) {
    return "must not hold CR, LF, NUL or other control characters";
  }
  auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  if (!text.empty() && (is_space(text.front()) || is_space(text.back())))
    return "must not begin or end with white space";
  return std::nullopt;
}

Complaint judge_method(std::string_view text) {
  if (text == "CONNECT" || text == "TRACE") return "CONNECT and TRACE are never forwarded";
  if (std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; })) {
    return std::nullopt;
  }
  return "must be a method in upper case, such as GET";
}

Complaint judge_claim(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), is_control)) return "must not hold control characters";
  return std::nullopt;
}

// RFC 6749 section 3.3.
Complaint judge_scope(std::string_view text) {
  auto fits = [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  if (std::all_of(text.begin(), text.end(), fits)) return std::nullopt;
  if (text.find(' ') != text.npos) return "one scope has no spaces; several are written as a list";
  return "must be printable ASCII without quotes and backslashes";
}

Complaint judge_origin(std::string_view text) {
  if (text == "*") return std::nullopt;
  if (text == "null") return "every sandboxed page and local file has the origin `null`: allowing it allows anybody";
  std::size_t colon = text.find("://");
  if (colon == text.npos || colon == 0) return "must be an origin such as `https://app.example.com`, or `*`";
  std::string_view scheme = text.substr(0, colon), rest = text.substr(colon + 3);
  if (std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
    return "must be in lower case, as browsers send it";
  }
  if (!rest.empty() && rest.find('/') != rest.npos) return "must end after host and port, without a path, not even `/`";
  if (!holds_only(scheme, "+.-") || judge_authority(rest))
    return "must be an origin such as `https://app.example.com`, or `*`";
  if ((scheme == "https" && rest.ends_with(":443")) || (scheme == "http" && rest.ends_with(":80"))) {
    return "must be without the scheme's own port, as browsers send it";
  }
  return std::nullopt;
}

Complaint judge_placeholders(std::string_view text) {
  for (std::size_t open; (open = text.find('{')) != text.npos;) {
    std::string_view rest = text.substr(open);
    std::size_t size = rest.starts_with("{path}") ? 6 : rest.starts_with("{query}") ? 7 : 0;
    if (size == 0) return "holds a placeholder other than `{path}` and `{query}`";
    text.remove_prefix(open + size);
  }
  return std::nullopt;
}

Complaint judge_redirect_target(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= 0x20 || c >= 0x7f; })) {
    return "must be printable ASCII without spaces; other characters are percent-encoded";
  }
  if (auto complaint = judge_placeholders(text)) return complaint;
  if (text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\")) return std::nullopt;
  if (text.starts_with("{path}")) return std::nullopt;
  std::size_t slashes = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  if (slashes == 0) return "must be a URL such as `https://shop.example.com{path}`, or a path beginning with one `/`";
  std::string_view authority = text.substr(slashes, text.find_first_of("/?#{", slashes) - slashes);
  if (judge_authority(authority)) return "has no valid host";
  return std::nullopt;
}

Complaint judge_cookie_name(std::string_view text) {
  if (is_token(text)) return std::nullopt;
  return "must be letters, digits and any of !#$%&'*+-.^_`|~";
}

constexpr std::array<std::string_view, 14> algorithm_names = {"RS256", "RS384", "RS512", "PS256", "PS384",
                                                              "PS512", "ES256", "ES384", "ES512", "ES256K",
                                                              "EdDSA", "HS256", "HS384", "HS512"};

Complaint judge_algorithm(std::string_view text) {
  if (std::find(algorithm_names.begin(), algorithm_names.end(), text) != algorithm_names.end()) return std::nullopt;
  if (text.size() == 4 && fold_header_name(text) == "none")
    return "`none` accepts forged tokens and does not exist here";
  return "is not a signature algorithm" + suggestion(text, algorithm_names);
}

Complaint judge_url(std::string_view text) {
  auto url = parse_url(text);
  return url ? Complaint() : std::move(url.error());
}

Complaint judge_proxy(std::string_view text) {
  if (text == "none") return std::nullopt;
  constexpr const char* form = "must be an http:// URL such as `http://proxy.example.com:3128`, or `none`";
  if (text.find("://") == text.npos) return form;
  auto url = parse_url(text);
  if (!url) return std::move(url.error());
  if (url->tls) return std::string(form) + "; TLS to the provider goes through it";
  if (url->target != "/") return "must end after host and port, without a path";
  return std::nullopt;
}

// It becomes a part of an issuer's URL and must not reach into the next one.
Complaint judge_tenant(std::string_view text) {
  auto fits = [](char c) {
    return c > 0x20 && c < 0x7f && std::string_view("/?#{}").find(c) == std::string_view::npos;
  };
  if (text.size() <= 128 && std::all_of(text.begin(), text.end(), fits)) return std::nullopt;
  return "must be 1 to 128 visible ASCII characters without `/`, `?`, `#`, `{` and `}`";
}

constexpr std::array<FormatRow, 25> rows = {{
    {Format::text, "text", "", true, judge_text},
    {Format::line, "text", R"(^[^\u0000-\u001f\u007f]+$)", true, judge_line},
    {Format::name, "a name", "^[A-Za-z0-9_.-]{1,64}$", true, judge_name},
    {Format::listen_address, "an address with a port", R"(^(\[[0-9A-Fa-f:.]+\]|[0-9.]+):[0-9]{1,5}$)", false,
     judge_listen_address},
    {Format::admin_address, "an address with a port, or `off`", R"(^(off|(\[[0-9A-Fa-f:.]+\]|[0-9.]+):[0-9]{1,5})$)",
     false, judge_admin_address},
    {Format::log_target, "`stdout`, a file, or `off`", "", true, judge_log_target},
    {Format::endpoint, "a URL", R"(^https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$)", false,
     judge_endpoint},
    {Format::cidr, "a network", "^[0-9A-Fa-f:.]+/[0-9]{1,3}$", false, judge_cidr},
    {Format::host, "a host", R"(^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)$)", true, judge_host},
    {Format::host_pattern, "a host or a wildcard", R"(^(\[[0-9A-Fa-f:.]+\]|(\*\.)?[A-Za-z0-9._-]+)$)", true,
     judge_host_pattern},
    {Format::authority, "a host, with or without a port", R"(^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$)",
     true, judge_authority},
    {Format::header_name, "a header's name", "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", true, judge_header_name},
    {Format::header_value, "a header's value", R"(^[^\u0000-\u0008\u000a-\u001f\u007f]+$)", true, judge_header_value},
    {Format::method, "a method", "^[A-Z_-]+$", false, judge_method},
    {Format::path, "a path", R"(^/[^?#{}\\\s]*$)", false, judge_path},
    {Format::path_template, "a path with `{name}` segments", R"(^/[^?#\\\s]*$)", false, judge_path_template},
    {Format::claim, "a claim", R"(^[^\u0000-\u001f\u007f]+$)", true, judge_claim},
    {Format::scope, "a scope", R"(^[\x21\x23-\x5b\x5d-\x7e]+$)", true, judge_scope},
    {Format::origin, "an origin", R"(^(\*|[a-z0-9+.-]+://[^/A-Z\s]+)$)", false, judge_origin},
    {Format::redirect_target, "a URL or a path", R"(^(https?://|/|\{path\})[\x21-\x7e]*$)", false,
     judge_redirect_target},
    {Format::cookie_name, "a name", "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", true, judge_cookie_name},
    {Format::algorithm, "an algorithm",
     "^(RS256|RS384|RS512|PS256|PS384|PS512|ES256|ES384|ES512|ES256K|EdDSA|HS256|HS384|HS512)$", false,
     judge_algorithm},
    {Format::url, "a URL", R"(^[Hh][Tt][Tt][Pp][Ss]?://[\x21\x22\x24-\x7e]+$)", false, judge_url},
    {Format::proxy, "an http:// URL or `none`", R"(^(none|[Hh][Tt][Tt][Pp]://[\x21\x22\x24-\x7e]+)$)", false,
     judge_proxy},
    {Format::tenant, "a tenant's name", R"(^[\x21\x22\x24-\x2e\x30-\x3e\x40-\x7a\x7c\x7e]{1,128}$)", true,
     judge_tenant},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].format != static_cast<Format>(i)) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

const FormatRow& row_of(Format format) {
  return rows[static_cast<std::size_t>(format)];
}

std::optional<std::string> judge(Format format, std::string_view text) {
  if (text.empty() && format != Format::text) return "must not be empty";
  return row_of(format).judge(text);
}

bool is_token(std::string_view text) {
  return !text.empty() && holds_only(text, "!#$%&'*+-.^_`|~");
}

std::string fold_header_name(std::string_view name) {
  std::string folded(name);
  std::transform(folded.begin(), folded.end(), folded.begin(), fold_name);
  return folded;
}

bool is_sensitive_header(std::string_view name) {
  constexpr std::array<std::string_view, 6> parts = {"authorization", "cookie",   "token",
                                                     "secret",        "password", "api-key"};
  std::string folded = fold_header_name(name);
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return folded.find(part) != folded.npos; });
}

}  // namespace postern::conf
