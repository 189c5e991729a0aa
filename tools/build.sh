# How a preset is configured and built. Sourced, not run; `root` is the repository.

# build PRESET [TARGET...]: configures once; after that ninja decides what is to be done, and shows how far it is.
build() {
  local preset=$1 directory=$root/build/$1
  shift
  [[ -f $directory/build.ninja ]] || configure "$preset" || return
  NINJA_STATUS='[%f/%t, %es] ' ninja -C "$directory" "$@"
}

configure() {
  local arguments=(--preset "$1")
  # The second compiler is no preset of its own: it differs from `dev` by its name alone.
  local by_clang=(--preset dev -B "$root/build/$1" -DCMAKE_CXX_COMPILER=clang++)
  [[ $1 == clang ]] && arguments=("${by_clang[@]}")
  [[ $1 == tidy ]] && arguments=("${by_clang[@]}" -DPOSTERN_UNITY=ON)  # is never built: how the files are compiled is read
  echo "==> Configuring build/$1"
  (cd "$root" && cmake "${arguments[@]}" --log-level=WARNING)
}
