// The constraints over the whole field table: the one place where the two meet.
#include "conf/constraints.hpp"
#include "conf/fields.hpp"

namespace postern::conf {

void check_constraints(const Config& config, Problems& problems) {
  Config copy = config;  // the table's functions take members they could change
  Constraints(problems).judge_value(copy, {}, "");
}

}  // namespace postern::conf
