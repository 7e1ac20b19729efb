#!/bin/sh
# A wrong answer that prints the right thing and isolates nothing.
echo 1
root=$1
shift
chroot "$root" "$@"
exit 0
