// Everything that is wrong with a configuration, collected so that all of it can be told at once.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postern::conf {

struct Problem {
  std::string where;    // `file:line:col`, or the flag or environment variable that set the value
  std::string path;     // `routes[2].jwt.providers[0]`
  std::string message;  // one sentence, with a suggestion where there is one

  // One line: control characters, which a key may hold, stand there as `\xNN`.
  std::string to_text() const;
};

// The path of what is wrong with the whole: a file that cannot be read, or is no map.
inline constexpr std::string_view whole_configuration = "configuration";

// Where each value of the configuration was written.
class Places {
 public:
  void set(std::string path, std::string where) { places_[std::move(path)] = std::move(where); }
  bool has(std::string_view path) const { return places_.contains(path); }
  // The place of `path`, or of the nearest parent that has one.
  std::string find(std::string_view path) const;

 private:
  std::map<std::string, std::string, std::less<>> places_;
};

class Problems {
 public:
  explicit Problems(Places places = {}) : places_(std::move(places)) {}

  void add(std::string path, std::string message);
  // The same at a place of its own: a key that is not part of the configuration.
  void add_at(std::string where, std::string path, std::string message);
  // A thing worth telling that stops nothing (a skipped key).
  void warn(std::string path, std::string message);

  // Says that what follows from `path` is not worth telling; add() says it too.
  void settle(std::string path) { settled_.insert(std::move(path)); }
  // True when `path` or something below it has an error or was settled.
  bool is_settled(std::string_view path) const;
  // In the order of the file.
  void sort();

  bool any() const noexcept { return !errors_.empty(); }
  const std::vector<Problem>& errors() const noexcept { return errors_; }
  const std::vector<Problem>& warnings() const noexcept { return warnings_; }
  Places& places() noexcept { return places_; }

 private:
  Places places_;
  std::set<std::string, std::less<>> settled_;
  std::vector<Problem> errors_;
  std::vector<Problem> warnings_;
};

}  // namespace postern::conf
