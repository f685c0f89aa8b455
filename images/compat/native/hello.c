/* Reads a file of the image, so that the output shows whose file system the program sees. */
#include <stdio.h>

int main(void)
{
    char line[256] = "";
    FILE *file = fopen("/etc/debian_version", "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        perror("/etc/debian_version");
        return 3;
    }
    printf("hello from %s", line);
    return fclose(file);
}
