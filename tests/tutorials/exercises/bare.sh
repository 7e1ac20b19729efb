#!/bin/sh
# A wrong answer that starts the program and does nothing else: options are passed over.
while [ "${1#/}" = "$1" ]; do
  shift
done
exec "$@"
