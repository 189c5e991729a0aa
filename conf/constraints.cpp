#include "conf/constraints.hpp"

#include <algorithm>

#include "conf/scalars.hpp"

namespace postern::conf {
namespace {

std::string quoted(std::string_view text) {
  return std::string("`").append(text).append("`");
}

std::string joined(std::span<const std::string_view> keys, std::string_view last) {
  std::string out;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i > 0) out.append(i + 1 == keys.size() ? last : ", ");
    out += quoted(keys[i]);
  }
  return out;
}

template <class Format>
std::optional<std::string> judge_range(std::uint64_t value, const Spec& spec, Format format) {
  if (value == 0 && !spec.zero_word.empty()) return std::nullopt;
  if (value < spec.min) return "must be at least " + format(spec.min);
  if (value > spec.max) return "must be at most " + format(spec.max);
  return std::nullopt;
}

// What templates and shells leave where they filled nothing in: `$NAME`, `${NAME}`, `{{ name }}`. Everybody knows it.
bool is_placeholder(std::string_view secret) {
  if (secret.find("{{") != secret.npos) return true;
  const std::size_t open = secret.find("${");
  if (open != secret.npos && secret.find('}', open) != secret.npos) return true;
  constexpr std::string_view name_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  return secret.size() > 1 && secret.front() == '$' && secret.find_first_not_of(name_characters, 1) == secret.npos;
}

}  // namespace

bool is_given(const ClaimName& value) {
  const auto* text = std::get_if<std::string>(&value.path);
  return text ? !text->empty() : !std::get<1>(value.path).empty();
}

void Constraints::judge_value(std::uint32_t& value, const Spec& spec, const std::string& path) {
  if (problems_.is_settled(path)) return;
  if (!spec.numbers.empty() && std::find(spec.numbers.begin(), spec.numbers.end(), value) == spec.numbers.end()) {
    std::string known;
    for (std::uint32_t number : spec.numbers) known += (known.empty() ? "" : ", ") + std::to_string(number);
    return problems_.add(path, "must be one of " + known);
  }
  auto complaint = judge_range(value, spec, [](std::uint64_t bound) { return std::to_string(bound); });
  if (complaint) problems_.add(path, std::move(*complaint));
}

void Constraints::judge_value(Duration& value, const Spec& spec, const std::string& path) {
  if (problems_.is_settled(path)) return;
  auto format = [](std::uint64_t bound) {
    return quoted(format_duration(Duration(static_cast<Duration::rep>(bound))));
  };
  auto complaint = judge_range(static_cast<std::uint64_t>(value.count()), spec, format);
  if (complaint) problems_.add(path, std::move(*complaint));
}

void Constraints::judge_value(Bytes& value, const Spec& spec, const std::string& path) {
  if (problems_.is_settled(path)) return;
  auto complaint =
      judge_range(value.count, spec, [](std::uint64_t bound) { return quoted(format_bytes(Bytes{bound})); });
  if (complaint) problems_.add(path, std::move(*complaint));
}

void Constraints::judge_value(std::string& value, const Spec& spec, const std::string& path) {
  if (problems_.is_settled(path)) return;
  if (!spec.words.empty()) {
    bool known = std::find(spec.words.begin(), spec.words.end(), value) != spec.words.end();
    if (!known) problems_.add(path, "must be " + joined(spec.words, " or "));
  } else if (auto complaint = judge(spec.format, value)) {
    problems_.add(path, std::move(*complaint));
  }
}

void Constraints::judge_value(FilePath& value, const Spec&, const std::string& path) {
  if (value.empty() || problems_.is_settled(path)) return;
  if (auto complaint = judge(Format::line, value.written)) problems_.add(path, std::move(*complaint));
}

void Constraints::judge_value(Secret& value, const Spec&, const std::string& path) {
  if (value.reveal() == redacted) {
    problems_.add(path, "is the placeholder of `config print`; put the secret here");
  } else if (is_placeholder(value.reveal())) {
    problems_.add(path, "is a placeholder that nothing was put in for; an environment variable is written `${NAME}`");
  }
}

void Constraints::judge_value(ClaimName& value, const Spec& spec, const std::string& path) {
  if (problems_.is_settled(path)) return;
  if (auto* text = std::get_if<std::string>(&value.path)) {
    if (!text->empty()) judge_value(*text, spec, path);
    return;
  }
  judge_value(std::get<1>(value.path), spec, path);
}

void Constraints::judge_value(AnyOr& value, const Spec& spec, const std::string& path) {
  if (problems_.is_settled(path)) return;
  if (value.names.size() == 1 && problems_.places().has(path) && !problems_.places().has(item_path(path, 0))) {
    return judge_value(value.names[0], spec, path);
  }
  judge_value(value.names, Spec{.format = spec.format, .unique = true}, path);
}

void RecordConstraints::require(const std::string& path) {
  if (!constraints_.problems().is_settled(path)) constraints_.problems().add(path, "is required");
}

bool RecordConstraints::is_given_key(std::string_view key) const {
  return std::find(given_.begin(), given_.end(), std::pair(key, true)) != given_.end();
}

std::optional<std::vector<std::string_view>> RecordConstraints::given_of(Keys keys) const {
  std::vector<std::string_view> given;
  for (std::string_view key : keys) {
    if (constraints_.problems().is_settled(member_path(path_, key)) && !is_given_key(key)) return std::nullopt;
    if (is_given_key(key)) given.push_back(key);
  }
  return given;
}

void RecordConstraints::exactly_one(Keys keys, std::string_view why) {
  at_least_one(keys, why);
  at_most_one(keys, {});
}

void RecordConstraints::at_least_one(Keys keys, std::string_view why) {
  auto given = given_of(keys);
  if (!given || !given->empty()) return;
  constraints_.problems().add(path_, "needs " + joined(std::vector(keys), " or ").append(": ").append(why));
}

void RecordConstraints::at_most_one(Keys keys, std::string_view why) {
  auto given = given_of(keys);
  if (!given || given->size() < 2) return;
  std::string message = "cannot stand beside " + joined(std::span(*given).first(given->size() - 1), " and ");
  if (!why.empty()) message.append(": ").append(why);
  constraints_.problems().add(member_path(path_, given->back()), std::move(message));
}

void RecordConstraints::needs(std::string_view key, std::string_view other) {
  if (!is_given_key(key) || is_given_key(other)) return;
  if (constraints_.problems().is_settled(member_path(path_, other))) return;
  constraints_.problems().add(member_path(path_, key), "needs " + quoted(other));
}

}  // namespace postern::conf
