#include "conf/tree.hpp"

#include <doctest/doctest.h>

using namespace postern::conf;

namespace {

Node parsed(std::string_view text) {
  ParsedTree tree = parse_tree(text);
  CHECK(tree.errors.empty());
  return tree.root.value_or(Node());
}

std::string first_error(std::string_view text, const TreeLimits& limits = {}) {
  ParsedTree tree = parse_tree(text, limits);
  if (tree.errors.empty()) return "accepted";
  const TreeError& error = tree.errors.front();
  return std::to_string(error.mark.line) + ":" + std::to_string(error.mark.column) + ": " + error.path + ": " +
         error.message;
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("a document becomes maps, lists and scalars with their places") {
  Node root = parsed("a: 1\nb:\n  - x\n  - 'y'\n");
  REQUIRE(root.is_map());
  CHECK(root.find("a")->text == "1");
  CHECK(root.find("a")->mark == Mark{1, 4});
  const Node* list = root.find("b");
  REQUIRE(list->items.size() == 2);
  CHECK(list->items[1].mark == Mark{4, 5});
  CHECK_FALSE(list->items[0].quoted);
  CHECK(list->items[1].quoted);
  CHECK(root.find("c") == nullptr);
}

TEST_CASE("a value left out has the place of its key") {
  CHECK(parsed("a:\n\n\nb: 1\n").find("a")->mark == Mark{1, 1});
  CHECK(parsed("a: 1\nb:\n").find("b")->is_null());
  CHECK(parsed("a: ~\n").find("a")->is_null());
}

TEST_CASE("quotes and block scalars make text, a !!str tag too") {
  CHECK(parsed("a: \"5\"").find("a")->quoted);
  CHECK(parsed("a: |\n  5\n").find("a")->quoted);
  CHECK(parsed("a: !!str 5").find("a")->quoted);
  CHECK_FALSE(parsed("a: 5").find("a")->quoted);
  CHECK(parsed("a: \"\"").find("a")->is_scalar());
}

TEST_CASE("an empty document is a null") {
  CHECK(parsed("").is_null());
  CHECK(parsed("# nothing\n").is_null());
}

TEST_CASE("a duplicate key is refused at its second place, on every level") {
  CHECK(first_error("a: 1\na: 2\n") == "2:1: a: is given twice; the first is at line 1");
  CHECK(first_error("x:\n  - a: 1\n    b: 2\n    'a': 3\n") == "4:5: x[0].a: is given twice; the first is at line 2");
}

TEST_CASE("parsing goes on after duplicate keys, so that all are told") {
  ParsedTree tree = parse_tree("a: 1\na: 2\nb: {c: 1, c: 2}\n");
  CHECK(tree.errors.size() == 2);
  REQUIRE(tree.root);
  CHECK(tree.root->find("a")->text == "1");
}

TEST_CASE("a merge key is refused, a quoted one is a name like any other") {
  CHECK(first_error("a: &x {b: 1}\nc:\n  <<: *x\n").starts_with("3:3: c[\"<<\"]: merge keys"));
  CHECK(first_error("'<<': 1") == "accepted");
}

TEST_CASE("a second document is refused") {
  CHECK(first_error("a: 1\n---\nb: 2\n") == "3:1: : a second document begins here; the file holds exactly one");
  CHECK(first_error("---\na: 1\n...\n") == "accepted");
}

TEST_CASE("keys that are no words are refused") {
  CHECK(first_error("[a]: 1") == "1:1: : a key must be a plain word");
  CHECK(first_error("? {a: 1}\n: 1\n") == "1:3: : a key must be a plain word");
  CHECK(first_error("~: 1") == "1:1: : a key must be a plain word");
}

TEST_CASE("tags are refused") {
  CHECK(first_error("a: !!int 5") == "1:4: a: tags are not supported");
  CHECK(first_error("a: !thing {b: 1}") == "1:4: a: tags are not supported");
}

TEST_CASE("syntax errors tell their place") {
  CHECK(first_error("a: [1, 2\nb: 3\n").starts_with("2:"));
  CHECK(first_error("a: b: c\n") == "1:5: : illegal map value; a text with `: ` in it needs quotes");
  CHECK(first_error("a:\n\t- b\n").starts_with("2:2: a: illegal block entry; indentation is made of spaces"));
  CHECK(first_error("a: *b\n") == "1:4: a: the referenced anchor is not defined");
}

TEST_CASE("a quoted text that the end of the file cuts off is refused") {
  for (std::string text :
       {"a: \"x\n", "a: 'x\n", "a: \"x", "a: 'it''s\n", "a: \"x\\\"\n", "\xc3\xa9: 'x\n", "a: 'b'\nc: \"d\n  e\n"}) {
    CAPTURE(text);
    CHECK(first_error(text) != "accepted");
  }
  for (std::string text : {"a: \"x\"", "a: 'it''s'", "a: \"\\\\\"\n", "\xc3\xa9: 'x' # it's\n", "a: |\n  it's\n",
                           "a: \"x\n  y\"\n", "a: ''"}) {
    CAPTURE(text);
    CHECK(first_error(text) == "accepted");
  }
}

TEST_CASE("text that is not UTF-8, or holds NUL, is refused") {
  CHECK(first_error("a: \xff\n") == "1:1: : is not UTF-8 text");
  CHECK(first_error(std::string("a: b\0c", 6)) == "1:1: : is not UTF-8 text");
  CHECK(first_error("a: \xc3\xa9\n") == "accepted");
}

TEST_CASE("aliases repeat a value, places within stay those of the anchor") {
  Node root = parsed("a: &x {b: 1}\nc: *x\n");
  CHECK(root.find("c")->find("b")->text == "1");
  CHECK(root.find("c")->mark == Mark{2, 4});
}

TEST_CASE("an alias inside its own value is refused") {
  CHECK(first_error("a: &x [*x]") == "1:8: a[0]: an alias cannot stand inside the value that it names");
}

TEST_CASE("an alias bomb is refused before it is made") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string name = std::string("a").append(std::to_string(i));
    const std::string before = std::string("*a").append(std::to_string(i - 1));
    bomb += name + ": &" + name + " [" + before;
    for (int j = 1; j < 10; ++j) bomb += ", " + before;
    bomb += "]\n";
  }
  CHECK(first_error(bomb).find("aliases make more than 100000 values") != std::string::npos);
}

TEST_CASE("the limit of copied values holds at N and N+1") {
  std::string text = "a: &x [1, 2]\nb: *x\n";  // the alias makes a list and two items
  CHECK(first_error(text, {.copied_nodes = 3}) == "accepted");
  CHECK(first_error(text, {.copied_nodes = 2}) == "2:4: b: aliases make more than 2 values");
}

TEST_CASE("the limit of values holds at N and N+1") {
  std::string text = "[1, 2, 3]";
  CHECK(first_error(text, {.nodes = 4}) == "accepted");
  CHECK(first_error(text, {.nodes = 3}) == "1:1: : holds more than 3 values");
}

TEST_CASE("the limit of depth holds at N and N+1, also through an alias") {
  CHECK(first_error(nested(64)) == "accepted");
  CHECK(first_error(nested(65)).find("is nested deeper than 64 levels") != std::string::npos);
  CHECK(first_error(nested(10'000)).find("deep") != std::string::npos);
  CHECK(first_error("a: &x [[1]]\nb: [*x]", {.depth = 4}) == "accepted");
  CHECK(first_error("a: &x [[1]]\nb: [[*x]]", {.depth = 4}).find("is nested deeper than 4 levels") !=
        std::string::npos);
}

TEST_CASE("the limit of bytes holds at N and N+1") {
  CHECK(first_error("abcd", {.bytes = 4}) == "accepted");
  CHECK(first_error("abcd", {.bytes = 3}) == "1:1: : is longer than 3 bytes");
}

TEST_CASE("paths quote keys that are no bare words") {
  CHECK(member_path("", "a") == "a");
  CHECK(member_path("a", "b-c_1") == "a.b-c_1");
  CHECK(member_path("a", "b.c") == "a[\"b.c\"]");
  CHECK(member_path("a", "") == "a[\"\"]");
  CHECK(item_path("a", 2) == "a[2]");
}

TEST_CASE("a written tree is read back as it was") {
  auto text = [](std::string value) { return Node::quoted_text(std::move(value)); };
  Node list = Node::list({text("true"), text("5"), Node::scalar("5"), text(" a"), text("a: b"), text("# c"),
                          text("\"\\\n\t\x01"), text("null"), text(""), text("- x"), text("\xc3\xa9"), Node::list({}),
                          Node::map({})});
  Node nested_list = Node::list({Node::map({{text("k"), text("v")}, {text("off"), Node::list({text("w")})}})});
  Node root = Node::map({{text("plain"), text("word")}, {text("list"), list}, {text("nested"), nested_list}});
  std::string written = write_tree(root);
  Node back = parsed(written);
  CHECK(write_tree(back.find("nested") ? *back.find("nested") : Node()) == "- k: v\n  \"off\":\n    - w\n");
  const Node* items = back.find("list");
  REQUIRE(items);
  REQUIRE(items->items.size() == list.items.size());
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    CHECK(items->items[i].kind == list.items[i].kind);
    CHECK(items->items[i].text == list.items[i].text);
  }
  CHECK(items->items[0].quoted);
  CHECK(items->items[1].quoted);
  CHECK_FALSE(items->items[2].quoted);
  CHECK(items->items[7].quoted);
}
