/* One call of the C library or the kernel for each word: `probe exe realpath ...`. Says what came of it. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <semaphore.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char **arguments;

static void fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    exit(1);
}

#define MUST(condition) do { if (!(condition)) fail(#condition); } while (0)

static void print_content(int fd)
{
    char text[256];
    ssize_t size = read(fd, text, sizeof text);
    MUST(size >= 0);
    printf("%.*s", (int)size, text);
    close(fd);
}

static void exe(void)
{
    char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path);
    MUST(size > 0);
    printf("readlink %.*s\n", (int)size, path);
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/exe", (int)getpid());
    size = readlinkat(AT_FDCWD, name, path, sizeof path);
    MUST(size > 0);
    printf("readlinkat %.*s\n", (int)size, path);
    size = readlink("/proc/thread-self/exe", path, sizeof path);
    MUST(size > 0);
    printf("of the thread %.*s\n", (int)size, path);
    MUST(realpath("/proc/self/exe", path));
    printf("realpath %s\n", path);
}

static void open_exe(void)
{
    struct stat self, file;
    MUST(stat("/proc/self/exe", &self) == 0);
    MUST(stat("/opt/probe/probe", &file) == 0);
    printf("/proc/self/exe is %s\n", self.st_ino == file.st_ino ? "the program" : "another file");
    MUST(fstatat(AT_FDCWD, "/proc/self/exe", &self, 0) == 0);
    printf("fstatat %d\n", self.st_ino == file.st_ino);
    MUST(fstatat(AT_FDCWD, "/proc/self/exe", &self, AT_SYMLINK_NOFOLLOW) == 0);
    printf("link %d\n", S_ISLNK(self.st_mode));
    struct statx extended;
    MUST(statx(AT_FDCWD, "/proc/self/exe", 0, STATX_INO, &extended) == 0);
    printf("statx %d\n", extended.stx_ino == file.st_ino);
}

static void real(void)
{
    char path[PATH_MAX];
    MUST(realpath("/bin/../lib/./os-release", path) || realpath("/bin/../usr/lib/os-release", path));
    printf("%s\n", path);
    char *made = realpath("/etc/alternatives/awk", NULL);
    MUST(made);
    printf("%s\n", made);
    made = canonicalize_file_name("/etc/localtime");
    printf("%s\n", made ? made : "no /etc/localtime");
    MUST(chdir("/opt/probe/lib") == 0);
    MUST(getcwd(path, sizeof path));
    printf("%s\n", path);
    MUST(realpath("../own", path));
    printf("%s\n", path);
}

static void address(void)
{
    Dl_info info;
    MUST(dladdr((void *)fail, &info));
    printf("program %s\n", info.dli_fname);
    MUST(dladdr(dlsym(RTLD_DEFAULT, "puts"), &info));
    printf("libc %s\n", info.dli_fname);
}

static void plugin(void)
{
    void *library = dlopen("/opt/probe/plugins/plugin.so", RTLD_NOW);
    if (library == NULL) {
        puts(dlerror());
        exit(1);
    }
    const char *(*where)(void) = (const char *(*)(void))dlsym(library, "where");
    puts(where());
    Dl_info info;
    MUST(dladdr((void *)where, &info));
    puts(info.dli_fname);
}

static void spawn(void)
{
    pid_t pid;
    char *arguments[] = {"cat", "/etc/debian_version", NULL};
    posix_spawn_file_actions_t actions;
    int status;
    MUST((errno = posix_spawn(&pid, "/bin/cat", NULL, NULL, arguments, environ)) == 0);
    MUST(waitpid(pid, &status, 0) == pid);
    printf("posix_spawn %d\n", status);
    MUST((errno = posix_spawnp(&pid, "cat", NULL, NULL, arguments, environ)) == 0);
    MUST(waitpid(pid, &status, 0) == pid);
    printf("posix_spawnp %d\n", status);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/etc/debian_version", O_RDONLY, 0);
    char *filter[] = {"cat", NULL};
    MUST((errno = posix_spawnp(&pid, "cat", &actions, NULL, filter, environ)) == 0);
    MUST(waitpid(pid, &status, 0) == pid);
    printf("file action %d\n", status);
}

static void wait_for(const char *what, pid_t pid)
{
    int status;
    MUST(waitpid(pid, &status, 0) == pid);
    printf("%s %d\n", what, status);
}

static void spawn_in_folder(void)
{
    pid_t pid;
    char *list[] = {"ls", NULL};
    posix_spawn_file_actions_t actions;
    MUST(chdir("/etc") == 0);
    posix_spawn_file_actions_init(&actions);
    MUST((errno = posix_spawn_file_actions_addchdir_np(&actions, "/opt/probe")) == 0);
    MUST((errno = posix_spawn_file_actions_addchdir_np(&actions, "lib")) == 0);
    MUST((errno = posix_spawnp(&pid, "ls", &actions, NULL, list, environ)) == 0);
    wait_for("ls", pid);
    posix_spawn_file_actions_init(&actions);
    MUST((errno = posix_spawn_file_actions_addchdir_np(&actions, "/nosuch")) == 0);
    errno = posix_spawn(&pid, "/bin/pwd", &actions, NULL, list, environ);
    printf("%s\n", strerror(errno));
}

static void execs(void)
{
    char *arguments[] = {"name", NULL}, *nothing[] = {NULL}, *volatile none = NULL;
    pid_t pid;
    MUST(setenv("PATH", "/nosuch:/etc/passwd:/etc/shells/x:/opt/probe", 1) == 0);
    if ((pid = vfork()) == 0)
        _exit((execvpe("runpath", arguments, nothing), 9));
    wait_for("execvpe", pid);
    if ((pid = vfork()) == 0)
        _exit((execvpe("nosuch", arguments, environ), errno));
    wait_for("execvpe of nothing", pid);
    MUST(setenv("PATH", "/opt:/etc", 1) == 0);
    if ((pid = vfork()) == 0)
        _exit((execvpe("probe", arguments, environ), errno));
    wait_for("execvpe of a folder", pid);
    if ((pid = vfork()) == 0)
        _exit((fexecve(open("/opt/probe/runpath", O_RDONLY | O_CLOEXEC), arguments, environ), 9));
    wait_for("fexecve", pid);
    if ((pid = vfork()) == 0)
        _exit((execve("/bin/pwd", (char **)none, environ), 9));
    wait_for("execve without arguments", pid);
    MUST(execve(none, arguments, environ) < 0);
    printf("execve of nothing: %s\n", strerror(errno));
}

static void spawn_clean(void)
{
    char *arguments[] = {"cat", "/etc/debian_version", NULL}, *nothing[] = {NULL};
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execve("/bin/cat", arguments, nothing);
        fail("execve");
    }
    MUST(waitpid(pid, &status, 0) == pid);
    printf("execve without variables %d\n", status);
    MUST((errno = posix_spawn(&pid, "/bin/cat", NULL, NULL, arguments, nothing)) == 0);
    MUST(waitpid(pid, &status, 0) == pid);
    printf("posix_spawn without variables %d\n", status);
}

static void run_shells(void)
{
    MUST(system("cat /etc/debian_version") == 0);
    FILE *pipe = popen("echo popen; cat /etc/debian_version", "r");
    char line[64];
    MUST(pipe);
    while (fgets(line, sizeof line, pipe))
        fputs(line, stdout);
    printf("status %d\n", pclose(pipe));
    fflush(stdout);
    pid_t pid = vfork();
    if (pid == 0) {
        execlp("sh", "sh", "-c", "echo vfork; exit 7", (char *)NULL);
        _exit(127);
    }
    int status;
    MUST(waitpid(pid, &status, 0) == pid);
    printf("status %d\n", WEXITSTATUS(status));
}

static void status_calls(void)
{
    struct statx extended;
    struct stat status;
    struct statvfs room;
    MUST(statx(AT_FDCWD, "/etc/debian_version", 0, STATX_SIZE, &extended) == 0);
    MUST(stat("/etc/debian_version", &status) == 0);
    printf("statx %d\n", extended.stx_size == (unsigned long long)status.st_size);
    MUST(lstat("/etc/os-release", &status) == 0);
    printf("link %d\n", S_ISLNK(status.st_mode));
    MUST(fstatat(AT_FDCWD, "/etc/debian_version", &status, 0) == 0);
    MUST(access("/etc/debian_version", R_OK) == 0);
    MUST(faccessat(AT_FDCWD, "/etc/debian_version", R_OK, AT_EACCESS) == 0);
    MUST(euidaccess("/etc/debian_version", R_OK) == 0);
    MUST(statvfs("/opt/probe", &room) == 0);
    puts("the others too");
}

static void system_calls(void)
{
    struct open_how how = {.flags = O_RDONLY};
    long fd = syscall(SYS_openat2, AT_FDCWD, "/opt/probe/where.c", &how, sizeof how);
    printf("openat2 %s\n", fd >= 0 ? "found" : strerror(errno));
    fd = syscall(SYS_openat, AT_FDCWD, "/opt/probe/where.c", O_RDONLY);
    printf("openat %s\n", fd >= 0 ? "found" : strerror(errno));
}

static void unix_socket(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX}, found = {0};
    socklen_t length = sizeof found;
    int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
    unlink(name);
    MUST(bind(server, (struct sockaddr *)&address, sizeof address) == 0);
    MUST(listen(server, 1) == 0);
    MUST(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
    MUST(write(client, "through the socket\n", 19) == 19);
    int peer = accept(server, NULL, NULL);
    MUST(peer >= 0);
    print_content(peer);
    MUST(getsockname(server, (struct sockaddr *)&found, &length) == 0);
    printf("%s\n", found.sun_path);
    MUST(unlink(name) == 0);
}

static void short_socket(void)
{
    unix_socket("/tmp/probe.socket");
}

static void long_socket(void)
{
    unix_socket("/tmp/a-socket-with-a-name-that-is-rather-long-but-still-below-the-limit-of-108-bytes.socket");
}

/* The name's size without a zero after it, and no byte more allocated. */
static void datagrams(const char *name)
{
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    struct sockaddr_un *address = malloc(size);
    int server = socket(AF_UNIX, SOCK_DGRAM, 0), client = socket(AF_UNIX, SOCK_DGRAM, 0);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, name, strlen(name));
    unlink(name);
    MUST(bind(server, (struct sockaddr *)address, size) == 0);
    MUST(access(name, F_OK) == 0);
    MUST(sendto(client, "sendto\n", 7, 0, (struct sockaddr *)address, size) == 7);
    struct iovec text = {"sendmsg\n", 8};
    struct msghdr message = {.msg_name = address, .msg_namelen = size, .msg_iov = &text, .msg_iovlen = 1};
    MUST(sendmsg(client, &message, 0) == 8);
    MUST(message.msg_name == address);
    MUST(connect(client, (struct sockaddr *)address, size) == 0);
    MUST(send(client, "send\n", 5, 0) == 5);
    MUST(sendto(client, "sendto nobody\n", 14, 0, NULL, 0) == 14);
    for (int messages = 0; messages < 4; messages++) {
        char said[64];
        ssize_t length = recv(server, said, sizeof said, 0);
        MUST(length > 0);
        printf("%.*s", (int)length, said);
    }
    MUST(unlink(name) == 0);
    MUST(sendto(socket(AF_UNIX, SOCK_DGRAM, 0), "", 0, 0, (struct sockaddr *)address, size) < 0);
    printf("%s: %s\n", name, strerror(errno));
}

static void datagram_sockets(void)
{
    datagrams("/tmp/d");
    const char *folder = "/tmp/a-folder-with-a-name-so-long-that-its-socket-s-name-takes-all-of-the-room-in-the-address-of-a";
    char name[sizeof ((struct sockaddr_un *)0)->sun_path + 1];
    MUST(mkdir(folder, 0755) == 0);
    MUST(snprintf(name, sizeof name, "%s/socket108", folder) == 108);
    datagrams(name);
    MUST(rmdir(folder) == 0);
    MUST(chdir("/tmp") == 0);
    datagrams("relative");
}

static void shared_memory(void)
{
    int fd = shm_open("/probe", O_CREAT | O_RDWR, 0600);
    MUST(fd >= 0);
    MUST(ftruncate(fd, 4096) == 0);
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    MUST(memory != MAP_FAILED);
    if (fork() == 0) {
        strcpy(memory, "written by a child");
        _exit(0);
    }
    wait(NULL);
    puts(memory);
    MUST(shm_unlink("/probe") == 0);
}

static void semaphore(void)
{
    sem_t *one = sem_open("/probe", O_CREAT, 0600, 0);
    MUST(one != SEM_FAILED);
    if (fork() == 0) {
        sem_t *other = sem_open("/probe", 0);
        _exit(other == SEM_FAILED || sem_post(other) != 0);
    }
    int status;
    wait(&status);
    printf("child %d\n", status);
    MUST(sem_wait(one) == 0);
    MUST(sem_unlink("/probe") == 0);
    puts("posted");
}

static int count;

static int visit(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status, (void)kind, (void)at;
    count += strncmp(path, "/opt/probe/lib", 14) == 0;
    return 0;
}

static void walks(void)
{
    glob_t found;
    MUST(glob("/opt/probe/*.c", 0, NULL, &found) == 0);
    for (size_t at = 0; at < found.gl_pathc; at++)
        puts(found.gl_pathv[at]);
    MUST(nftw("/opt/probe", visit, 8, FTW_PHYS) == 0);
    printf("nftw %d\n", count);
    struct dirent **names;
    printf("scandir %d\n", scandir("/opt/probe/plugins", &names, NULL, alphasort));
}

static void files(void)
{
    char name[] = "/tmp/probe-XXXXXX", moved[] = "/tmp/probe-moved", target[PATH_MAX];
    int fd = mkstemp(name);
    MUST(fd >= 0);
    printf("mkstemp %.11s\n", name);
    MUST(rename(name, moved) == 0);
    MUST(renameat2(AT_FDCWD, moved, AT_FDCWD, "/tmp/probe-again", RENAME_NOREPLACE) == 0);
    MUST(symlink("/opt/probe/where.c", "/tmp/probe-link") == 0);
    ssize_t size = readlink("/tmp/probe-link", target, sizeof target);
    MUST(size > 0);
    printf("readlink %.*s\n", (int)size, target);
    fd = open("/tmp/probe-link", O_RDONLY);
    MUST(fd >= 0);
    print_content(fd);
    MUST(link("/tmp/probe-again", "/tmp/probe-hard") == 0);
    MUST(unlink("/tmp/probe-again") == 0 && unlink("/tmp/probe-hard") == 0 && unlink("/tmp/probe-link") == 0);
    MUST(mkdir("/tmp/probe-folder", 0755) == 0 && rmdir("/tmp/probe-folder") == 0);
    int watch = inotify_init1(0);
    MUST(inotify_add_watch(watch, "/opt/probe", IN_CREATE) >= 0);
    puts("and inotify");
}

static void user(void)
{
    struct passwd *entry = getpwuid(getuid());
    printf("a name %d\n", entry != NULL && entry->pw_name[0] != 0);
    printf("games %d\n", (int)getpwnam("games")->pw_uid);
    FILE *entries = fopen("/etc/group", "a");
    MUST(entries);
    fprintf(entries, "long:x:4321:%04000d,games\nother:x:4322:\nlast:x:4323:games\n", 0);
    fclose(entries);
    gid_t groups[3];
    int room = 2;
    MUST(getgrouplist("games", 60, groups, &room) < 0);
    printf("room for two of %d: %d %d\n", room, groups[0], groups[1]);
    MUST(getgrouplist("games", 60, groups, &room) == 3);
    printf("groups %d %d %d\n", groups[0], groups[1], groups[2]);
}

/* Writes a title over the arguments as libraries do: they take these for one piece of memory. */
static void write_title(void)
{
    char *end = arguments[0], **at = arguments;
    printf("called %s\n", arguments[0]);
    while (*at == end) {
        end += strlen(*at) + 1;
        at++;
    }
    printf("in one piece %d\n", *at == NULL);
    memset(arguments[0], 0, (size_t)(end - arguments[0]));
    strcpy(arguments[0], "a title");
    print_content(open("/etc/debian_version", O_RDONLY));
}

static const struct { const char *name; void (*run)(void); } probes[] = {
    {"exe", exe}, {"open-exe", open_exe}, {"realpath", real}, {"dladdr", address}, {"dlopen", plugin},
    {"posix_spawn", spawn}, {"no-variables", spawn_clean}, {"shells", run_shells}, {"stat", status_calls},
    {"syscall", system_calls}, {"unix-socket", short_socket}, {"long-socket", long_socket},
    {"shm_open", shared_memory}, {"sem_open", semaphore}, {"walks", walks}, {"files", files}, {"user", user},
    {"title", write_title}, {"spawn-folder", spawn_in_folder}, {"execs", execs},
    {"datagrams", datagram_sockets},
};

int main(int count_of_words, char **words)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    arguments = words;
    for (int at = 1; at < count_of_words; at++)
        for (size_t probe = 0; probe < sizeof probes / sizeof *probes; probe++)
            if (strcmp(words[at], probes[probe].name) == 0)
                probes[probe].run();
    return 0;
}
