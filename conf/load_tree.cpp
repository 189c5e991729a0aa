// The loader over the whole field table: the one place where the two meet.
#include "conf/fields.hpp"
#include "conf/loader.hpp"

namespace postern::conf {

void load_tree(const Node& root, const std::string& file, Config& config, Problems& problems) {
  problems.places().set("", file + ":1:1");
  Loader loader(file, problems);
  loader.read(root, config, {});
  if (config.access_log != "stdout" && config.access_log != "off") {
    config.access_log_file = loader.resolve(config.access_log);
  }
}

}  // namespace postern::conf
