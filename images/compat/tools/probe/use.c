#include <stdio.h>

const char *where(void);

int main(void)
{
    return puts(where()) < 0;
}
