#include "conf/load.hpp"

#include "conf/expand.hpp"
#include "conf/loader.hpp"

namespace postern::conf {
Loaded load_yaml(std::string_view text, const std::string& file, const Environment& environment) {
  Loaded loaded;
  ParsedTree parsed = parse_tree(text);
  if (parsed.root) expand_tree(*parsed.root, environment, parsed.errors);
  tell(parsed.errors, file, loaded.problems);
  if (!parsed.root) {
    loaded.problems.settle(std::string(whole_configuration));
    return loaded;
  }
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
