/*
 * Maps an image, writes to it and calls its functions, as it is told on standard input:
 *
 *   image SIZE            maps SIZE bytes, readable, writable and executable
 *   write OFFSET HEX      puts bytes there
 *   call OFFSET SEED      calls the function there with registers made from SEED;
 *                         prints what it returned
 *   noted OFFSET          prints the 17 words there, as differences to what the last call had
 *
 * Every register but %rsp has a value of its own at a call, and the stack has arguments.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BASE 0x500000000000ul
/* rax rcx rdx rbx rsp rbp rsi rdi r8 ... r15, then the return address */
unsigned long given[17];
unsigned long left[6], callers_stack, target, result;
extern char returned[];
static char stack[0x10000] __attribute__((aligned(0x8000)));

void enter(void);
asm (
    "enter: push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "  mov %rsp, callers_stack(%rip)\n"
    "  mov given(%rip), %rax\n mov given+8(%rip), %rcx\n mov given+16(%rip), %rdx\n"
    "  mov given+24(%rip), %rbx\n mov given+40(%rip), %rbp\n mov given+48(%rip), %rsi\n"
    "  mov given+56(%rip), %rdi\n mov given+64(%rip), %r8\n mov given+72(%rip), %r9\n"
    "  mov given+80(%rip), %r10\n mov given+88(%rip), %r11\n mov given+96(%rip), %r12\n"
    "  mov given+104(%rip), %r13\n mov given+112(%rip), %r14\n mov given+120(%rip), %r15\n"
    /* What is given is the stack pointer behind the call. */
    "  mov given+32(%rip), %rsp\n add $8, %rsp\n"
    "  call *target(%rip)\n"
    ".globl returned\n"
    "returned: mov %rax, result(%rip)\n mov %rbx, left(%rip)\n mov %rbp, left+8(%rip)\n"
    "  mov %r12, left+16(%rip)\n mov %r13, left+24(%rip)\n mov %r14, left+32(%rip)\n"
    "  mov %r15, left+40(%rip)\n"
    "  mov callers_stack(%rip), %rsp\n"
    "  pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n"
);

static void call(unsigned long offset, unsigned long seed)
{
    static const int saved[6] = { 3, 5, 12, 13, 14, 15 };
    target = BASE + offset;
    for (int i = 0; i < 16; i++) given[i] = seed * 0x9e3779b97f4a7c15ul * (i + 1) + i;
    /* In the middle of a stack of 32 KiB, with eight arguments above the return address. */
    given[4] = (unsigned long)stack + 0x6000 - 8;
    given[16] = (unsigned long)returned;
    for (int i = 0; i < 8; i++) ((unsigned long *)given[4])[1 + i] = seed + i;
    enter();
    printf("%lx", result);
    for (int i = 0; i < 6; i++) {
        if (left[i] != given[saved[i]]) printf(" register %d is not kept", saved[i]);
    }
    printf("\n");
}

int main(void)
{
    static char line[1 << 20], hex[1 << 20];
    unsigned long first, second;
    while (fgets(line, sizeof(line), stdin)) {
        if (sscanf(line, "image %lx", &first) == 1) {
            void *at = mmap((void *)BASE, first, PROT_READ | PROT_WRITE | PROT_EXEC,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
            if (at != (void *)BASE) return 1;
        } else if (sscanf(line, "write %lx %s", &first, hex) == 2) {
            for (unsigned long i = 0; hex[2 * i] != 0; i++) {
                char digits[3] = { hex[2 * i], hex[2 * i + 1], 0 };
                ((unsigned char *)BASE)[first + i] = strtoul(digits, 0, 16);
            }
        } else if (sscanf(line, "call %lx %lx", &first, &second) == 2) {
            call(first, second);
        } else if (sscanf(line, "noted %lx", &first) == 1) {
            unsigned long *noted = (unsigned long *)(BASE + first);
            for (int i = 0; i < 17; i++) printf("%lx ", noted[i] - given[i]);
            memset(noted, 0xee, 17 * sizeof(*noted));
            printf("\n");
        } else {
            return 2;
        }
    }
    return 0;
}
