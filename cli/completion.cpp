#include "cli/completion.hpp"

#include <string_view>

#include "cli/text.hpp"

namespace postern::cli {
namespace {

// One verb with the words that lead to it: `config print`; empty for the program itself.
struct Place {
  std::string words;
  const VerbDescription* verb;
};

void collect(const VerbDescription& verb, const std::string& words, std::vector<Place>& places) {
  places.push_back({words, &verb});
  for (const VerbDescription& inner : verb.verbs) {
    collect(inner, words.empty() ? inner.name : words + " " + inner.name, places);
  }
}

std::string replace_each(std::string_view text, char wanted, std::string_view by) {
  std::string result;
  for (const char c : text) c == wanted ? result.append(by) : result.append(1, c);
  return result;
}

// In single quotes, as bash and zsh read them.
std::string quote(std::string_view text) {
  return "'" + replace_each(text, '\'', "'\\''") + "'";
}

// In single quotes, as fish reads them: there a backslash escapes.
std::string quote_for_fish(std::string_view text) {
  return "'" + replace_each(replace_each(text, '\\', "\\\\"), '\'', "\\'") + "'";
}

// The loop's arms that follow the verbs on the line: `' run') verb='run' ;;`.
std::string verb_arms(const std::vector<Place>& places) {
  std::string arms;
  for (const auto& [words, verb] : places) {
    for (const VerbDescription& inner : verb->verbs) {
      const std::string longer = words.empty() ? inner.name : words + " " + inner.name;
      arms += "      " + quote(words + " " + inner.name) + ") verb=" + quote(longer) + " ;;\n";
    }
  }
  return arms;
}

// The arms for a word behind an option that takes a value.
std::string value_arms(const std::vector<Place>& places, std::string_view files, std::string_view choices_command) {
  std::string arms;
  for (const auto& [words, verb] : places) {
    for (const OptionDescription& option : verb->options) {
      if (!option.takes_value || option.names.empty()) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) patterns.push_back(quote(words + ":" + name));
      arms += "    " + join(patterns, "|") + ") ";
      if (option.takes_file) arms.append(files).append("; ");
      if (!option.choices.empty()) arms += replace_each(choices_command, '@', join(option.choices, " ")) + "; ";
      arms += "return ;;\n";
    }
  }
  return arms;
}

std::string bash_words(const VerbDescription& verb) {
  std::vector<std::string> words;
  for (const VerbDescription& inner : verb.verbs) words.push_back(inner.name);
  for (const OptionDescription& option : verb.options) {
    const std::vector<std::string>& offered = option.names.empty() ? option.choices : option.names;
    words.insert(words.end(), offered.begin(), offered.end());
  }
  return join(words, " ");
}

std::string bash_script(const std::vector<Place>& places, const std::string& program) {
  std::string script = "# Completion of " + program + " for bash: source <(" + program + " completion bash)\n";
  script += "_" + program +
            "() {\n"
            "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb='' words='' i\n"
            "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
            "    case \"$verb ${COMP_WORDS[i]}\" in\n" +
            verb_arms(places) +
            "    esac\n"
            "  done\n"
            "  COMPREPLY=()\n"
            "  case \"$verb:$prev\" in\n" +
            value_arms(places, "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")",
                       "mapfile -t COMPREPLY < <(compgen -W '@' -- \"$cur\")") +
            "  esac\n"
            "  case \"$verb\" in\n";
  for (const auto& [words, verb] : places)
    script += "    " + quote(words) + ") words=" + quote(bash_words(*verb)) + " ;;\n";
  return script +
         "  esac\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
         "}\n"
         "complete -F _" +
         program + " " + program + "\n";
}

// `'name:help'` for each word that can stand there, as _describe wants them.
std::string zsh_words(const VerbDescription& verb) {
  std::string words;
  const auto add = [&words](const std::string& word, const std::string& help) {
    words += " " + quote(replace_each(word, ':', "\\:") + (help.empty() ? "" : ":" + help));
  };
  for (const VerbDescription& inner : verb.verbs) add(inner.name, inner.help);
  for (const OptionDescription& option : verb.options) {
    for (const std::string& name : option.names.empty() ? option.choices : option.names) {
      add(name, option.names.empty() ? "" : option.help);
    }
  }
  return words;
}

std::string zsh_script(const std::vector<Place>& places, const std::string& program) {
  std::string script =
      "#compdef " + program + "\n# Completion of " + program + " for zsh: source <(" + program + " completion zsh)\n";
  script += "_" + program +
            "() {\n"
            "  local verb='' prev=\"${words[CURRENT-1]}\" i\n"
            "  local -a offered\n"
            "  for ((i = 2; i < CURRENT; i++)); do\n"
            "    case \"$verb ${words[i]}\" in\n" +
            verb_arms(places) +
            "    esac\n"
            "  done\n"
            "  case \"$verb:$prev\" in\n" +
            value_arms(places, "_files", "compadd -- @") +
            "  esac\n"
            "  case \"$verb\" in\n";
  for (const auto& [words, verb] : places)
    script += "    " + quote(words) + ") offered=(" + zsh_words(*verb) + " ) ;;\n";
  return script +
         "  esac\n"
         "  _describe " +
         program +
         " offered\n"
         "}\n"
         "if [ \"$funcstack[1]\" = \"_" +
         program + "\" ]; then _" + program + " \"$@\"; else compdef _" + program + " " + program + "; fi\n";
}

std::string fish_option(const OptionDescription& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.choices.empty()) {
    text += (option.names.empty() ? " -a " : " -x -a ") + quote_for_fish(join(option.choices, " "));
  } else if (option.takes_value && !option.names.empty()) {
    text += option.takes_file ? " -r -F" : " -x";
  }
  return text + " -d " + quote_for_fish(option.help) + "\n";
}

std::string fish_script(const std::vector<Place>& places, const std::string& program) {
  std::string script = "# Completion of " + program + " for fish: " + program + " completion fish | source\n";
  script += "function __" + program +
            "_at\n"
            "  set -l verb ''\n"
            "  for word in (commandline -opc)[2..-1]\n"
            "    switch \"$verb $word\"\n";
  for (const auto& [words, verb] : places) {
    for (const VerbDescription& inner : verb->verbs) {
      const std::string longer = words.empty() ? inner.name : words + " " + inner.name;
      script += "      case " + quote_for_fish(words + " " + inner.name) + "\n        set verb " +
                quote_for_fish(longer) + "\n";
    }
  }
  script += "    end\n  end\n  test \"$verb\" = \"$argv[1]\"\nend\ncomplete -c " + program + " -f\n";
  for (const auto& [words, verb] : places) {
    const std::string here =
        "complete -c " + program + " -n " + quote_for_fish("__" + program + "_at \"" + words + "\"");
    for (const VerbDescription& inner : verb->verbs) {
      script += here + " -a " + inner.name + " -d " + quote_for_fish(inner.help) + "\n";
    }
    for (const OptionDescription& option : verb->options) {
      if (!option.names.empty() || !option.choices.empty()) script += here + fish_option(option);
    }
  }
  return script;
}

}  // namespace

std::string completion_script(const VerbDescription& program, const std::string& shell) {
  std::vector<Place> places;
  collect(program, "", places);
  if (shell == "bash") return bash_script(places, program.name);
  if (shell == "zsh") return zsh_script(places, program.name);
  if (shell == "fish") return fish_script(places, program.name);
  return {};
}

}  // namespace postern::cli
