/**
 * C sources with what Xen's objects have that is hard to prove: static functions of one name,
 * strings, fixups, alternatives, bug frames, merged constants.
 *
 * @module
 */

/** The rest of the sample hypervisor: what `MAIN_SOURCE` refers to. */
export const OTHER_SOURCE = `
int counter = 1;
int spare = 2;
int outer(int x) { return x - 1; }
int other(int x) { return x - 2; }
const char *say(const char *text) { __asm__ volatile ( "" : "+r" (text) ); return text; }
static int __attribute__((noinline)) twice(int x) { __asm__ volatile ( "" : "+r" (x) ); return x * 5; }
int fivefold(int x) { return twice(x) + 1; }
int good_text(void) { return say("good")[0] + say("morning")[0]; }
`

export const MAIN_SOURCE = `
extern int counter, spare;
extern int outer(int x), other(int x);
extern const char *say(const char *text);

static int __attribute__((noinline)) twice(int x) { __asm__ volatile ( "" : "+r" (x) ); return x * 2; }
static int calls;
static const int factors[] = { 3, 5, 7, 9 };
static const char *const names[] = { "north", "south" };

int plain(int x) { return x * 77 + 5; }
int calling(int x) { calls++; return outer(twice(x)) + counter; }
const char *greeting(void) { return say("good morning"); }
int factor(unsigned int x) { return factors[x & 3]; }
const char *name(unsigned int x) { return names[x & 1]; }

int guarded(const int *p)
{
    int x = 0;

    __asm__ volatile ( "1: mov %1, %0\\n2:\\n"
                       ".pushsection .fixup,\\"ax\\"\\n3: mov $-14, %0\\n jmp 2b\\n.popsection\\n"
                       ".pushsection .ex_table,\\"a\\"\\n.balign 4\\n"
                       ".long 1b - ., 3b - .\\n.popsection\\n"
                       : "+r" (x) : "m" (*p) );
    return x;
}

int guarded_too(const int *p)
{
    int x = 0;

    __asm__ volatile ( "1: mov %1, %0\\n2:\\n"
                       ".pushsection .fixup,\\"ax\\"\\n3: mov $-22, %0\\n jmp 2b\\n.popsection\\n"
                       ".pushsection .ex_table,\\"a\\"\\n.balign 4\\n"
                       ".long 1b - ., 3b - .\\n.popsection\\n"
                       : "+r" (x) : "m" (*p) );
    return x;
}

void fenced(void)
{
    __asm__ volatile ( "1: .byte 0x0f, 0x1f, 0x00\\n2:\\n"
                       ".pushsection .altinstructions,\\"a\\"\\n"
                       ".long 1b - ., 3f - .\\n.word 100\\n.byte 3, 4 - 3 + 2, 0, 0\\n.popsection\\n"
                       ".pushsection .altinstr_replacement,\\"ax\\"\\n3: call outer\\n.popsection\\n"
                       ::: "memory" );
}

void failing(int x)
{
    if ( x )
        __asm__ volatile ( "1: ud2\\n.pushsection .bug_frames.2,\\"a\\"\\n.balign 4\\n"
                           "2: .long (1b - 2b) + (1 << 24)\\n"
                           ".long (%c0 - 2b) + (44 << 24)\\n.popsection\\n" :: "i" ("main.c") );
}

int __attribute__((section(".exit.text"))) leaving(void) { return 1; }
`
