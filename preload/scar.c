/*
 * What libfakechroot leaves open, for programs that run through the loader of their image. Loaded before it.
 *
 *   /proc/self/exe   names the loader, and cmdline begins with it: say the program, and its own arguments
 *   argv[0]          is the path that was executed: pass on what the caller said
 *   execution        any file is given to the loader: refuse what the kernel refuses, so that scripts without #! run
 *   environment      a program that empties it would lose the root: remember the root's variables
 *   LD_LIBRARY_PATH  and LD_PRELOAD of a program's own: the loader reads them without the root, so add it
 *   shm_, sem_open   have a fixed path in /dev/shm, which Lambda lacks: use the image's own
 *   raw calls        syscall(2), files and folders of posix_spawn, execvpe know no root: add it
 *   Unix sockets     hold 107 bytes of a path, and the root's path takes 62: go through the open folder
 *   passwd, group    the C library reads the machine's: read the image's
 *   locales          in an archive are out of reach: take C.UTF-8 for one that is not found
 *
 * Built once for any glibc from 2.17 on, so nothing newer is called, and dlsym by the version that all have; and
 * once for those from 2.29 on (GLIBC is 229), with functions that older ones lack: programs look whether such are
 * there, and do without.
 */
#define __nonnull(parameters) /* callers do pass NULL where the headers forbid it: its checks must stay */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <locale.h>
#include <pwd.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#if defined(__x86_64__)
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");
#elif defined(__aarch64__)
__asm__(".symver dlsym, dlsym@GLIBC_2.17");
#endif

/* The function of this name that would be called without this library: libfakechroot's or the C library's. */
#define NEXT(name)                                                              \
    ({                                                                          \
        static __typeof__(&name) found;                                         \
        found != NULL ? found : (found = (__typeof__(&name))dlsym(RTLD_NEXT, #name)); \
    })

extern char **environ;

/* The variables without which a program does not see its root. */
static const char *const names[] = {
    "FAKECHROOT_BASE", "FAKECHROOT_ELFLOADER", "FAKECHROOT_EXCLUDE_PATH", "SCAR_LIBRARY_PATH", "SCAR_PRELOAD",
};
enum { COUNT = sizeof names / sizeof *names };
static char *remembered[COUNT]; /* as they stand in the environment: NAME=value */

/* Where the root's data is that the C library opens by itself. A program may have its own. */
static const char *const data_names[] = {"TZDIR", "LOCPATH", "GCONV_PATH"};
enum { DATA = sizeof data_names / sizeof *data_names };
static char *remembered_data[DATA];

static int is_of(const char *entry, const char *name)
{
    size_t length = strlen(name);
    return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

/* The entry of a variable, NULL if there is none. */
static char *find(const char *name, char *const variables[])
{
    for (; variables != NULL && *variables != NULL; variables++)
        if (is_of(*variables, name))
            return *variables;
    return NULL;
}

static void remember_each(int count, const char *const wanted[], char *entries[])
{
    for (int at = 0; at < count; at++) {
        const char *entry = find(wanted[at], environ);
        if (entries[at] == NULL && entry != NULL)
            entries[at] = strdup(entry);
    }
}

static void remember(void)
{
    remember_each(COUNT, names, remembered);
    remember_each(DATA, data_names, remembered_data);
}

/* libfakechroot asks for its variables at every path, also where the program has removed them. */
char *getenv(const char *name)
{
    char *entry = find(name, environ);
    for (int at = 0; entry == NULL && at < COUNT; at++)
        if (strcmp(name, names[at]) == 0)
            entry = remembered[at];
    return entry == NULL ? NULL : entry + strlen(name) + 1;
}

static const char *root(void)
{
    const char *base = getenv("FAKECHROOT_BASE");
    return base == NULL ? "" : base;
}

/* The path without the root's. */
static const char *narrowed(const char *path)
{
    size_t length = strlen(root());
    return strncmp(path, root(), length) == 0 && path[length] == '/' ? path + length : path;
}

static int is_excluded(const char *path)
{
    const char *folders = getenv("FAKECHROOT_EXCLUDE_PATH");
    while (folders != NULL && *folders) {
        size_t length = strcspn(folders, ":");
        if (length > 0 && strncmp(path, folders, length) == 0 && (path[length] == '/' || path[length] == 0))
            return 1;
        folders += length + (folders[length] != 0);
    }
    return 0;
}

/* The path as it is outside of the root. */
static const char *expanded(const char *path, char buffer[PATH_MAX])
{
    if (path == NULL || *path != '/' || narrowed(path) != path || is_excluded(path)
        || strlen(root()) + strlen(path) >= PATH_MAX)
        return path;
    strcpy(stpcpy(buffer, root()), path);
    return buffer;
}

/* The caller's argv[0] goes along as "SCAR_ARGV0=<path>:<argv[0]>". The path tells a script, which has another. */
static const char announcement[] = "SCAR_ARGV0=";

static size_t count_of(char *const list[])
{
    size_t count = 0;
    while (list != NULL && list[count] != NULL)
        count++;
    return count;
}

/* The two lists that the loader reads: the root's part of each, and which comes first. */
static const struct { const char *variable, *part; int part_first; } lists[] = {
    {"LD_LIBRARY_PATH", "SCAR_LIBRARY_PATH", 0},
    {"LD_PRELOAD", "SCAR_PRELOAD", 1},
};
enum { LISTS = sizeof lists / sizeof *lists };

static const char *value_of(const char *name, char *const variables[])
{
    const char *entry = find(name, variables);
    return entry == NULL ? "" : entry + strlen(name) + 1;
}

static size_t room_for(int list, char *const variables[])
{
    size_t entries = 1;
    const char *value = value_of(lists[list].variable, variables), *part = getenv(lists[list].part);
    for (const char *at = value; *at; at++)
        entries += *at == ':' || *at == ' ';
    return strlen(lists[list].variable) + strlen(value) + (part ? strlen(part) : 0) + entries * (strlen(root()) + 1)
        + 4;
}

/* "NAME=" and the program's own entries, seen from outside of the root, beside the root's part. */
static void write_list(char *to, int list, char *const variables[])
{
    const char *value = value_of(lists[list].variable, variables), *part = getenv(lists[list].part);
    const char *inherited = part == NULL || *part == 0 ? NULL : strstr(value, part);
    const char *separator = "";
    to = stpcpy(stpcpy(to, lists[list].variable), "=");
    if (part != NULL && lists[list].part_first) {
        to = stpcpy(to, part);
        separator = ":";
    }
    while (*value) {
        if (value == inherited) {
            value += strlen(part);
            continue;
        }
        size_t length = strcspn(value, ": ");
        if (length > 0) {
            to = stpcpy(to, separator);
            to = stpcpy(to, *value == '/' && narrowed(value) == value ? root() : "");
            to = mempcpy(to, value, length);
            separator = ":";
        }
        value += length + (value[length] != 0);
    }
    if (part != NULL && !lists[list].part_first)
        to = stpcpy(stpcpy(to, separator), part);
    *to = 0;
}

/* Whether a variable is written anew for every program. */
static int is_ours(const char *entry)
{
    for (int list = 0; list < LISTS; list++)
        if (is_of(entry, lists[list].variable))
            return 1;
    for (int at = 0; at < COUNT; at++)
        if (remembered[at] != NULL && is_of(entry, names[at]))
            return 1;
    return 0;
}

/*
 * A program by its own path: where a link leads to decides where it looks for its libraries ($ORIGIN), and what it
 * was called is told by its whole path. NULL, with errno, for what the kernel would not start: libfakechroot would
 * have the loader try it, or wait for a pipe.
 */
static const char *program_of(const char *path, char resolved[PATH_MAX])
{
    struct stat status;
    char magic[4] = "", target;
    if (path == NULL) {
        errno = EFAULT;
        return NULL;
    }
    if (access(path, X_OK) != 0 || syscall(SYS_newfstatat, AT_FDCWD, path, &status, 0) != 0)
        return NULL;
    if (!S_ISREG(status.st_mode)) {
        errno = EACCES;
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return path;
    ssize_t size = read(fd, magic, sizeof magic);
    close(fd);
    if (size >= 2 && memcmp(magic, "#!", 2) == 0)
        return path; /* its $0 is what it was called, a link too */
    if (size != sizeof magic || memcmp(magic, "\177ELF", 4) != 0) {
        errno = ENOEXEC;
        return NULL;
    }
    if (*path == '/' && readlink(path, &target, 1) < 0)
        return path;
    return realpath(path, resolved) != NULL ? resolved : path;
}

/* The arguments of a new program: the kernel, too, gives a name to one that is to have none. */
static char *const *named(char *const argv[])
{
    static char nothing[1];
    static char *const name_only[] = {nothing, NULL};
    return argv == NULL || argv[0] == NULL ? name_only : argv;
}

/* The variables of a new program, on the stack: the child of a vfork must not allocate. */
#define PREPARED(path, argv, envp)                                                                           \
    size_t count = count_of(envp), kept = 0;                                                                 \
    char text[sizeof announcement + strlen(path) + strlen(argv[0]) + 1];                                     \
    char *variables[count + LISTS + COUNT + DATA + 2];                                                       \
    char libraries[room_for(0, envp)], preloads[room_for(1, envp)];                                          \
    strcpy(stpcpy(stpcpy(stpcpy(text, announcement), path), ":"), argv[0]);                                  \
    write_list(libraries, 0, envp);                                                                          \
    write_list(preloads, 1, envp);                                                                           \
    for (size_t at = 0; at < count; at++)                                                                    \
        if (!is_ours(envp[at]))                                                                              \
            variables[kept++] = envp[at];                                                                    \
    for (int at = 0; at < COUNT; at++)                                                                       \
        if (remembered[at] != NULL)                                                                          \
            variables[kept++] = remembered[at];                                                              \
    for (int at = 0; at < DATA; at++)                                                                        \
        if (remembered_data[at] != NULL && find(data_names[at], envp) == NULL)                               \
            variables[kept++] = remembered_data[at];                                                         \
    variables[kept++] = libraries;                                                                           \
    variables[kept++] = preloads;                                                                            \
    variables[kept++] = text;                                                                                \
    variables[kept] = NULL;

int execve(const char *path, char *const argv[], char *const envp[])
{
    char resolved[PATH_MAX];
    path = program_of(path, resolved);
    if (path == NULL)
        return -1;
    argv = named(argv);
    PREPARED(path, argv, envp)
    return NEXT(execve)(path, argv, variables);
}

/* execve, for which what is no program is a script of the shell. */
static int execute(const char *path, char *const argv[], char *const envp[])
{
    execve(path, argv, envp);
    if (errno != ENOEXEC)
        return -1;
    size_t count = count_of(argv);
    char *script[count + 3];
    script[0] = "/bin/sh";
    script[1] = (char *)path;
    for (size_t at = 1; at < count; at++)
        script[at + 1] = argv[at];
    script[count > 1 ? count + 1 : 2] = NULL;
    return execve(script[0], script, envp);
}

/* As in the C library, whose own does not ask this library for each folder. In a vfork's child, too: no malloc. */
int execvpe(const char *file, char *const argv[], char *const envp[])
{
    const char *folder = getenv("PATH"), *end;
    int error = ENOENT;
    char path[PATH_MAX];
    if (strchr(file, '/') != NULL)
        return execute(file, argv, envp);
    if (folder == NULL)
        folder = "/bin:/usr/bin";
    for (; *file; folder = end + 1) {
        end = strchrnul(folder, ':');
        int length = (int)(end - folder);
        if (snprintf(path, PATH_MAX, "%.*s%s%s", length, folder, length > 0 ? "/" : "", file) < PATH_MAX)
            execute(path, argv, envp);
        else
            errno = ENAMETOOLONG;
        if (errno == EACCES)
            error = EACCES;
        else if (errno != ENOENT && errno != ENOTDIR && errno != ESTALE && errno != ENODEV && errno != ETIMEDOUT)
            return -1;
        if (*end == 0)
            break;
    }
    errno = error;
    return -1;
}

int execvp(const char *file, char *const argv[])
{
    return execvpe(file, argv, environ);
}

/* The program of an open file by its path, since its loader has to find it. Not one that has no path any more. */
int fexecve(int fd, char *const argv[], char *const envp[])
{
    char link[32], path[PATH_MAX];
    struct stat open_file, file;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    if (narrowed(path) != path && syscall(SYS_newfstatat, fd, "", &open_file, AT_EMPTY_PATH) == 0
        && syscall(SYS_newfstatat, AT_FDCWD, path, &file, 0) == 0 && file.st_dev == open_file.st_dev
        && file.st_ino == open_file.st_ino)
        return execve(narrowed(path), argv, envp);
    return NEXT(fexecve)(fd, argv, envp);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    char resolved[PATH_MAX];
    path = program_of(path, resolved);
    if (path == NULL)
        return errno;
    argv = named(argv);
    PREPARED(path, argv, envp)
    return NEXT(posix_spawn)(pid, path, actions, attributes, argv, variables);
}

int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions, int fd, const char *path, int flags,
                                     mode_t mode)
{
    char buffer[PATH_MAX];
    return NEXT(posix_spawn_file_actions_addopen)(actions, fd, expanded(path, buffer), flags, mode);
}

#if GLIBC >= 229
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path)
{
    char buffer[PATH_MAX];
    return NEXT(posix_spawn_file_actions_addchdir_np)(actions, expanded(path, buffer));
}

/* The name that POSIX chose, which the C library has in its newest versions only. */
int posix_spawn_file_actions_addchdir(posix_spawn_file_actions_t *actions, const char *path)
{
    return posix_spawn_file_actions_addchdir_np(actions, path);
}
#endif

static char *withdrawn(void)
{
    size_t length = sizeof announcement - 1;
    char *found = NULL, **to = environ;
    for (char **from = environ; from != NULL && *from != NULL; from++)
        if (strncmp(*from, announcement, length) == 0)
            found = *from + length;
        else
            *to++ = *from;
    if (to != NULL)
        *to = NULL;
    return found;
}

static const char *own_name; /* argv[0] as the caller said it */

/*
 * Put a name before the other arguments. Programs that write a title over their arguments take these for one piece
 * of memory, so a longer name than the one that is there takes all of them along.
 */
static void put_name(char **argv, const char *said)
{
    size_t length = strlen(said) + 1, room = strlen(argv[0]) + 1;
    if (length <= room) {
        argv[0] = memcpy(argv[0] + room - length, said, length);
        return;
    }
    for (char **at = argv + 1; *at != NULL; at++)
        length += strlen(*at) + 1;
    char *to = malloc(length);
    for (char **at = argv; to != NULL && *at != NULL; at++) {
        const char *from = at == argv ? said : *at;
        *at = to;
        to = stpcpy(to, from) + 1;
    }
}

static void name_program(char **argv)
{
    char *wanted = withdrawn();
    if (argv[0] == NULL)
        return;
    const char *path = narrowed(argv[0]);
    size_t length = strlen(path);
    if (wanted != NULL && strncmp(wanted, path, length) == 0 && wanted[length] == ':')
        put_name(argv, wanted + length + 1);
    else
        argv[0] = (char *)path;
    own_name = argv[0];
    program_invocation_name = argv[0];
    char *slash = strrchr(argv[0], '/');
    program_invocation_short_name = slash == NULL ? argv[0] : slash + 1;
    prctl(PR_SET_NAME, program_invocation_short_name, 0, 0, 0); /* for ps, which would show the loader's */
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
    (void)argc;
    remember();
    name_program(argv);
}

/* The name of the mapping that a line of /proc/self/maps is about, NULL if the address is in another. */
static const char *mapped_at(unsigned long address, const char *line)
{
    char *end;
    unsigned long first = strtoul(line, &end, 16);
    return first <= address && *end == '-' && address < strtoul(end + 1, NULL, 16) ? strchr(line, '/') : NULL;
}

/*
 * The file that the program was loaded from, as it is outside of the root: it is where the program's entry point is.
 * False if that is not told. A handler of a signal may ask, so nothing is allocated.
 */
static int find_program(char path[PATH_MAX])
{
    unsigned long entry = getauxval(AT_ENTRY);
    char text[PATH_MAX + 128];
    size_t size = 0;
    int found = 0, maps = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
    for (ssize_t more; !found && (more = read(maps, text + size, sizeof text - 1 - size)) > 0;) {
        char *line = text;
        size += (size_t)more;
        text[size] = 0;
        for (char *end; !found && (end = strchr(line, '\n')) != NULL; line = end + 1) {
            *end = 0;
            const char *name = mapped_at(entry, line);
            found = name != NULL && memccpy(path, name, 0, PATH_MAX) != NULL;
        }
        size -= (size_t)(line - text);
        memmove(text, line, size);
    }
    close(maps);
    return found;
}

/* Whether the path is this entry of the process's own folder in /proc, or of the folder of one of its threads. */
static int is_own(const char *path, const char *entry)
{
    char number[16];
    const char *const folders[] = {"self/", "thread-self/", number};
    if (path == NULL || strncmp(path, "/proc/", 6) != 0)
        return 0;
    snprintf(number, sizeof number, "%d/", (int)getpid());
    for (size_t at = 0; at < sizeof folders / sizeof *folders; at++) {
        size_t length = strlen(folders[at]);
        const char *rest = path + 6 + length;
        if (strncmp(path + 6, folders[at], length) != 0)
            continue;
        if (strncmp(rest, "task/", 5) == 0)
            rest += 5 + strspn(rest + 5, "0123456789/");
        return strcmp(rest, entry) == 0;
    }
    return 0;
}

static ssize_t read_own_exe(char *buffer, size_t size)
{
    char found[PATH_MAX];
    if (!find_program(found))
        return -1;
    const char *program = narrowed(found);
    size_t length = strnlen(program, size);
    memcpy(buffer, program, length);
    return (ssize_t)length;
}

ssize_t readlink(const char *path, char *buffer, size_t size)
{
    ssize_t length = is_own(path, "exe") ? read_own_exe(buffer, size) : -1;
    return length >= 0 ? length : NEXT(readlink)(path, buffer, size);
}

ssize_t readlinkat(int folder, const char *path, char *buffer, size_t size)
{
    ssize_t length = is_own(path, "exe") ? read_own_exe(buffer, size) : -1;
    return length >= 0 ? length : NEXT(readlinkat)(folder, path, buffer, size);
}

ssize_t __readlink_chk(const char *path, char *buffer, size_t size, size_t room)
{
    return size > room ? (abort(), -1) : readlink(path, buffer, size);
}

ssize_t __readlinkat_chk(int folder, const char *path, char *buffer, size_t size, size_t room)
{
    return size > room ? (abort(), -1) : readlinkat(folder, path, buffer, size);
}

char *realpath(const char *path, char *resolved)
{
    char program[PATH_MAX];
    if (is_own(path, "exe") && find_program(program))
        path = narrowed(program);
    return NEXT(realpath)(path, resolved);
}

/* The path to open or to look at for one that a program says. */
static const char *own_path(const char *path, char buffer[PATH_MAX])
{
    return is_own(path, "exe") && find_program(buffer) ? narrowed(buffer) : path;
}

/* The same, for a call that may be about the link itself. */
static const char *followed(const char *path, int flags, char buffer[PATH_MAX])
{
    return flags & AT_SYMLINK_NOFOLLOW ? path : own_path(path, buffer);
}

/* The same, as it is outside of the root. */
static const char *followed_outside(const char *path, int flags, char buffer[PATH_MAX])
{
    int is_program = !(flags & AT_SYMLINK_NOFOLLOW) && is_own(path, "exe") && find_program(buffer);
    return is_program ? buffer : expanded(path, buffer);
}

/* Calls that the C library has no function for, or had none when the program was written: Node.js makes such. */
long syscall(long number, ...)
{
    char buffer[PATH_MAX];
    long words[6];
    va_list more;
    va_start(more, number);
    for (int at = 0; at < 6; at++)
        words[at] = va_arg(more, long);
    va_end(more);
    switch (number) {
    case SYS_newfstatat:
        words[1] = (long)followed_outside((const char *)words[1], (int)words[3], buffer);
        break;
    case SYS_statx:
        words[1] = (long)followed_outside((const char *)words[1], (int)words[2], buffer);
        break;
    case SYS_openat:
    case SYS_readlinkat:
    case SYS_faccessat:
#ifdef SYS_openat2
    case SYS_openat2:
    case SYS_faccessat2:
#endif
        words[1] = (long)expanded((const char *)words[1], buffer);
    }
    return NEXT(syscall)(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

/* How much of the loader's arguments precedes the program's: "<loader> [--argv0 <name>]
 * [--library-path <folders>] <program>". */
static size_t loader_part(const char *text, size_t size)
{
    const char *loader = getenv("FAKECHROOT_ELFLOADER"), *end = text + size;
    if (loader == NULL || strcmp(text, loader) != 0)
        return 0;
    const char *at = text + strlen(text) + 1;
    for (int strings = 1; strings > 0 && at < end; strings--) {
        if (strings == 1 && (strcmp(at, "--argv0") == 0 || strcmp(at, "--library-path") == 0))
            strings += 2;
        at += strlen(at) + 1;
    }
    return at <= end ? (size_t)(at - text) : 0;
}

/* A file with the arguments of the program, -1 if they cannot be told. Apart from its caller for its large stack. */
__attribute__((noinline)) static int copy_arguments(const char *path, int flags)
{
    char text[3 * PATH_MAX];
    int from = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    int to = (int)syscall(SYS_memfd_create, "cmdline", flags & O_CLOEXEC ? 1 : 0);
    ssize_t size = read(from, text, sizeof text - 1);
    text[size > 0 ? size : 0] = 0;
    size_t part = size > 0 ? loader_part(text, (size_t)size) : 0;
    int written = to >= 0 && part > 0 && write(to, own_name, strlen(own_name) + 1) > 0;
    for (char *at = text + part; written && size > 0; at = text, size = read(from, text, sizeof text)) {
        size_t left = (size_t)(size - (at - text));
        written = write(to, at, left) == (ssize_t)left;
    }
    close(from);
    if (written && lseek(to, 0, SEEK_SET) == 0)
        return to;
    close(to);
    return -1;
}

/* The same, and -1 if the path does not ask for them. */
static int open_arguments(const char *path, int flags)
{
    return own_name != NULL && is_own(path, "cmdline") ? copy_arguments(path, flags) : -1;
}

static int makes_file(int flags)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

#define OPEN(name)                                                                       \
    int name(const char *path, int flags, ...)                                           \
    {                                                                                    \
        char buffer[PATH_MAX];                                                           \
        va_list more;                                                                    \
        va_start(more, flags);                                                           \
        mode_t mode = makes_file(flags) ? va_arg(more, mode_t) : 0;                      \
        va_end(more);                                                                    \
        int fd = open_arguments(path, flags);                                            \
        return fd >= 0 ? fd : NEXT(name)(own_path(path, buffer), flags, mode);           \
    }

#define OPEN_AT(name)                                                                    \
    int name(int folder, const char *path, int flags, ...)                               \
    {                                                                                    \
        char buffer[PATH_MAX];                                                           \
        va_list more;                                                                    \
        va_start(more, flags);                                                           \
        mode_t mode = makes_file(flags) ? va_arg(more, mode_t) : 0;                      \
        va_end(more);                                                                    \
        int fd = open_arguments(path, flags);                                            \
        return fd >= 0 ? fd : NEXT(name)(folder, own_path(path, buffer), flags, mode);   \
    }

#define OPEN_FILE(name)                                                                  \
    FILE *name(const char *path, const char *mode)                                       \
    {                                                                                    \
        char buffer[PATH_MAX];                                                           \
        int fd = open_arguments(path, strchr(mode, 'e') != NULL ? O_CLOEXEC : 0);        \
        return fd >= 0 ? fdopen(fd, mode) : NEXT(name)(own_path(path, buffer), mode);    \
    }

#define STATUS(name, record)                                                             \
    int name(const char *path, struct record *status)                                    \
    {                                                                                    \
        char buffer[PATH_MAX];                                                           \
        return NEXT(name)(own_path(path, buffer), status);                               \
    }

#define VERSIONED_STATUS(name, record)                                                   \
    int name(int version, const char *path, struct record *status)                       \
    {                                                                                    \
        char buffer[PATH_MAX];                                                           \
        return NEXT(name)(version, own_path(path, buffer), status);                      \
    }

#define STATUS_AT(name, record)                                                          \
    int name(int folder, const char *path, struct record *status, int flags)             \
    {                                                                                    \
        char buffer[PATH_MAX];                                                           \
        return NEXT(name)(folder, followed(path, flags, buffer), status, flags);         \
    }

#define VERSIONED_STATUS_AT(name, record)                                                \
    int name(int version, int folder, const char *path, struct record *status, int flags) \
    {                                                                                    \
        char buffer[PATH_MAX];                                                           \
        return NEXT(name)(version, folder, followed(path, flags, buffer), status, flags); \
    }

/* What compilers call where they know the flags, and what stat is called before glibc 2.33. */
int __open_2(const char *, int, ...);
int __open64_2(const char *, int, ...);
int __openat_2(int, const char *, int, ...);
int __openat64_2(int, const char *, int, ...);
int __xstat(int, const char *, struct stat *);
int __xstat64(int, const char *, struct stat64 *);
int __fxstatat(int, int, const char *, struct stat *, int);
int __fxstatat64(int, int, const char *, struct stat64 *, int);

OPEN(open)
OPEN(open64)
OPEN(__open_2)
OPEN(__open64_2)
OPEN_AT(openat)
OPEN_AT(openat64)
OPEN_AT(__openat_2)
OPEN_AT(__openat64_2)
OPEN_FILE(fopen)
OPEN_FILE(fopen64)
STATUS(stat, stat)
STATUS(stat64, stat64)
VERSIONED_STATUS(__xstat, stat)
VERSIONED_STATUS(__xstat64, stat64)
STATUS_AT(fstatat, stat)
STATUS_AT(fstatat64, stat64)
VERSIONED_STATUS_AT(__fxstatat, stat)
VERSIONED_STATUS_AT(__fxstatat64, stat64)

#if GLIBC >= 229
int statx(int folder, const char *path, int flags, unsigned mask, struct statx *status)
{
    char buffer[PATH_MAX];
    return NEXT(statx)(folder, followed(path, flags, buffer), flags, mask, status);
}
#endif

/* Named shared memory and semaphores: files in the image's /dev/shm, reached by no wrapped call. */

static int in_shm(char path[PATH_MAX], const char *prefix, const char *name)
{
    name += strspn(name, "/");
    if (*name == 0 || strchr(name, '/') != NULL || strlen(name) + strlen(prefix) > NAME_MAX) {
        errno = EINVAL;
        return 0;
    }
    snprintf(path, PATH_MAX, "%s/dev", root());
    syscall(SYS_mkdirat, AT_FDCWD, path, 0755);
    snprintf(path, PATH_MAX, "%s/dev/shm", root());
    syscall(SYS_mkdirat, AT_FDCWD, path, 01777);
    if (snprintf(path, PATH_MAX, "%s/dev/shm/%s%s", root(), prefix, name) < PATH_MAX)
        return 1;
    errno = ENAMETOOLONG;
    return 0;
}

static int open_file(const char *path, int flags, mode_t mode)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
}

int shm_open(const char *name, int flags, mode_t mode)
{
    char path[PATH_MAX];
    return in_shm(path, "", name) ? open_file(path, flags, mode) : -1;
}

int shm_unlink(const char *name)
{
    char path[PATH_MAX];
    return in_shm(path, "", name) ? (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0) : -1;
}

static sem_t *map_semaphore(int fd)
{
    void *found = mmap(NULL, sizeof(sem_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return found == MAP_FAILED ? SEM_FAILED : found;
}

/* The semaphore appears under its name by a link, when it is whole. */
static sem_t *make_semaphore(const char *path, mode_t mode, unsigned value)
{
    char made[PATH_MAX + 32];
    snprintf(made, sizeof made, "%s.%d", path, (int)getpid());
    int fd = open_file(made, O_RDWR | O_CREAT | O_EXCL, mode);
    if (fd < 0)
        return SEM_FAILED;
    __typeof__(&sem_init) initialize = (__typeof__(&sem_init))dlsym(RTLD_DEFAULT, "sem_init");
    sem_t *semaphore = ftruncate(fd, sizeof(sem_t)) == 0 ? map_semaphore(fd) : (close(fd), SEM_FAILED);
    if (semaphore != SEM_FAILED
        && (initialize(semaphore, 1, value) != 0
            || syscall(SYS_linkat, AT_FDCWD, made, AT_FDCWD, path, 0) != 0)) {
        int error = errno;
        munmap(semaphore, sizeof(sem_t));
        errno = error;
        semaphore = SEM_FAILED;
    }
    int error = errno;
    syscall(SYS_unlinkat, AT_FDCWD, made, 0);
    errno = error;
    return semaphore;
}

sem_t *sem_open(const char *name, int flags, ...)
{
    char path[PATH_MAX];
    if (!in_shm(path, "sem.", name))
        return SEM_FAILED;
    for (;;) {
        int fd = (flags & O_CREAT) && (flags & O_EXCL) ? -1 : open_file(path, O_RDWR, 0);
        if (fd >= 0)
            return map_semaphore(fd);
        if (!(flags & O_CREAT) || (!(flags & O_EXCL) && errno != ENOENT))
            return SEM_FAILED;
        va_list more;
        va_start(more, flags);
        mode_t mode = va_arg(more, mode_t);
        unsigned value = va_arg(more, unsigned);
        va_end(more);
        sem_t *made = make_semaphore(path, mode, value);
        if (made != SEM_FAILED || errno != EEXIST || (flags & O_EXCL))
            return made;
    }
}

int sem_close(sem_t *semaphore)
{
    return munmap(semaphore, sizeof(sem_t));
}

int sem_unlink(const char *name)
{
    char path[PATH_MAX];
    return in_shm(path, "sem.", name) ? (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0) : -1;
}

/* Locales. One by one in folders they are found by LOCPATH, in an archive not: then the characters must do. */

/* Whether C.UTF-8 is near to a locale that was not found; "" is the one that the environment names. */
static int is_archived(const char *name)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t at = 0; *name == 0 && at < sizeof variables / sizeof *variables; at++)
        name = getenv(variables[at]) != NULL ? getenv(variables[at]) : "";
    const char *characters = strchr(name, '.');
    if (characters == NULL || (strncasecmp(characters, ".utf-8", 6) != 0 && strncasecmp(characters, ".utf8", 5) != 0))
        return 0;
    return access("/usr/lib/locale/locale-archive", F_OK) == 0;
}

char *setlocale(int category, const char *name)
{
    char *found = NEXT(setlocale)(category, name);
    return found == NULL && name != NULL && is_archived(name) ? NEXT(setlocale)(category, "C.UTF-8") : found;
}

locale_t newlocale(int mask, const char *name, locale_t base)
{
    locale_t found = NEXT(newlocale)(mask, name, base);
    return found == NULL && name != NULL && is_archived(name) ? NEXT(newlocale)(mask, "C.UTF-8", base) : found;
}

/* Unix sockets */

/* An address as it is outside of the root. The folder of a name that is too long there stays open while it is used. */
struct outside {
    struct sockaddr_un name;
    char end; /* a name may fill all of its room, without a zero */
    const struct sockaddr *address;
    socklen_t size;
    int folder;
};

static int name_in_folder(struct outside *to, char *path)
{
    char *end = strrchr(path, '/');
    *end = 0;
    to->folder = (int)syscall(SYS_openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (to->folder < 0)
        return 0;
    size_t room = sizeof to->name.sun_path;
    if (snprintf(to->name.sun_path, room, "/proc/self/fd/%d/%s", to->folder, end + 1) < (int)room)
        return 1;
    close(to->folder);
    errno = ENAMETOOLONG;
    return 0;
}

/* False, with errno, if the address cannot be had. Its size need not count a zero after the name. */
static int find_outside(struct outside *to, const struct sockaddr *address, socklen_t size)
{
    char buffer[PATH_MAX];
    *to = (struct outside){.address = address, .size = size, .folder = -1};
    if (address == NULL || size <= offsetof(struct sockaddr_un, sun_path) || size > sizeof to->name
        || address->sa_family != AF_UNIX)
        return 1;
    memcpy(&to->name, address, size);
    to->address = (const struct sockaddr *)&to->name;
    if (expanded(to->name.sun_path, buffer) != buffer)
        return 1;
    to->size = sizeof to->name;
    if (strlen(buffer) >= sizeof to->name.sun_path)
        return name_in_folder(to, buffer);
    strcpy(to->name.sun_path, buffer);
    return 1;
}

static ssize_t done(const struct outside *used, ssize_t result)
{
    int error = errno;
    if (used->folder >= 0)
        close(used->folder);
    errno = error;
    return result;
}

/* Of Unix sockets the kernel is told here: libfakechroot would put the root before the name again. */
int bind(int fd, const struct sockaddr *address, socklen_t size)
{
    struct outside to;
    if (!find_outside(&to, address, size))
        return -1;
    if (to.address == address)
        return NEXT(bind)(fd, address, size);
    return (int)done(&to, syscall(SYS_bind, fd, to.address, to.size));
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    struct outside to;
    if (!find_outside(&to, address, size))
        return -1;
    if (to.address == address)
        return NEXT(connect)(fd, address, size);
    return (int)done(&to, syscall(SYS_connect, fd, to.address, to.size));
}

ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *address, socklen_t size)
{
    struct outside to;
    return find_outside(&to, address, size)
        ? done(&to, NEXT(sendto)(fd, data, length, flags, to.address, to.size)) : -1;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct outside to;
    if (message == NULL || message->msg_name == NULL)
        return NEXT(sendmsg)(fd, message, flags);
    if (!find_outside(&to, message->msg_name, message->msg_namelen))
        return -1;
    struct msghdr sent = *message;
    sent.msg_name = (void *)to.address;
    sent.msg_namelen = to.size;
    return done(&to, NEXT(sendmsg)(fd, &sent, flags));
}

/* The image's users and groups, in its files. What is not there (NIS, LDAP) is left to the C library. */

#define LOOKUP(reentrant, plain, record, reader, file, key, test, next)                                       \
    int reentrant(key, struct record *entry, char *buffer, size_t size, struct record **result)              \
    {                                                                                                        \
        FILE *entries = fopen(file, "re");                                                                   \
        int error = ENOENT;                                                                                  \
        *result = NULL;                                                                                      \
        while (entries != NULL && (error = reader(entries, entry, buffer, size, result)) == 0 && !(test)) {  \
            *result = NULL;                                                                                  \
        }                                                                                                    \
        if (entries != NULL)                                                                                 \
            fclose(entries);                                                                                 \
        if (*result != NULL || error == ERANGE)                                                              \
            return error;                                                                                    \
        return NEXT(reentrant)(next, entry, buffer, size, result);                                           \
    }                                                                                                        \
                                                                                                             \
    struct record *plain(key)                                                                                \
    {                                                                                                        \
        static struct record entry;                                                                          \
        static char *buffer;                                                                                 \
        static size_t size;                                                                                  \
        struct record *result;                                                                               \
        int error = ERANGE;                                                                                  \
        while (buffer == NULL || (error = reentrant(next, &entry, buffer, size, &result)) == ERANGE) {       \
            size = size ? 2 * size : 1024;                                                                   \
            char *larger = realloc(buffer, size);                                                            \
            if (larger == NULL)                                                                              \
                return NULL;                                                                                 \
            buffer = larger;                                                                                 \
        }                                                                                                    \
        if (error != 0)                                                                                      \
            errno = error;                                                                                   \
        return result;                                                                                       \
    }

LOOKUP(getpwuid_r, getpwuid, passwd, fgetpwent_r, "/etc/passwd", uid_t id, entry->pw_uid == id, id)
LOOKUP(getpwnam_r, getpwnam, passwd, fgetpwent_r, "/etc/passwd", const char *name,
       strcmp(entry->pw_name, name) == 0, name)
LOOKUP(getgrgid_r, getgrgid, group, fgetgrent_r, "/etc/group", gid_t id, entry->gr_gid == id, id)
LOOKUP(getgrnam_r, getgrnam, group, fgetgrent_r, "/etc/group", const char *name,
       strcmp(entry->gr_name, name) == 0, name)

static int is_member(const char *user, const struct group *entry)
{
    for (char **name = entry->gr_mem; *name != NULL; name++)
        if (strcmp(*name, user) == 0)
            return 1;
    return 0;
}

static int is_among(gid_t group, const gid_t *groups, int count)
{
    for (int at = 0; at < count; at++)
        if (groups[at] == group)
            return 1;
    return 0;
}

/* Each group once, and first the one that is given. If there is no room for all, -1, and how many there are. */
int getgrouplist(const char *user, gid_t first, gid_t *groups, int *count)
{
    FILE *entries = fopen("/etc/group", "re");
    struct group entry, *result;
    size_t size = 1024;
    char *buffer = malloc(size);
    int found = 0, room = *count;
    if (found < room)
        groups[found] = first;
    found++;
    while (entries != NULL && buffer != NULL) {
        int error = fgetgrent_r(entries, &entry, buffer, size, &result);
        if (error == ERANGE) {
            char *larger = realloc(buffer, size *= 2);
            if (larger == NULL)
                break;
            buffer = larger;
        } else if (error != 0) {
            break;
        } else if (entry.gr_gid != first && is_member(user, &entry)
                   && !is_among(entry.gr_gid, groups, found < room ? found : room)) {
            if (found < room)
                groups[found] = entry.gr_gid;
            found++;
        }
    }
    free(buffer);
    if (entries != NULL)
        fclose(entries);
    *count = found;
    return found <= room ? found : -1;
}

int initgroups(const char *user, gid_t first)
{
    gid_t groups[1024];
    int count = sizeof groups / sizeof *groups;
    if (getgrouplist(user, first, groups, &count) < 0)
        count = sizeof groups / sizeof *groups;
    return setgroups((size_t)count, groups);
}
