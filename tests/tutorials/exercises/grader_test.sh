#!/bin/sh
# The grader's own test: grader_test.sh GRADER ANSWER VERDICT-PREFIX EXERCISE PROGRAM [OPTION...]
# ANSWER is the exit code that the grader must give, VERDICT-PREFIX how its line must begin.
grader=$1 code=$2 verdict=$3
shift 3
said=$(python3 "$grader" "$@")
got=$?
echo "$said"
if [ $got -eq 5 ]; then # ENVIRONMENT
  echo "SKIP: ${said#ENVIRONMENT: }"
  exit 77
fi
[ $got -eq "$code" ] || { echo "expected exit code $code, got $got"; exit 1; }
case $said in
  "$verdict"*) ;;
  *) echo "expected: $verdict..."; exit 1 ;;
esac
