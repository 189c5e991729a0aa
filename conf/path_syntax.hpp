// Paths of routes. They are compared with the request's canonical path, so only canonical ones can ever match.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::conf {

// Nothing when `text` is a canonical path: begins with `/`; no empty segment but the last, no `.` or `..` segment; no
// query or fragment; RFC 3986 path characters, everything else percent-encoded as UTF-8 with upper-case digits, and
// nothing encoded that needs no encoding; no segment that begins or ends with `*`, which people take for a wildcard.
// Else what is wrong.
std::optional<std::string> judge_path(std::string_view text);

// The same with `{name}` for whole segments, each name once, and no segment that begins with `:`.
std::optional<std::string> judge_path_template(std::string_view text);

// The names of a template's segments, in order.
std::vector<std::string_view> template_names(std::string_view text);

// The literal segments before the first `{name}`: `/users` of `/users/{id}/orders`.
std::string_view literal_prefix(std::string_view path_template);

// The first escape in a canonical path of what may stand there as it is: `%3A`, `%40`. Not of `;`, which begins parameters, nor
// of `*`, which is taken for a wildcard. Empty when there is none.
std::string_view encoded_delimiter(std::string_view path);

// True when `prefix` is `path` or ends at one of its segment borders.
bool is_segment_prefix(std::string_view prefix, std::string_view path);

}  // namespace postern::conf
