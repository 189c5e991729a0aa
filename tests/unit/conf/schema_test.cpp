// The schema and the reference: written from the field table, committed, and in agreement with the loader. What a
// second validator makes of the schema and the same cases is for tests/schema_check.py.
#include <filesystem>

#include "base/json.hpp"
#include "conf/outline.hpp"
#include "sample.hpp"

using namespace postern;
using namespace postern::conf;

namespace {

const std::filesystem::path root = POSTERN_SOURCE_DIR;

std::string content(const std::filesystem::path& path) {
  return read_file(path.string()).value_or("(missing)");
}

Json at(const Json& json, std::initializer_list<std::string_view> names) {
  const Json* value = &json;
  for (std::string_view name : names) {
    value = value->find(name);
    REQUIRE(value);
  }
  return *value;
}

std::vector<std::filesystem::path> files_in(const char* folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(root / folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  CHECK_FALSE(files.empty());
  return files;
}

Lines errors_in(const std::filesystem::path& file) {
  Environment environment = environment_of({{"JWT_SECRET", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="},
                                            {"INTERNAL_JWT_SECRET", "01234567890123456789012345678901"},
                                            {"REDIS_PASSWORD", "a password"},
                                            {"BILLING_SECRET", "01234567890123456789012345678901"},
                                            {"PORT", "8080"},
                                            {"NUMBER", "3"}});
  return lines_of(load_file(file.string(), environment).problems);
}

}  // namespace

TEST_CASE("the committed schema is the one that `config schema` prints") {
  const bool is_current = content(root / "conf/postern.schema.json") == json_schema();
  CHECK_MESSAGE(is_current, "run: postern config schema > conf/postern.schema.json");
}

TEST_CASE("the committed reference is the one that `config reference` prints") {
  const bool is_current = content(root / "docs/configuration.md") == reference_markdown();
  CHECK_MESSAGE(is_current, "run: postern config reference > docs/configuration.md");
}

TEST_CASE("the schema says what the field table says") {
  auto schema = parse_json(json_schema());
  REQUIRE(schema);
  CHECK(*at(*schema, {"$schema"}).string() == "https://json-schema.org/draft/2020-12/schema");
  CHECK(at(*schema, {"$defs", "provider", "required"}).to_text() == R"(["issuer","audiences"])");
  CHECK(at(*schema, {"$defs", "provider", "additionalProperties"}).to_text() == "false");
  CHECK(at(*schema, {"$defs", "provider", "properties", "leeway", "default"}).to_text() == R"("1m")");
  CHECK(at(*schema, {"$defs", "configuration", "properties", "workers", "default"}).to_text() == R"("auto")");
  CHECK(at(*schema, {"$defs", "configuration", "properties", "workers", "anyOf"}).to_text() ==
        R"([{"type":"integer","minimum":1,"maximum":1024},{"const":"auto"},{"$ref":"#/$defs/variable"}])");
  CHECK(at(*schema, {"$defs", "redirect", "properties", "status", "anyOf"}).to_text() ==
        R"([{"enum":[301,302,303,307,308]},{"$ref":"#/$defs/variable"}])");
  CHECK(at(*schema, {"$defs", "route", "properties", "jwt", "$ref"}).to_text() == R"("#/$defs/jwt")");
  CHECK(at(*schema, {"$defs", "cors", "properties", "methods", "default"}).to_text() == R"(["GET","HEAD","POST"])");
}

TEST_CASE("every member has a doc that ends as a sentence") {
  const Outline whole = outline();
  CHECK(whole.records.size() > 20);
  for (const RecordOutline& record : whole.records) {
    CHECK(record.doc.ends_with('.'));
    for (const FieldOutline& field : record.fields) {
      CAPTURE(field.key);
      CHECK(field.shape.spec.doc.ends_with('.'));
    }
  }
}

TEST_CASE("every example loads without a problem") {
  CHECK(files_in("conf/examples").size() == 15);
  for (const auto& file : files_in("conf/examples")) {
    CAPTURE(file.filename().string());
    CHECK(errors_in(file) == Lines{});
    CHECK(content(file).starts_with("# yaml-language-server: $schema=../postern.schema.json\n"));
  }
}

TEST_CASE("every key file of the examples is there and is a key set") {
  std::size_t count = 0;
  for (const auto& file : files_in("conf/examples")) {
    Loaded loaded = load_file(file.string(), [](const std::string&) { return std::optional<std::string>("MDEy"); });
    for (const auto& [name, provider] : loaded.config.providers) {
      for (const FilePath& keys : provider.jwks_file) {
        CAPTURE(keys.resolved);
        ++count;
        auto json = parse_json(content(keys.resolved));
        REQUIRE(json);
        REQUIRE(json->find("keys"));
        CHECK_FALSE(json->find("keys")->array()->empty());
      }
    }
  }
  CHECK(count > 0);
}

TEST_CASE("the loader accepts the good cases") {
  for (const auto& file : files_in("tests/unit/conf/cases/good")) {
    CAPTURE(file.filename().string());
    CHECK(errors_in(file) == Lines{});
  }
}

TEST_CASE("the loader refuses the bad cases, also those that a schema cannot see") {
  for (const char* folder : {"tests/unit/conf/cases/bad", "tests/unit/conf/cases/beyond_schema"}) {
    for (const auto& file : files_in(folder)) {
      CAPTURE(file.filename().string());
      CHECK_FALSE(errors_in(file).empty());
    }
  }
}
