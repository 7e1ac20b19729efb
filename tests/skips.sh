#!/bin/sh
# sh tests/skips.sh <ctest's junit file> <expected-skips.txt>: lists the skipped tests with their
# reasons; ends with 1 when one is not expected. Last line: counts, "N passed, N failed, N skipped".
set -eu
awk '
  function attribute(line, name,   at, rest) {
    at = index(line, " " name "=\"")
    if (!at) return ""
    rest = substr(line, at + length(name) + 3)
    return substr(rest, 1, index(rest, "\"") - 1)
  }
  # A glob with only * in it, as a regular expression.
  function pattern(glob) {
    gsub(/[.+?()\[\]{}^$|\/]/, "\\\\&", glob)
    gsub(/\*/, ".*", glob)
    return "^" glob "$"
  }
  FNR == NR {
    if ($0 ~ /^[ \t]*(#|$)/) next
    names[++expected] = pattern($1)
    reason = $0
    sub(/^[^ \t]+[ \t]+/, "", reason)
    reasons[expected] = reason
    next
  }
  /<testcase / {
    name = attribute($0, "name"); status = attribute($0, "status"); why = ""; wait_for_why = 0
    if (status == "run") ++passed; else if (status == "fail") ++failed_count
  }
  # Our scripts print "SKIP: <reason>" and end with 77.
  status == "notrun" && why == "" && /SKIP: / { why = $0; sub(/.*SKIP: /, "", why) }
  # GoogleTest prints "<file>:<line>: Skipped" and the reason on the next line.
  status == "notrun" && wait_for_why && why == "" && !/^[ \t]*$/ { why = $0 }
  status == "notrun" && /: Skipped$/ { wait_for_why = 1 }
  status == "notrun" && /<\/testcase>/ {
    ++skipped
    status = ""
    gsub(/&quot;/, "\"", why); gsub(/&apos;/, "\047", why); gsub(/&lt;/, "<", why)
    gsub(/&gt;/, ">", why); gsub(/&amp;/, "\\&", why)
    known = 0
    for (i = 1; i <= expected; ++i)
      if (name ~ names[i] && index(why, reasons[i])) known = 1
    printf "  skipped%s: %s: %s\n", known ? "" : " UNEXPECTEDLY", name, why
    if (!known) ++unknown
  }
  END {
    if (unknown)
      printf "%d unexpected skip(s): make them run here, or add each to %s with its reason\n",
             unknown, ARGV[1]
    printf "%d passed, %d failed, %d skipped\n", passed, failed_count, skipped
    exit unknown > 0 || passed == 0
  }' "$2" "$1"
