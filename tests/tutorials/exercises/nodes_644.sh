#!/bin/sh
# A wrong answer to exercise 1 of chapter 2: all is there, but the nodes are not for everybody.
exec "$1" "$2" /bin/sh -c 'chmod 644 /dev/null; exec "$@"' sh "$3" "$4"
