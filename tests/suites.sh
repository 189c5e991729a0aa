# The suites of ./test and how their results are summed. Sourced, not run.

passed=0 failed=0 skipped=0
failures=()  # where, for the last line
ahead=  # the process of a build in the background
python=/usr/bin/python3  # Debian's own: its modules are the ones that were installed

heading() { printf '\n==> %s\n' "$*"; }

add_failure() {
  echo "FAILED: $*" >&2
  add_failures 1 "$*"
}

# add_failures NUMBER WHERE
add_failures() {
  failed=$((failed + $1))
  (($1 == 0)) || failures+=("$2")
}

# build_ahead PRESET: in the background, while suites run that mostly wait; these go first. Nothing of it is shown: the
# build before the preset's own suites waits for it, and says what is wrong.
build_ahead() {
  set -m  # a process group, which can be ended as a whole
  root=$root nice -n 19 bash -c 'source "$root/tools/build.sh" && build "$1"' build_ahead "$1" &>/dev/null &
  set +m
  ahead=$!
  trap 'kill -- "-$ahead"' EXIT
}

wait_for_build_ahead() {
  [[ -n $ahead ]] || return 0
  wait "$ahead"
  trap - EXIT
  ahead=
}

# run_suites PRESET SUITE...; meanwhile the preset `next` is built, if there is one.
run_suites() {
  local preset=$1 suite
  shift
  wait_for_build_ahead
  heading "Building $preset"
  build "$preset" || { add_failure "the build of $preset"; return; }
  [[ -z ${next-} ]] || build_ahead "$next"
  for suite in "$@"; do "suite_$suite" "$preset"; done
}

suite_unit() {
  local program
  while read -r program; do run_unit "$1" "$program"; done < <(unit_programs "$1")
}

# The names that CMake gave to ctest, so that a program left over from an older build is not run.
unit_programs() { ctest --test-dir "$root/build/$1" -N | sed -n 's/^ *Test *#[0-9]*: //p'; }

# run_unit PRESET PROGRAM [DOCTEST-FILTER]
run_unit() {
  local output summary
  heading "$2 ($1)"
  output=$("$root/build/$1/$2" ${3:+"--test-case=$3"} 2>&1)
  local status=$?
  summary=$(sed -n 's/^\[doctest\] test cases: *//p' <<<"$output")
  echo "$output"
  if [[ -z $summary ]]; then
    add_failure "$2 ended with $status before its summary"
    return
  fi
  local cases_failed
  cases_failed=$(sed -n 's/.*| *\([0-9]*\) failed.*/\1/p' <<<"$summary")
  passed=$((passed + $(sed -n 's/.*| *\([0-9]*\) passed.*/\1/p' <<<"$summary")))
  add_failures "$cases_failed" "$2 ($1): $(sed -n '/^TEST CASE: */{s///p;q}' <<<"$output")"
  # A sanitizer's report, or an end after the last case.
  ((status == 0 || cases_failed > 0)) || add_failure "$2 ended with $status"
}

suite_e2e() { run_node "$1" "" "$root"/tests/e2e/*.test.mjs; }

# run_node PRESET NAME-PATTERN FILE...: two files at a time, since most of a test's time is waiting; with three, beside a build, times that
# tests judge were seen late.
run_node() {
  local preset=$1 pattern=$2 place file
  shift 2
  install_node_modules || { add_failure "npm ci in tests/e2e"; return; }
  heading "end to end ($preset)"
  place=$(mktemp -d)
  export -f run_node_file
  printf '%s\0' "$@" | POSTERN=$root/build/$preset/postern POSTERN_PRESET=$preset \
    xargs -0 -n 1 -P 2 bash -c 'run_node_file "$@"' run_node_file "$pattern" "$place"
  for file; do sum_node "$preset" "$pattern" "$place/$(basename "$file")"; done
  rm -rf "$place"
}

# run_node_file NAME-PATTERN PLACE FILE: in PLACE, what FILE told has its name, the totals .tap and the end .status.
run_node_file() {
  local output
  output=$2/$(basename "$3")
  node --test --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$output.tap" ${1:+"--test-name-pattern=$1"} "$3" >"$output" 2>&1
  echo $? >"$output.status"
}

# sum_node PRESET NAME-PATTERN OUTPUT
sum_node() {
  local status tests_failed
  cat "$3"
  status=$(cat "$3.status") || status=unknown  # an interrupted run
  tests_failed=$(($(node_total fail "$3.tap") + $(node_total cancelled "$3.tap")))
  passed=$((passed + $(node_total pass "$3.tap")))
  # The first that failed: a test stands before the ones that it is a part of.
  add_failures "$tests_failed" "$(basename "$3") ($1): $(sed -n '/^ *not ok [0-9]* - /{s///p;q}' "$3.tap")"
  # With a pattern, "skipped" are the tests of another name.
  [[ -n $2 ]] || skipped=$((skipped + $(node_total skipped "$3.tap")))
  [[ $status == 0 ]] || ((tests_failed > 0)) || add_failure "node's test runner ended with $status: $(basename "$3")"
}

node_total() { sed -n "s/^# $1 \([0-9]*\)\$/\1/p" "$2" | tail -n 1 | grep . || echo 0; }

# From the lock file alone, and only when it changed since the last time.
install_node_modules() {
  local here=$root/tests/e2e
  cmp -s "$here/package-lock.json" "$here/node_modules/.installed-lock.json" && return
  heading "Installing the npm packages of tests/e2e"
  npm --prefix "$here" ci --prefer-offline --no-audit --no-fund --ignore-scripts &&
    cp "$here/package-lock.json" "$here/node_modules/.installed-lock.json"
}

suite_schema() {
  heading "JSON Schema, by a second validator ($1)"
  # Every twentieth mutation of the cases; all of them take minutes.
  if "$python" -B "$root/tests/schema_check.py" --postern "$root/build/$1/postern" --every 20; then
    passed=$((passed + 1))
  else
    add_failure "tests/schema_check.py"
  fi
}

# The seed is fixed, so that nobody's change is held up by a token that it has nothing to do with.
suite_differential() { run_differential "$1" --tokens 20000 --seed 1; }
suite_differential1m() { run_differential "$1" --tokens 1000000; }

# run_differential PRESET ARGUMENT...
run_differential() {
  local preset=$1
  shift
  install_node_modules || { add_failure "npm ci in tests/e2e"; return; }
  heading "mutated tokens, judged by three libraries ($preset)"
  if POSTERN=$root/build/$preset/postern "$root/tests/differential/run" "$@"; then
    passed=$((passed + 1))
  else
    add_failure "tests/differential/run $*"
  fi
}

suite_instructions() {
  heading "instructions of a request, within their budget ($1)"
  if "$root/bench/instructions" --postern "$root/build/$1/postern"; then
    passed=$((passed + 1))
  else
    add_failure "bench/instructions"
  fi
}

# What clang-tidy says of the program's own sources, eight files at a time.
run_tidy() {
  local database=$root/build/tidy/compile_commands.json
  heading "clang-tidy"
  [[ -f $database ]] || configure tidy || { add_failure "configuring tidy"; return; }
  if sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$database" | grep -v -e /unit_ -e /tests/ |
    xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p "$root/build/tidy" 2> >(grep -v ' warnings generated' >&2); then
    passed=$((passed + 1))
  else
    add_failure "clang-tidy"
  fi
}

# run_fuzz SECONDS [ARGUMENT...]: each target for so long.
run_fuzz() {
  local output
  wait_for_build_ahead
  heading "fuzzing ($1 s for each target)"
  output=$("$root/tests/fuzz/run" --seconds "$@" | tee >(cat >&2))  # not /dev/stderr: a file that it is would be emptied
  if [[ $(tail -n 1 <<<"$output") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    add_failures "${BASH_REMATCH[2]}" "fuzzing"
  else
    add_failure "tests/fuzz/run ended before its summary"
  fi
}

suite_siege() { SIEGE=1 run_node "$1" "" "$root/tests/e2e/siege.test.mjs"; }
suite_upload10g() { UPLOAD_GIB=10 run_node "$1" "" "$root/tests/e2e/upload.test.mjs"; }

# run_named PRESET NAME: a unit program, an end-to-end file, or else every test whose name holds NAME.
run_named() {
  local preset=$1 name=$2 program
  heading "Building $preset"
  build "$preset" || { add_failure "the build of $preset"; return; }
  if unit_programs "$preset" | grep -qxF -- "$name"; then
    run_unit "$preset" "$name"
  elif [[ -f $root/tests/e2e/$name.test.mjs ]]; then
    run_node "$preset" "" "$root/tests/e2e/$name.test.mjs"
  else
    while read -r program; do run_unit "$preset" "$program" "*${name//,/\\,}*"; done < <(unit_programs "$preset")
    run_node "$preset" "$(sed 's/[][\\.*^$/(){}|+?]/\\&/g' <<<"$name")" "$root"/tests/e2e/*.test.mjs
    ((passed + failed)) || add_failure "no test is called '$name'"
  fi
}

# The summary line, which names what failed, and the exit code of ./test.
report() {
  local line="$passed passed, $failed failed" where
  ((skipped == 0)) || line+=", $skipped skipped"
  for where in "${failures[@]}"; do line+="; $where"; done
  printf '\n%s\n' "$line"
  ((failed == 0 && passed > 0))
}
