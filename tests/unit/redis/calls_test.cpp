#include "state/redis/calls.hpp"

#include <doctest/doctest.h>

#include "tests/unit/redis/replies.hpp"

using namespace postern;
using namespace postern::state;
using namespace postern::state::redis;

namespace {

Reply texts(const std::vector<std::string>& words) {
  std::vector<Reply> items;
  for (const std::string& word : words) items.push_back(text(word));
  return list(std::move(items));
}

const std::vector<std::string> family_words{"https://id.example", "ann", "app", "{}", "read", "1000", "5000", "1"};

Reply entry(const std::string& id, const std::string& kind, const std::string& before, const std::string& until) {
  return list({text(id),
               texts({"kind", kind, "issuer", "https://id.example", "value", "v", "before", before, "until", until})});
}

template <class T>
bool is_damaged(const Read<T>& read) {
  return !read && read.error().kind == StoreError::Kind::damaged;
}

}  // namespace

TEST_CASE("a call names its script and one key, the hash tag of all of them") {
  const Words words = script_command(Script::sweep, "postern", {"a", "b"});
  CHECK(words == Words{"EVALSHA", name_of(Script::sweep), "1", "{postern}", "a", "b"});
}

TEST_CASE("a rotation's answer is read, with the successor of a token within its grace") {
  const auto current = read_rotated(list({text("current"), texts(family_words), text("1600")}), "s");
  REQUIRE(current);
  CHECK(current->presented == Presented::current);
  CHECK(current->expires == 1600);
  CHECK(*current->family == Family{"s", "https://id.example", "ann", "app", "{}", "read", 1000, 5000, true});
  const auto replayed = read_rotated(
      list({text("within_grace"), texts(family_words), text("1600"), text("1110"), text(std::string("\0x", 2))}), "s");
  REQUIRE(replayed);
  CHECK(replayed->existing == SealedSuccessor{std::string("\0x", 2), 1110});
  const auto refused = read_rotated(list({text("too_often"), texts(family_words), text("0"), text("86400000")}), "s");
  REQUIRE(refused);
  CHECK(refused->presented == Presented::too_often);
  CHECK(refused->wait == 86'400'000);
  const auto unknown = read_rotated(list({text("unknown"), {}, text("0")}), "s");
  REQUIRE(unknown);
  CHECK(unknown->family == std::nullopt);
}

TEST_CASE("answers without sense are damage") {
  std::vector<std::string> words = family_words;
  words.pop_back();
  CHECK(is_damaged(read_rotated(list({text("current"), texts(words), text("1")}), "s")));
  words.push_back("x");
  CHECK(is_damaged(read_rotated(list({text("current"), texts(words), text("1")}), "s")));
  CHECK(is_damaged(read_rotated(list({text("other"), texts(family_words), text("1")}), "s")));
  CHECK(is_damaged(read_rotated(list({text("current"), texts(family_words)}), "s")));
  CHECK(is_damaged(read_rotated(list({text("within_grace"), texts(family_words), text("1")}), "s")));
  CHECK(is_damaged(read_rotated(list({text("too_often"), texts(family_words), text("0")}), "s")));
  CHECK(is_damaged(read_rotated(text("current"), "s")));
  CHECK(is_damaged(read_found(list({text("current"), texts(family_words), text("-1")}), "s")));
  CHECK(is_damaged(read_number(text("1.7e+12"))));
  CHECK(is_damaged(read_number(text(""))));
  CHECK(is_damaged(read_number({})));
  CHECK(is_damaged(read_begun(text("soon"))));
  CHECK(is_damaged(read_signing_keys(list({text("1"), list({texts({"kid", "ES256", "pem", "1", "2", "3"})})}))));
}

TEST_CASE("signing keys are given by when they begin to sign") {
  const auto set =
      read_signing_keys(list({text("2"), list({texts({"b", "ES256", "pem", "10", "200", "300", "350"}),
                                               texts({"a", "ES256", "pem", "10", "100", "200", "400"})})}));
  REQUIRE(set);
  CHECK(set->version == 2);
  REQUIRE(set->keys.size() == 2);
  CHECK(set->keys[0].kid == "a");
  CHECK(set->keys[1].signs_until == 300);
}

TEST_CASE("entries of the feed are revocations with their numbers") {
  const auto entries =
      read_entries(list({entry("7-0", "sub", "900", "9000"), entry("9-0", "kid", "", "1700000000123")}));
  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK((*entries)[0].sequence == 7);
  CHECK((*entries)[0].revocation == Revocation{Revocation::Kind::sub, "https://id.example", "v", 900, 9000});
  CHECK((*entries)[1].sequence == 9);
  CHECK((*entries)[1].revocation ==
        Revocation{Revocation::Kind::kid, "https://id.example", "v", {}, 1'700'000'000'123});
  CHECK(read_entries(list({}))->empty());
  CHECK(read_new_entries({})->empty());
  CHECK(read_new_entries(list({list({text("{postern}:feed"), list({entry("1-0", "jti", "", "1")})})}))->size() == 1);
}

TEST_CASE("one entry without sense damages the answer: nobody knows what it revoked") {
  for (const Reply& bad :
       {entry("7", "sub", "", "1"), entry("7-1", "sub", "", "1"), entry("x-0", "sub", "", "1"),
        entry("7-0", "all", "", "1"), entry("7-0", "sub", "x", "1"), entry("7-0", "sub", "", ""), list({text("7-0")}),
        list({text("7-0"), texts({"issuer", "i", "kind", "sub"})}), text("7-0")}) {
    CHECK(is_damaged(read_entries(list({entry("6-0", "sid", "", "1"), bad}))));
  }
  CHECK(is_damaged(read_entries({})));
  CHECK(is_damaged(read_new_entries(list({}))));
}

TEST_CASE("a store that was never written to has revoked nothing, and may be without a generation") {
  const auto state_of = [](Reply generation, Reply latest) {
    return read_feed_state(list({std::move(generation), std::move(latest)}));
  };
  CHECK(state_of({}, {})->latest == 0U);
  CHECK(state_of({}, {})->generation.empty());
  CHECK(state_of(text("g"), text("12"))->latest == 12U);
  CHECK(state_of(text("g"), text("12"))->generation == "g");
  CHECK(is_damaged(state_of(text("g"), text("x"))));
  CHECK(is_damaged(state_of(list({}), text("12"))));
  CHECK(is_damaged(read_feed_state(list({text("g")}))));
}
