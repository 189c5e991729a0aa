#include "conf/load.hpp"

#include "conf/expand.hpp"
#include "conf/loader.hpp"

namespace postern::conf {
namespace {

void tell(const std::vector<TreeError>& errors, const std::string& file, Problems& problems) {
  for (const TreeError& error : errors) {
    std::string where = file + ":" + std::to_string(error.mark.line) + ":" + std::to_string(error.mark.column);
    problems.add_at(std::move(where), error.path, error.message);
  }
}

}  // namespace

Loaded load_yaml(std::string_view text, const std::string& file, const Environment& environment) {
  Loaded loaded;
  ParsedTree parsed = parse_tree(text);
  if (parsed.root) expand_tree(*parsed.root, environment, parsed.errors);
  tell(parsed.errors, file, loaded.problems);
  if (!parsed.root) return loaded;
  load_tree(*parsed.root, file, loaded.config, loaded.problems);
  check(loaded.config, loaded.problems);
  return loaded;
}

Loaded load_file(const std::string& file, const Environment& environment) {
  auto text = read_file(file);
  if (text) return load_yaml(*text, file, environment);
  Loaded loaded;
  loaded.problems.add_at(file, "", text.error());
  return loaded;
}

}  // namespace postern::conf
