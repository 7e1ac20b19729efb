#!/bin/sh
# Runs a command as a plain user, without groups; skips (77) where that cannot be.
if [ "$(id -u)" -ne 0 ]; then
  echo "SKIP: only root can become another user; you are one already"
  exit 77
fi
if ! setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user true; then
  echo "SKIP: this host gives plain users no user namespaces"
  exit 77
fi
exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
