#include "tests/store/stores.hpp"

namespace postern::state {

TEST_CASE_TEMPLATE("A session that was begun is found with all that was said of it", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  CHECK(waiting.begin(family_of("s"), hash_of(1), 1500).issued_before == std::nullopt);
  const auto found = waiting.find("s", hash_of(1), 1499);
  CHECK(found.presented == Presented::current);
  CHECK(found.expires == 1500);
  REQUIRE(found.family);
  CHECK(*found.family == family_of("s"));
  CHECK(waiting.find("s", hash_of(1), 1500).presented == Presented::expired);
  CHECK(waiting.find("s", hash_of(2), 1400).presented == Presented::unknown);
  CHECK(waiting.find("t", hash_of(1), 1400).presented == Presented::unknown);
  CHECK(waiting.find("s", hash_of(1), 1400, "other").presented == Presented::other_client);
}

TEST_CASE_TEMPLATE("Empty texts and bytes of every value are kept as they are", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  Family family = family_of("s", std::string("a\0\xC3\xA9'\"", 6));
  family.scope = "";
  waiting.begin(family, hash_of(1), 1500);
  CHECK(*waiting.find("s", hash_of(1), 1000).family == family);
  Rotation rotation = rotation_of("s", 1, 2, 1100);
  rotation.sealed.bytes = std::string("\0\xFF\0", 3);
  waiting.rotate(rotation);
  const auto replayed = waiting.rotate(rotation_of("s", 1, 3, 1101));
  REQUIRE(replayed.existing);
  CHECK(*replayed.existing == rotation.sealed);
}

TEST_CASE_TEMPLATE("Beginning a session a second time changes nothing", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  waiting.rotate(rotation_of("s", 1, 2, 1100));
  waiting.begin(family_of("s"), hash_of(1), 1500);
  CHECK(waiting.find("s", hash_of(1), 1105).presented == Presented::within_grace);
  CHECK(waiting.find("s", hash_of(2), 1105).presented == Presented::current);
}

TEST_CASE_TEMPLATE("A rotation makes the successor current, and a parallel one gives the same", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  const auto rotated = waiting.rotate(rotation_of("s", 1, 2, 1100));
  CHECK(rotated.presented == Presented::current);
  CHECK(rotated.expires == 1600);
  CHECK(rotated.existing == std::nullopt);
  CHECK(*rotated.family == family_of("s"));
  const auto again = waiting.rotate(rotation_of("s", 1, 3, 1100));
  CHECK(again.presented == Presented::within_grace);
  CHECK(again.expires == 1600);
  REQUIRE(again.existing);
  CHECK(*again.existing == SealedSuccessor{"sealed 2", 1110});
  CHECK(waiting.find("s", hash_of(2), 1599).presented == Presented::current);
}

TEST_CASE_TEMPLATE("A rotation whose answer was lost is answered the same again while its successor is current", Place,
                   STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  Rotation rotation = rotation_of("s", 1, 2, 1100);
  rotation.grace = 0;
  rotation.sealed.opens_until = 1100;
  for (int i = 0; i < 2; ++i) {
    const auto rotated = waiting.rotate(rotation);
    CHECK(rotated.presented == Presented::current);
    CHECK(rotated.expires == 1600);
    CHECK(rotated.existing == std::nullopt);
    CHECK(*rotated.family == family_of("s"));
  }
  CHECK(waiting.find("s", hash_of(2), 1100, "app", 0).presented == Presented::current);
  SUBCASE("a used successor proves nothing") {
    CHECK(waiting.rotate(rotation_of("s", 2, 3, 1101)).presented == Presented::current);
    CHECK(waiting.rotate(rotation).presented == Presented::reused);
  }
  SUBCASE("another successor is another's") {
    rotation.successor = hash_of(3);
    CHECK(waiting.rotate(rotation).presented == Presented::reused);
  }
}

TEST_CASE_TEMPLATE("A look uses nothing, and ends a session all the same when it finds reuse", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  for (int i = 0; i < 2; ++i) {
    const auto seen = waiting.look(rotation_of("s", 1, 2, 1100));
    CHECK(seen.presented == Presented::current);
    CHECK(seen.expires == 1600);
    CHECK(*seen.family == family_of("s"));
  }
  CHECK(waiting.find("s", hash_of(2), 1100).presented == Presented::unknown);
  waiting.rotate(rotation_of("s", 1, 2, 1100));
  CHECK(waiting.look(rotation_of("s", 1, 3, 1109)).existing->bytes == "sealed 2");
  CHECK(waiting.look(rotation_of("s", 1, 3, 1110)).presented == Presented::reused);
  CHECK(waiting.find("s", hash_of(2), 1110).presented == Presented::family_ended);
}

TEST_CASE_TEMPLATE("A token that was used after it had been presented is no reuse, however late it is rotated", Place,
                   STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1300);
  waiting.rotate(rotation_of("s", 1, 2, 1200));
  const auto late = [&](Millis presented_at, Millis now) {
    Rotation rotation = rotation_of("s", 1, 3, now);
    rotation.presented_at = presented_at;
    return waiting.rotate(rotation);
  };
  CHECK(late(1100, 1209).existing->bytes == "sealed 2");
  CHECK(late(1100, 1210).presented == Presented::unknown);
  CHECK(late(1100, 1400).presented == Presented::unknown);
  CHECK(late(1209, 1400).presented == Presented::unknown);
  CHECK(waiting.find("s", hash_of(2), 1400).presented == Presented::current);
  CHECK(late(1210, 1400).presented == Presented::reused);
}

TEST_CASE_TEMPLATE("A rotation that was put off beyond its token's end counts from now", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  Rotation rotation = rotation_of("s", 1, 2, 1800);
  rotation.presented_at = 1499;
  CHECK(waiting.rotate(rotation).expires == 2300);
  CHECK(waiting.find("s", hash_of(2), 2299).presented == Presented::current);
  CHECK(waiting.find("s", hash_of(1), 1499).presented == Presented::within_grace);
}

TEST_CASE_TEMPLATE("A successor lasts no longer than its session", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 5000);
  CHECK(waiting.rotate(rotation_of("s", 1, 2, 4900)).expires == 5000);
  CHECK(waiting.rotate(rotation_of("s", 2, 3, 4999)).presented == Presented::current);
  CHECK(waiting.rotate(rotation_of("s", 3, 4, 5000)).presented == Presented::family_over);
}

TEST_CASE_TEMPLATE("Reuse after the grace ends the session", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  waiting.rotate(rotation_of("s", 1, 2, 1100));
  CHECK(waiting.rotate(rotation_of("s", 1, 3, 1109)).presented == Presented::within_grace);
  const auto reused = waiting.rotate(rotation_of("s", 1, 3, 1110));
  CHECK(reused.presented == Presented::reused);
  CHECK(reused.existing == std::nullopt);
  CHECK(reused.family->ended);
  CHECK(waiting.rotate(rotation_of("s", 2, 3, 1111)).presented == Presented::family_ended);
  CHECK(waiting.find("s", hash_of(1), 1111).presented == Presented::family_ended);
}

TEST_CASE_TEMPLATE("A clock that is set back prolongs no grace, and ends no session", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  Family family = family_of("s");
  family.ends = 9'000'000;
  waiting.begin(family, hash_of(1), 8'000'000);
  constexpr Millis used = 3'600'000;
  Rotation rotation = rotation_of("s", 1, 2, used);
  rotation.lifetime = 4'000'000;
  waiting.rotate(rotation);
  const auto again = [&](Millis now) { return waiting.rotate(rotation_of("s", 1, 3, now)); };
  CHECK(again(used - 10'000).existing->bytes == "sealed 2");  // by a gateway whose clock is behind
  CHECK(again(used - 10'001).presented == Presented::unknown);
  CHECK(waiting.look(rotation_of("s", 1, 3, 2000)).presented == Presented::unknown);
  CHECK(waiting.find("s", hash_of(1), 2000).presented == Presented::unknown);
  CHECK(waiting.find("s", hash_of(2), 2000).presented == Presented::current);
  Rotation repeated = rotation;  // its answer was lost
  repeated.now = repeated.presented_at = 2000;
  CHECK(waiting.rotate(repeated).presented == Presented::current);
  CHECK(again(used + 10).presented == Presented::reused);
}

TEST_CASE_TEMPLATE("Another client's rotation consumes nothing", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  Rotation rotation = rotation_of("s", 1, 2, 1100);
  rotation.client = "other";
  CHECK(waiting.rotate(rotation).presented == Presented::other_client);
  CHECK(waiting.rotate(rotation_of("s", 1, 2, 1100)).presented == Presented::current);
}

TEST_CASE_TEMPLATE("A session's last token is reissued after it has expired, once", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  CHECK(waiting.rotate(rotation_of("s", 1, 2, 1500)).presented == Presented::expired);
  const auto reissued = waiting.reissue(rotation_of("s", 1, 2, 1500));
  CHECK(reissued.presented == Presented::current);
  CHECK(reissued.expires == 2000);
  const auto again = waiting.reissue(rotation_of("s", 1, 3, 1509));
  CHECK(again.presented == Presented::within_grace);
  CHECK(again.expires == 2000);
  CHECK(again.existing->bytes == "sealed 2");
  CHECK(waiting.reissue(rotation_of("s", 1, 3, 1510)).presented == Presented::expired);
  CHECK(waiting.find("s", hash_of(2), 1510).presented == Presented::current);
}

}  // namespace postern::state
