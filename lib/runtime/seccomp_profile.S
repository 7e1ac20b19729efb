# The default profile, as text: what other sets of capabilities are compiled from.
    .section .rodata
    .globl suit_seccomp_profile
    .globl suit_seccomp_profile_end
suit_seccomp_profile:
    .incbin SUIT_PROFILE_PATH
suit_seccomp_profile_end:
    .byte 0
    .section .note.GNU-stack, "", %progbits
