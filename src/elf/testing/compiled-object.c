/*
 * An object that Reweave's own writer did not make, for the reader's tests. Made with
 *   gcc -c -O2 -fcf-protection=none -fno-asynchronous-unwind-tables -o compiled-object.o compiled-object.c
 *   readelf -SsrW compiled-object.o > compiled-object.readelf.txt
 */
extern int report(const char *text, long value);

static long seen[4];
int limit = 0xff;
int (*const reporter)(const char *, long) = report;

static __attribute__((noinline)) long remember(unsigned int index, long value)
{
    seen[index & 3] += value;
    return seen[(index + 1) & 3];
}

int check(unsigned int index, long value)
{
    if (value > limit)
        return report("above the limit", value);
    return (int)remember(index, value);
}

__attribute__((weak, visibility("hidden"))) void hook(void)
{
}
