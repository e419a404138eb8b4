/**
 * C macros that leave in an object what Xen's own leave: entries of special sections.
 *
 * The forms are those of Xen 4.17 (xen/arch/x86/include/asm: bug.h, alternative.h, uaccess.h), of a
 * call site that of 4.21 (alternative-call.h).
 */
export const XEN_LIKE = `
#define NOINLINE __attribute__((noinline))
#define SECTION(name) __attribute__((section(name)))
#define INIT NOINLINE SECTION(".init.text")
#define FRAME(type, more) \\
  asm volatile("1: ud2\\n" \\
    ".pushsection .bug_frames." #type ", \\"a\\", @progbits\\n" \\
    ".p2align 2\\n" \\
    "2: .long (1b - 2b) + %c0\\n" \\
    ".long (%c1 - 2b) + %c2\\n" more ".popsection\\n" \\
    :: "i" ((__LINE__ >> 7) << 24), "i" (__FILE__), "i" ((__LINE__ & 127) << 24), "i" ("held"))
#define BUG() FRAME(2, "")
#define ASSERT(x) do { if (!(x)) FRAME(3, ".long 0, %c3 - 2b\\n"); } while (0)
#define ALTERNATIVE(old, new, feature) \\
  asm volatile("1: " old "\\n2:\\n" \\
    ".skip -(((4f - 3f) - (2b - 1b)) > 0) * ((4f - 3f) - (2b - 1b)), 0x90\\n" \\
    ".pushsection .altinstructions, \\"a\\", @progbits\\n" \\
    ".long 1b - .\\n.long 3f - .\\n.word " #feature "\\n" \\
    ".byte 2b - 1b, 4f - 3f, 0, 0\\n.popsection\\n" \\
    ".pushsection .altinstr_replacement, \\"ax\\", @progbits\\n" \\
    "3: " new "\\n4:\\n.popsection" ::: "memory")
#define CALL_SITE(pointer) \\
  asm volatile("1: call *%c0(%%rip)\\n" \\
    ".pushsection .alt_call_sites, \\"a\\", @progbits\\n" \\
    ".long 1b - .\\n.popsection" :: "i" (&(pointer)) : "memory")
#define GUARDED_READ(to, from) \\
  asm volatile("1: movl %1, %0\\n2:\\n" \\
    ".pushsection .fixup, \\"ax\\", @progbits\\n" \\
    "3: movl $-14, %0\\njmp 2b\\n.popsection\\n" \\
    ".pushsection .ex_table, \\"a\\", @progbits\\n" \\
    ".long 1b - .\\n.long 3b - .\\n.popsection" \\
    : "=r" (to) : "m" (from))
extern int printk(const char *text, ...);
`
