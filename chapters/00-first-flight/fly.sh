#!/bin/sh
# The first flight: from a fresh Debian 12 to a container of your own image.
#
#   sh chapters/00-first-flight/fly.sh
#
# Installs what the build needs, builds `suit`, packs a small project into an image, runs it. The
# images lie in a temporary folder, which goes away at the end; build/release stays.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
. .ci/debian.sh

say "1/4 what the build needs"
# shellcheck disable=SC2086
install_packages "the build" $BUILD_PACKAGES
check_space . 600

say "2/4 building suit from $(find lib -name '*.cpp' | wc -l) source files (a few minutes, once)"
build_preset release suit
suit=$PWD/build/release/bin/suit

flight=$(mktemp -d)
trap 'rm -rf "$flight"' EXIT
export SUIT_ROOT="$flight/store"
# show COMMAND...: prints it as a shell would, then does it.
show() {
  say "\$ $*"
  "$@" || die "\"$*\" ended with code $?" "its message above says what went wrong"
}

say "3/4 a project: a Dockerfile and one file, in $flight/project"
mkdir "$flight/project"
cd "$flight/project"
echo "Greetings from inside the suit." >greeting.txt
cat >Dockerfile <<'END'
FROM spacesuit/base:1
ENV PLANET=Mars
WORKDIR /mission
COPY greeting.txt .
RUN echo "Built for $PLANET." >> greeting.txt
CMD ["cat", "/mission/greeting.txt"]
END
sed 's/^/        | /' Dockerfile
PATH="$(dirname "$suit"):$PATH"
show suit build . -t myimage:1.0
show suit image list

say "4/4 the flight"
show suit run --rm myimage:1.0
show suit run --rm myimage:1.0 echo "Hello world"
