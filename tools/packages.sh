# Which Debian packages what needs, and how the missing ones are installed. Sourced, not run.

# What building needs (`./run`); curl is for the lines that the demo prints.
build_packages=(
  g++ cmake ninja-build ccache pkg-config
  libboost1.81-dev libssl-dev rapidjson-dev libyaml-cpp-dev libcli11-dev libspdlog-dev libfmt-dev libexpected-dev
  libre2-dev zlib1g-dev libargon2-dev libsqlite3-dev libhiredis-dev doctest-dev
  curl
)

# What `./test` needs beyond that: upstreams, a store, clients, second implementations of tokens and of JSON Schema, what counts
# instructions, and what links large programs quickly.
test_packages=(
  nginx-light apache2 lighttpd haproxy redis-server chromium openssl python3 python3-jwcrypto python3-jsonschema python3-yaml ca-certificates
  valgrind binutils lld
)
# A node of any origin will do (18 or later); Debian's is taken where there is none.
command -v node >/dev/null || test_packages+=(nodejs)
command -v npm >/dev/null || test_packages+=(npm)

# What fuzzing and `./test clang`, `./test tidy`, `bench/compare`, `bench/micro/run` and `bench/instructions` need beyond that.
clang_packages=(clang libclang-rt-14-dev)
tidy_packages=(clang clang-tidy)
bench_packages=(nginx-light haproxy apache2 libapache2-mod-auth-openidc openssl python3 python3-jwcrypto wrk nghttp2-client)
micro_packages=(libbenchmark-dev)
instructions_packages=(valgrind binutils openssl python3 python3-jwcrypto)

# Prints those of the named packages that are not installed. Any nginx will do where nginx-light is asked for.
missing_packages() {
  local installed name
  # dpkg-query fails when one of the names is unknown to it; that must not end the caller's `set -e` unseen.
  installed=$({ dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true; } | sed -n 's/^installed //p')
  for name in "$@"; do
    [[ $name == nginx-light && -x /usr/sbin/nginx ]] && continue
    grep -qxF -- "$name" <<<"$installed" || echo "$name"
  done
}

# Installs those of the named packages that are missing and says so; does nothing when all are there.
install_packages() {
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      echo "These Debian packages are missing, and there is no sudo to install them: ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "==> Installing Debian packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}
