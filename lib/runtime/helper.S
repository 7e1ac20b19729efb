# The helper's executable, as bytes of the library: found wherever the program is, and one with it.
    .section .rodata
    .balign 16
    .globl suit_init_image
    .globl suit_init_image_end
suit_init_image:
    .incbin SUIT_INIT_PATH
suit_init_image_end:
    .byte 0
    .section .note.GNU-stack, "", %progbits
