#include "state/sqlite/sweep.hpp"

#include <array>
#include <string_view>

namespace postern::state {
namespace {

struct Step {
  std::string_view sql;
  Millis kept = 0;                                 // after the time that the rows have
  Millis Believed::*time = &Believed::forgetting;  // by which they have expired
};

// ?1 is `kept` before that time, ?2 the number of rows. SQLite as it is packaged has no LIMIT on UPDATE and DELETE.
constexpr std::array<Step, 7> steps{
    Step{"UPDATE refresh_tokens SET sealed = NULL, opens_until = NULL WHERE hash IN "
         "(SELECT hash FROM refresh_tokens WHERE sealed IS NOT NULL AND opens_until <= ?1 LIMIT ?2)",
         0, &Believed::now},
    // An unused one stays as long as its family: it may be asked for another one (Rotation::Kind::reissue).
    Step{"DELETE FROM refresh_tokens WHERE hash IN "
         "(SELECT hash FROM refresh_tokens WHERE used IS NOT NULL AND expires <= ?1 AND sealed IS NULL LIMIT ?2)"},
    // Both look at the same few families: else each piece would pass over all whose tokens went with earlier ones.
    Step{"DELETE FROM refresh_tokens WHERE hash IN "
         "(SELECT hash FROM (SELECT sid FROM families WHERE ends <= ?1 ORDER BY ends LIMIT ?2) "
         "JOIN refresh_tokens USING(sid) LIMIT ?2)",
         kept_after_end},
    Step{"DELETE FROM families WHERE sid IN "
         "(SELECT sid FROM (SELECT sid FROM families WHERE ends <= ?1 ORDER BY ends LIMIT ?2) AS f WHERE NOT EXISTS "
         "(SELECT 1 FROM refresh_tokens AS t WHERE t.sid = f.sid))",
         kept_after_end},
    Step{"DELETE FROM revocations WHERE number IN (SELECT number FROM revocations WHERE until <= ?1 LIMIT ?2)"},
    Step{"DELETE FROM attempts WHERE name IN (SELECT name FROM attempts WHERE ends <= ?1 LIMIT ?2)"},
    Step{"DELETE FROM signing_keys WHERE number IN (SELECT number FROM signing_keys WHERE retired <= ?1 LIMIT ?2)"},
};

}  // namespace

std::size_t sweep(Database& database, Believed time, std::size_t most) {
  std::size_t swept = 0;
  for (const Step& step : steps) {
    execute(database, step.sql, time.*step.time - step.kept, most - swept);
    swept += static_cast<std::size_t>(database.changed_rows());
  }
  return swept;
}

}  // namespace postern::state
