/*
 * Functions whose calls are sent elsewhere in a real process, and what they are sent to.
 *
 * Compiled as the hypervisor is (-O2 -fpic, no libc). Each begins in another way.
 */
#define KEEP __attribute__((noinline, used))

extern unsigned long outside(unsigned long);

unsigned long shared;

KEEP unsigned long plain(unsigned long a, unsigned long b) { return a * 3 + b; }
KEEP unsigned long compares(unsigned a, unsigned long b) { return a > 2 ? outside(b) + 1 : b; }
KEEP unsigned long constant(void) { return 0x12345678; }
KEEP unsigned long global(unsigned long a) { return shared + a; }
KEEP unsigned long one_saved(unsigned long a) { return outside(a) + a; }

KEEP unsigned long all_saved(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
                             unsigned long e, unsigned long f)
{
    unsigned long sum = outside(a);
    sum += outside(b + sum);
    sum += outside(c + sum);
    sum += outside(d + sum);
    sum += outside(e + sum);
    return sum + f + a + b + c + d;
}

KEEP unsigned long with_frame(unsigned long a, unsigned long b)
{
    volatile unsigned long room[20];
    for (unsigned i = 0; i < 20; i++) room[i] = a + i;
    return outside(room[b & 15]) + room[3];
}

KEEP unsigned long large_frame(unsigned long a, unsigned long b)
{
    volatile unsigned long room[200];
    for (unsigned i = 0; i < 200; i++) room[i] = a + i;
    return outside(room[b & 127]) + room[3] + b;
}

KEEP unsigned long stack_arguments(unsigned long a, unsigned long b, unsigned long c,
                                   unsigned long d, unsigned long e, unsigned long f,
                                   unsigned long g, unsigned long h)
{
    return outside(a + g) + outside(b + h) + c + d + e + f;
}

KEEP unsigned long spills(unsigned long a, unsigned long b)
{
    unsigned long kept[2] = { a, b };
    asm volatile ("" : : "r" (kept) : "memory");
    return outside(kept[1]) + kept[0];
}

KEEP unsigned long variadic(unsigned long count, ...)
{
    __builtin_va_list list;
    unsigned long sum = 0;
    __builtin_va_start(list, count);
    for (unsigned long i = 0; i < (count & 3); i++) sum += __builtin_va_arg(list, unsigned long);
    __builtin_va_end(list);
    return outside(sum);
}

KEEP unsigned long own_stack_end(unsigned long a)
{
    unsigned long *end = (unsigned long *)((unsigned long)__builtin_frame_address(0) | 0x7fff);
    return outside(*(unsigned long *)((char *)end - 0x37)) + a;
}

KEEP unsigned long tail(unsigned long a, unsigned long b) { return outside(a + b); }

KEEP unsigned long many_branches(unsigned long a, unsigned long b)
{
    if (a == 1) return outside(b);
    if (a == 2) return outside(b + 1) + 5;
    return b ? outside(a) * b : a;
}

asm (
    ".pushsection .text, \"ax\"\n"

    /* One-byte instructions first, then one that a short jump fits. */
    ".globl pushes_first\n.type pushes_first, @function\n"
    "pushes_first: push %rbx\n push %rbp\n mov %rdi, %rbx\n mov %rsi, %rbp\n"
    "  mov %rbx, %rax\n add %rbp, %rax\n pop %rbp\n pop %rbx\n ret\n"
    ".size pushes_first, . - pushes_first\n"
    ".nops 9\n"

    /* Arguments moved about before the first instruction that is long enough. */
    ".p2align 3\n"
    ".globl moves_arguments\n.type moves_arguments, @function\n"
    "moves_arguments: push %rbx\n mov %rsi, %rbx\n push %rbp\n mov %rdi, %rsi\n"
    "  mov %rbx, %rdi\n lea (%rdi,%rsi), %rbp\n mov $0x11111111, %eax\n add %rbp, %rax\n"
    "  pop %rbp\n pop %rbx\n ret\n"
    ".size moves_arguments, . - moves_arguments\n"

    /* A comparison, and a branch that is long enough, in one aligned unit. */
    ".p2align 4\n"
    ".globl checks_first\n.type checks_first, @function\n"
    "checks_first: cmp $2, %esi\n {disp32} ja 1f\n lea (%rdi,%rsi), %rax\n ret\n"
    "1: mov %rdi, %rax\n ret\n"
    ".size checks_first, . - checks_first\n"

    /* Long, with two bytes in the middle that nothing reaches. */
    ".p2align 4\n"
    ".globl long_way\n.type long_way, @function\n"
    "long_way: mov %rdi, %rax\n .rept 28\n lea 1(%rax), %rax\n .endr\n jmp 1f\n"
    "  .byte 0x66, 0x90\n1: .rept 28\n lea 1(%rax), %rax\n .endr\n ret\n"
    ".size long_way, . - long_way\n"
    ".nops 5\n"

    /* The same behind a push. */
    ".p2align 4\n"
    ".globl pushes_long_way\n.type pushes_long_way, @function\n"
    "pushes_long_way: push %rbx\n mov %rdi, %rbx\n .rept 28\n lea 1(%rbx), %rbx\n .endr\n"
    "  jmp 1f\n .byte 0x66, 0x90\n1: .rept 28\n lea 1(%rbx), %rbx\n .endr\n"
    "  mov %rbx, %rax\n pop %rbx\n ret\n"
    ".size pushes_long_way, . - pushes_long_way\n"
    ".nops 5\n"

    ".globl outside\n.type outside, @function\n"
    "outside: lea 7(%rdi), %rax\n ret\n"
    ".size outside, . - outside\n"

    /* What all calls are sent to: it notes the registers and the return address. */
    ".p2align 4\n"
    ".globl probe\n.type probe, @function\n"
    "probe:\n"
    "  mov %rax, noted(%rip)\n mov %rcx, noted+8(%rip)\n mov %rdx, noted+16(%rip)\n"
    "  mov %rbx, noted+24(%rip)\n mov %rsp, noted+32(%rip)\n mov %rbp, noted+40(%rip)\n"
    "  mov %rsi, noted+48(%rip)\n mov %rdi, noted+56(%rip)\n mov %r8, noted+64(%rip)\n"
    "  mov %r9, noted+72(%rip)\n mov %r10, noted+80(%rip)\n mov %r11, noted+88(%rip)\n"
    "  mov %r12, noted+96(%rip)\n mov %r13, noted+104(%rip)\n mov %r14, noted+112(%rip)\n"
    "  mov %r15, noted+120(%rip)\n mov (%rsp), %rax\n mov %rax, noted+128(%rip)\n"
    "  mov $0x600d, %eax\n ret\n"
    ".size probe, . - probe\n"

    /* Room for stubs. */
    ".p2align 4\n"
    ".globl stub_room\n"
    "stub_room: .skip 256, 0xcc\n"
    ".popsection\n"
);

unsigned long noted[17];
