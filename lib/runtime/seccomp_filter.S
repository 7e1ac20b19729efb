# The default profile for Docker's capabilities, as a program.
    .section .rodata
    .balign 8
    .globl suit_seccomp_filter
    .globl suit_seccomp_filter_end
suit_seccomp_filter:
    .incbin SUIT_FILTER_PATH
suit_seccomp_filter_end:
    .byte 0
    .section .note.GNU-stack, "", %progbits
