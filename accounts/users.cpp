#include "accounts/users.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "conf/constraints.hpp"
#include "conf/loader.hpp"
#include "conf/tree_json.hpp"

namespace postern::accounts {
namespace {

// The file's own shape, for the configuration's loader.
struct UserRecord {
  std::string password;
  Json claims{Json::Object{}};
  bool disabled = false;
  Json changed{Json::Number{"0"}};
};

struct FileRecord {
  std::map<std::string, UserRecord> users;
};

template <class Visitor>
void describe(Visitor& v, UserRecord& user) {
  v.field("password", user.password, {.required = true});
  v.field("claims", user.claims, {});
  v.field("disabled", user.disabled, {});
  v.field("changed", user.changed, {});
}

template <class Visitor>
void describe(Visitor& v, FileRecord& file) {
  v.field("users", file.users, {.key_format = conf::Format::text});
}

// What is wrong with a user's claims, or nothing.
std::optional<std::string> judge_claims(const Json& claims) {
  if (claims.object() == nullptr) return "expected a map";
  const Json* const subject = claims.find("sub");
  if (subject != nullptr && (subject->string() == nullptr || subject->string()->empty())) {
    return "`sub` must be a text that is not empty";
  }
  if (const auto json = parse_json(claims.to_text(), {.bytes = most_claims_bytes}); !json) {
    return "must be at most " + std::to_string(most_claims_bytes) + " bytes as JSON, and not nested deep";
  }
  return std::nullopt;
}

// The user of a record; tells what is wrong with it.
std::optional<User> make_user(UserRecord& record, const std::string& path, conf::Problems& problems) {
  const auto judge = [&](std::string_view member, std::optional<std::string> complaint) {
    const std::string at = conf::member_path(path, member);
    if (complaint && !problems.is_settled(at)) problems.add(at, std::move(*complaint));
  };
  auto hash = PasswordHash::parse(std::move(record.password));
  judge("password", hash ? std::nullopt : std::optional(hash.error()));
  judge("claims", judge_claims(record.claims));
  const auto changed = record.changed.as_double();
  judge("changed", changed && *changed >= 0 ? std::nullopt : std::optional<std::string>("expected Unix seconds"));
  if (problems.any()) return std::nullopt;
  return User{std::move(*hash), std::move(record.claims), record.disabled, *changed};
}

// The cost of most users; the usual one where there are none.
HashCost most_frequent_cost(const Users& users) {
  std::map<HashCost, std::size_t> counts;
  for (const auto& [name, user] : users.by_name) ++counts[user.password.cost()];
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& one, const auto& other) { return one.second < other.second; });
  return most == counts.end() ? HashCost{} : most->first;
}

Users make_users(FileRecord& file, conf::Problems& problems) {
  Users users;
  for (auto& [name, record] : file.users) {
    const std::string path = conf::member_path("users", name);
    if (auto complaint = judge_name(name)) problems.add(path, std::move(*complaint));
    if (auto user = make_user(record, path, problems)) users.by_name.emplace(name, std::move(*user));
  }
  users.usual_cost = most_frequent_cost(users);
  return users;
}

// A hash without quotes in braces falls apart at its commas; what follows the last is taken for an unknown key.
conf::Problem without_hash(conf::Problem problem) {
  if (const auto at = problem.path.find('$'); at != problem.path.npos)
    problem.path.replace(at, problem.path.npos, "...");
  return problem;
}

// Without an exponent, and parsed back to the same number.
std::string format_seconds(double seconds) {
  std::array<char, 400> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed).ptr;
  return {text.data(), end};
}

conf::Node to_tree(const User& user) {
  using conf::Node;
  Node node = Node::map({});
  const auto add = [&node](const char* key, Node value) {
    node.members.push_back({Node::scalar(key), std::move(value)});
  };
  add("password", Node::quoted_text(user.password.text()));
  if (user.claims != Json(Json::Object{})) add("claims", conf::to_tree(user.claims));
  if (user.disabled) add("disabled", Node::scalar("true"));
  if (user.changed > 0) add("changed", Node::scalar(format_seconds(user.changed)));
  return node;
}

}  // namespace

std::optional<std::string> judge_name(std::string_view name) {
  if (!name.empty() && name.size() <= most_name_bytes && is_utf8(name) &&
      std::none_of(name.begin(), name.end(), is_control)) {
    return std::nullopt;
  }
  return "a user's name must be 1 to " + std::to_string(most_name_bytes) + " bytes of UTF-8 without control characters";
}

tl::expected<Users, std::string> parse_users(std::string_view yaml, const std::string& file) {
  conf::Problems problems;
  problems.places().set("", file + ":1:1");
  conf::ParsedTree parsed = conf::parse_tree(yaml);
  conf::tell(parsed.errors, file, problems);
  Users users;
  if (parsed.root) {
    FileRecord record;
    conf::Loader(file, problems).read(*parsed.root, record, {});
    conf::Constraints(problems).judge_value(record, {}, "");
    users = make_users(record, problems);
  }
  if (!problems.any()) return users;
  problems.sort();
  std::string text;
  for (const conf::Problem& problem : problems.errors()) {
    text += (text.empty() ? "" : "\n") + without_hash(problem).to_text();
  }
  return tl::unexpected(std::move(text));
}

std::string format_users(const Users& users) {
  using conf::Node;
  Node by_name = Node::map({});
  for (const auto& [name, user] : users.by_name) {
    by_name.members.push_back({Node::quoted_text(name), to_tree(user)});
  }
  return "# Written by `postern users`, which keeps no other comment.\n" +
         conf::write_tree(Node::map({{Node::scalar("users"), std::move(by_name)}}));
}

}  // namespace postern::accounts
