#!/bin/sh
# A right answer to exercise 2 of chapter 4: what 04-limits says in words, as an exit code.
said=$("$@" 2>&1 >/dev/null)
code=$?
case $said in
  *"out of memory, killed:"*) exit 200 ;;
esac
exit $code
