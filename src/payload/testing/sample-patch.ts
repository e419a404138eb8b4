/**
 * A small hypervisor in C before and after a fix, as sources for tests.
 *
 * @module
 */

/** What the image is linked from. */
export const SAMPLE_BEFORE = `
int limit = 3;
static int count;
int printk(const char *format, ...) { return format[0]; }
static __attribute__((noinline)) int seen(int value) { count += value; return count; }
int report(int value) { return printk("report", value); }
int check(int value) { return seen(value) > limit ? printk("above", value) : report(value); }
__attribute__((naked)) int tiny(void) { asm("ret"); }
`

/** The fix: \`check\` looks at more, by way of a function that is new. */
export const SAMPLE_AFTER = `
extern int limit;
static int count;
int printk(const char *format, ...);
static __attribute__((noinline)) int seen(int value) { count += value; return count; }
static const int bounds[] = { 5, 7, 11 };
static __attribute__((noinline)) int bounded(int value) { return value & 3 ? bounds[value & 1] : count; }
int report(int value);
int check(int value);
int (*const reporters[2])(int) = { report, check };
int check(int value)
{
  if (value < 0) return printk("below", value);
  return seen(value) > limit ? printk("above", bounded(value)) : reporters[value & 1](value);
}
`

/** A function with alternatives: one that does nothing, a jump out of it, an indirect call. */
export const SAMPLE_ALTERNATIVES = `
extern int (*const hook)(int);
int printk(const char *format, ...);
#define ENTRY(feature, old, new, pad) \\
  ".pushsection .altinstructions,\\"a\\"\\n" \\
  ".long 661b - .\\n.long 771f - .\\n.word " feature "\\n" \\
  ".byte " old "\\n.byte 772f - 771f\\n.byte " pad "\\n.byte 0\\n" \\
  ".section .altinstr_replacement,\\"ax\\"\\n771: " new "\\n772:\\n.popsection\\n"
int check(int value)
{
  asm volatile("661: nop; nop; nop\\n" ENTRY("33", "0", "stac", "3") : : : "memory");
  asm volatile("661: .byte 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90\\n"
    ENTRY("0x8021", "0", "call printk", "8") : : : "memory");
  asm volatile("661: call *hook(%%rip)\\n"
    ENTRY("608", "6", ".byte 0xe8, 0xfb, 0xff, 0xff, 0xff", "0") : : : "memory");
  return printk("done", value);
}
`
