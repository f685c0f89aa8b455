"""The rows of the compatibility table, as data. ``python -m tests.compat.page`` writes docs/compatibility.md."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.compat.oracle import Said

MEMORY = 3008
"""Megabytes of the functions: virtual machines and Java reserve much."""


class Limit(NamedTuple):
    """Why a row fails under F1."""

    reason: str
    way_out: str
    foretold: str
    """Words of what `scar check` says."""


class Row(NamedTuple):
    """One script in one image."""

    image: str
    name: str
    """What it is, for the page and the test's name."""
    script: str
    """Run by the image's /bin/sh."""
    limit: Limit | None = None
    program: str = "/bin/sh"
    """What `scar check` is asked about: what the line stands and falls with."""
    ignore: str = ""
    """A regular expression: what it matches may differ."""

    @property
    def is_core(self) -> bool:
        """True for what `make test` runs, too: the rows of the bases, whose images are small."""
        return self.image.startswith("debian:")

    def normal(self, said: Said) -> Said:
        """What is compared."""
        return said._replace(output=re.sub(self.ignore, "*", said.output) if self.ignore else said.output)


OWN_CALLS = Limit(
    "the program makes its system calls without the C library, so it sees the function's files, not the image's",
    "run what needs no file of the image, name files by their path in the call's folder, or build natively",
    "Go program",
)
STATIC = Limit(
    "linked statically, so nothing can be loaded before it: a call refuses to start it, "
    "and where another program starts it, it sees the function's files, not the image's",
    "link it dynamically with glibc",
    "linked statically",
)
MUSL = Limit(
    "its C library is musl, not glibc: a call refuses to start it, and no other program can",
    "build it on a glibc image, such as debian:bookworm-slim",
    "uses the C library musl",
)
NEEDED = Limit(
    "the loader opens libraries that a program names by an absolute path without asking anybody",
    "link with -L and -l, or give the library a soname (-Wl,-soname)",
    "by its absolute path",
)

FORKS = "i=0; while [ $i -lt 200 ]; do (exit $((i % 7))) || s=$((s + $?)); i=$((i + 1)); done; echo $s"

SHELL = """
set -u; cd /usr/share; pwd; ls -d /etc/debian_version; cat /etc/debian_version; test -r /etc/shadow; echo $?
cp /etc/shells /tmp/p; wc -l < /tmp/p; rm /tmp/p; ls /nosuch; echo $?; readlink -f /usr/bin/awk
find /etc -name 'pass*' | sort; grep -c root /etc/passwd; sed -n 1p /etc/passwd; stat -c '%s %F' /etc/shells
tar cf - -C /etc passwd group | tar tf -; echo a b c | tr ' ' '\\n' | sort -r | head -1; date -u -d @0 +%F
touch -d @0 /tmp/t; stat -c %Y /tmp/t; mkdir -p /tmp/a/b/c; rmdir /tmp/a/b/c; ls -R /tmp/a; rm -r /tmp/a /tmp/t
ln -s /etc/passwd /tmp/l; readlink /tmp/l; head -1 /tmp/l; rm /tmp/l; df / > /dev/null; echo $?; cd /usr; bin/cat /proc/self/cmdline | od -c; exit 42
"""

NO_PROGRAMS = """
cd /tmp; printf 'echo $0 $1; exit 3' > plain; : > empty; printf '#!/bin/sh\\necho x' > script; cp /bin/true true; mkfifo pipe
ln -s plain link; ln -s pipe link-to-pipe; chmod +x plain empty pipe; chmod -x script true
for file in plain link empty script true pipe link-to-pipe . nosuch; do ./$file 1; echo $?; /tmp/$file 1; echo $?; done
env ./plain 2; echo $?; find /etc/passwd -exec /tmp/plain {} ';'; bash -c './plain 3; ./empty; echo $?; exec -a n ./plain 4'
perl -e 'for (qw(script pipe .)) { exec { "/tmp/$_" } "name" or print "$!\n" } exec "/tmp/plain", "5"'
rm plain empty script true pipe link link-to-pipe
"""

DATA = """
cp /usr/share/zoneinfo/Asia/Tokyo /usr/share/zoneinfo/Nowhere; TZ=Nowhere date -d @0 +%H; TZ=Europe/Madrid date -d @0 +%H
export TZ=Nowhere; env -i TZ=Nowhere /bin/date -d @0 +%H; env -u TZ date -d @0 +%H
cp -r /usr/lib/locale/C.utf8 /usr/lib/locale/xx_XX.utf8; LC_ALL=xx_XX.UTF-8 locale charmap
cd /usr/lib/*-linux-gnu/gconv && rm -f gconv-modules.cache && echo 'alias NOWHERE// KOI8-R//' >> gconv-modules
printf '\\320\\264' | iconv -f UTF-8 -t NOWHERE | od -An -c; printf '\\344' | iconv -f LATIN1 -t UTF-8
"""

ARCHIVE = """
mkdir -p /tmp/l && localedef -i de_DE -f UTF-8 /tmp/l/de_DE.utf8 && localedef --prefix / --add-to-archive /tmp/l/de_DE.utf8
for name in de_DE.UTF-8 C.UTF-8 nosuch; do LC_ALL=$name locale charmap 2> /dev/null; done
export LC_ALL=de_DE.UTF-8; perl -e 'print "quiet\\n"'; python3 -c 'import sys; print(sys.stdout.encoding, sys.getfilesystemencoding())'
"""

POOL = """cat > /tmp/pool.py <<'END'
import multiprocessing
def square(n):
    return n * n
with multiprocessing.Pool(4) as pool:
    print(sum(pool.map(square, range(100))))
queue = multiprocessing.Queue()
child = multiprocessing.Process(target=queue.put, args=("from a child",))
child.start(); print(queue.get()); child.join()
value = multiprocessing.Value("i", 3)
print(value.value)
END
python3 /tmp/pool.py"""

SHARED = """python3 - <<'END'
from multiprocessing import shared_memory
block = shared_memory.SharedMemory(create=True, size=16)
block.buf[:5] = b"hello"
again = shared_memory.SharedMemory(name=block.name)
print(bytes(again.buf[:5]))
again.close(); block.close(); block.unlink()
END"""

PYTHON = """
python3 -c 'import sys; print(sys.version_info[:2], sys.executable, sys.prefix)'
python3 -c 'import os; print(os.path.realpath("/bin/sh"), os.getcwd())'
python3 -c 'import subprocess; print(subprocess.run(["cat", "/etc/debian_version"], capture_output=True).stdout)'
python3 -c 'import getpass, pwd, os; print(bool(getpass.getuser()), bool(pwd.getpwuid(os.getuid()).pw_name))'
python3 -c 'import tempfile, os; f = tempfile.NamedTemporaryFile(); print(os.path.dirname(f.name))'
python3 -c 'import ssl, sqlite3, ctypes, json, lzma; print(sqlite3.connect(":memory:").execute("select 1").fetchone())'
python3 -c 'import locale, sys; print(sys.getfilesystemencoding(), "€")'
python3 -c 'import shutil; shutil.copytree("/etc/apt", "/tmp/copy", ignore=shutil.ignore_patterns("x*")); print(shutil.which("ls"))'
python3 -c 'raise SystemExit(3)'
"""


def _debian(number: int, name: str) -> list[Row]:
    image = f"debian:{name}-slim"
    return [
        Row(image, "shell and tools", SHELL),
        Row(image, "a shell that forks 200 children", FORKS),
        Row(
            image, "bash", "bash -c 'shopt -s globstar; echo /etc/ap*; read -r x < <(echo y); echo $x $BASH'"
        ),
        Row(
            image,
            "user's name",
            "whoami | grep -q . && id -un | grep -q . && id -gn | grep -q . && cd ~ && pwd",
        ),
        Row(image, "another user's groups", "echo extra:x:4321:games >> /etc/group; id games; id -Gn nobody"),
        Row(
            image,
            "a program without variables",
            "env -i /bin/cat /etc/debian_version; env -i sh -c 'ls /etc/apt'",
        ),
        Row(image, "scripts without #!, and what is no program", NO_PROGRAMS),
        Row(
            image,
            "dpkg",
            "dpkg -S /bin/ls /usr/bin/ls 2>&1; dpkg -l coreutils | tail -1; dpkg --verify coreutils",
        ),
        Row(
            image,
            "what /proc/self/exe is",
            "readlink -f /proc/self/exe /proc/thread-self/exe; stat -Lc %s /proc/self/exe $(command -v stat) | uniq | wc -l",
        ),
        Row(
            image,
            "perl",
            'perl -e \'use Cwd; print cwd, " $^X $]\\n"; print -s "/etc/shells", "\\n"; exec "pwd"\'',
        ),
    ]


TITLE = """cd /opt/probe; /opt/probe/probe title; ./probe title; PATH=/opt/probe:$PATH probe title; bash -c '
(exec -a x ./probe title); (exec -a "$(printf %0200d 0)" /opt/probe/probe title)'"""

TOOLS = "scar-compat/tools"
PROBES: list[tuple[str, ...]] = [
    ("/proc/self/exe", "exe"),
    ("the program opened as /proc/self/exe", "open-exe"),
    ("realpath", "realpath"),
    ("dladdr", "dladdr", r"/usr/lib|/lib"),
    ("dlopen of an absolute path", "dlopen"),
    ("posix_spawn", "posix_spawn"),
    ("posix_spawn in a folder", "spawn-folder"),
    ("execvpe, fexecve, execve without arguments", "execs"),
    ("execve and posix_spawn with an empty environment", "no-variables"),
    ("system, popen, vfork", "shells"),
    ("statx, fstatat, faccessat, statvfs", "stat"),
    ("openat2 and openat as raw system calls", "syscall"),
    ("a Unix socket", "unix-socket"),
    ("a Unix socket with a long name", "long-socket", r"/(proc/self/fd/\d+|tmp)/"),
    ("Unix sockets for datagrams", "datagrams"),
    ("shm_open", "shm_open"),
    ("sem_open", "sem_open"),
    ("glob, nftw, scandir", "walks"),
    ("mkstemp, rename, symlink, link, inotify", "files"),
    ("getpwuid, getpwnam, getgrouplist", "user"),
]

TOOL_ROWS = [
    Row(
        TOOLS,
        "find and xargs",
        "cd /usr/share; find . -name '*.pl' -size +1k | sort | xargs ls -d | wc -l; find /opt -type f -exec stat -c %n {} + | sort",
        program="find",
    ),
    Row(
        TOOLS,
        "tar, gzip, xz, bzip2",
        "cd /usr/lib; for z in z J j; do tar c${z}f /tmp/x python3; tar t${z}f /tmp/x | wc -l; done; mkdir /tmp/o; tar xf /tmp/x -C /tmp/o; diff -r python3 /tmp/o/python3 && echo same",
        program="tar",
    ),
    Row(
        TOOLS,
        "zip, unzip, file, rsync",
        "cd /tmp; cp -r /etc/apt a; zip -qr a.zip a; unzip -l a.zip | tail -1 | cut -c 1-9; rsync -a a/ b; diff -r a b && file -b a.zip /usr/bin/file",
        ignore=r"BuildID[^,]*",
        program="rsync",
    ),
    Row(
        TOOLS,
        "git",
        "cd /tmp; git init -q r; cd r; echo x > f; git add f; git -c user.name=n -c user.email=e@e commit -qm m; git log --format=%s; git status -s; git clone -q /tmp/r /tmp/c; ls /tmp/c; git --exec-path; git grep -n x",
        program="git",
    ),
    Row(
        TOOLS,
        "make and gcc",
        "cp -r /opt/probe /tmp/m && cd /tmp/m && make -s clean 2>/dev/null; rm -f probe && make probe 2>&1 && ./probe realpath; gcc -print-prog-name=cc1; gcc -print-search-dirs | head -1",
        program="gcc",
    ),
    Row(
        TOOLS,
        "perl with modules",
        'perl -MPOSIX -MFile::Find -MData::Dumper -e \'my $n = 0; find(sub { $n++ }, "/etc/apt"); print "$n ", getcwd(), "\\n"; print `cat /etc/debian_version`; open my $p, "-|", "ls", "/opt"; print <$p>\'',
        program="perl",
    ),
    Row(
        TOOLS,
        "ssh knows its user",
        "ssh -G host | grep '^hostname'; ssh-keygen -q -t ed25519 -N '' -f /tmp/key && ls /tmp/key*",
        program="ssh",
    ),
    Row(
        TOOLS,
        "sqlite",
        "sqlite3 /tmp/d.db 'create table t(x); insert into t values(7); select * from t'; ls /tmp/d.db",
        program="sqlite3",
    ),
    Row(TOOLS, "time zones, locales, character sets", DATA, program="locale"),
    Row(TOOLS, "a locale in an archive", ARCHIVE, program="localedef"),
    Row(TOOLS, "ps", "ps -o comm= -p $$", program="ps"),
    Row(TOOLS, "$ORIGIN in a RUNPATH", "/opt/probe/runpath", program="/opt/probe/runpath"),
    Row(TOOLS, "$ORIGIN in an RPATH", "/opt/probe/rpath", program="/opt/probe/rpath"),
    Row(TOOLS, "a folder in a RUNPATH", "/opt/probe/runpath-folder", program="/opt/probe/runpath-folder"),
    Row(TOOLS, "a folder in an RPATH", "/opt/probe/rpath-folder", program="/opt/probe/rpath-folder"),
    Row(
        TOOLS,
        "a library needed by its absolute path",
        "/opt/probe/absolute",
        NEEDED,
        program="/opt/probe/absolute",
    ),
    Row(
        TOOLS,
        "LD_LIBRARY_PATH of a script's own",
        "LD_LIBRARY_PATH=/opt/probe/own /opt/probe/runpath; export LD_LIBRARY_PATH=/opt/probe/own; /opt/probe/runpath; sh -c /opt/probe/runpath",
    ),
    Row(
        TOOLS,
        "LD_PRELOAD of a script's own",
        "LD_PRELOAD=/opt/probe/own/libwhere.so /opt/probe/runpath; LD_PRELOAD=/opt/probe/own/libwhere.so cat /etc/debian_version",
    ),
    Row(
        TOOLS,
        "cd and $0",
        'printf \'#!/bin/sh -e\\ncd "$(dirname "$0")"; pwd; echo $0 $*\' > /tmp/s; chmod +x /tmp/s; /tmp/s 1; cd /tmp; ./s 2; PATH=/tmp:$PATH s 3',
    ),
    Row(
        TOOLS,
        "a program's name",
        "sh -c 'echo $0'; bash -c 'exec -a other cat /nosuch'; cat /proc/self/comm; awk 'BEGIN { print 1 }'",
    ),
    Row(TOOLS, "a title over the arguments", TITLE, program="/opt/probe/probe"),
    Row(TOOLS, "/proc/self/cmdline", "cat /proc/self/cmdline | tr '\\0' ' '", program="cat"),
    *(
        Row(TOOLS, title, f"/opt/probe/probe {word}", program="/opt/probe/probe", ignore="".join(ignore))
        for title, word, *ignore in PROBES
    ),
]

SCIENCE = "scar-compat/science"
MEDIA = "scar-compat/media"
BEAM = "scar-compat/beam"
NATIVE = "scar-compat/native"

NUMPY = """python3 - <<'END'
import numpy as np
a = np.arange(10000.0).reshape(100, 100) + np.eye(100)
print(np.linalg.matrix_rank(a), round(float(np.linalg.det(a / 1000)), 6), np.fft.fft(a[0])[0])
np.save("/tmp/a.npy", a); print((np.load("/tmp/a.npy", mmap_mode="r") @ a).sum())
END"""

R = """Rscript -e 'print(R.home()); x <- c(1, 2, 3); print(summary(lm(c(2, 4, 7) ~ x))$r.squared)' \
 -e 'print(solve(matrix(c(2, 1, 1, 3), 2)))' -e 'cat(system("cat /etc/debian_version", intern = TRUE), "\\n")' \
 -e 'library(parallel); print(unlist(mclapply(1:4, function(n) n^2, mc.cores = 2)))' -e 'quit(status = 5)'"""

ERLANG = """erl -noshell -eval 'io:format("~s ~p~n", [code:root_dir(), lists:sum([X*X || X <- lists:seq(1,100)])]),
 io:format("~s", [os:cmd("cat /etc/debian_version")]), {ok, B} = file:read_file("/etc/hostname"), halt(7).'"""

ELIXIR = """elixir -e 'IO.puts(System.version()); IO.inspect(1..100 |> Task.async_stream(&(&1 * 2)) |> Enum.count())
 {out, 0} = System.cmd("cat", ["/etc/debian_version"]); IO.write(out); IO.puts(File.cwd!())'"""

CONVERT = """cd /tmp; convert -size 64x64 gradient:red-blue -rotate 45 x.png && identify -format '%wx%h %m\\n' x.png
convert x.png x.jpg && convert x.jpg -resize 10x10 txt:- | wc -l; convert rose: -edge 1 rose.gif; compare -metric AE rose: rose: null:; convert -list configure | grep -c CODER"""

FFMPEG = """cd /tmp; ffmpeg -hide_banner -loglevel error -f lavfi -i testsrc=duration=1:size=64x64:rate=5 -c:v libx264 x.mp4 < /dev/null
ffprobe -v error -show_entries stream=codec_name,width,nb_frames -of csv x.mp4
ffmpeg -hide_banner -loglevel error -i x.mp4 -f framemd5 - < /dev/null; ffmpeg -loglevel quiet -i nosuch x.avi; echo $?"""

JAVA = "java -cp /opt/classes Hello a b c"
NODE = """node -e 'const fs = require("fs"), cp = require("child_process"), path = require("path")
console.log(process.version, process.execPath, fs.realpathSync("/bin/sh"), process.cwd())
console.log(cp.execSync("cat /etc/debian_version") + "", fs.readFileSync("/etc/debian_version") + "")
console.log(fs.statSync("/proc/self/exe").ino === fs.statSync(process.execPath).ino, fs.readlinkSync("/proc/self/exe"))
console.log(fs.existsSync("/opt"), fs.statSync("/etc/passwd").isFile(), fs.readdirSync("/usr").length, require("os").userInfo().username.length > 0)
const {Worker} = require("worker_threads"); new Worker("require(\\"worker_threads\\").parentPort.postMessage(6 * 7)", {eval: true}).on("message", console.log)
cp.spawn(process.execPath, ["-e", "console.log(1)"], {stdio: "inherit"}).on("exit", c => console.log("exit", c))' 2>&1 | grep -v '^ *at '"""

NODE_IMAGE = "scar-compat/node"
NODE_TITLE = """cat > /tmp/title.js <<'END'
#!/usr/bin/env node
process.title = "other"
console.log(process.title, process.argv.slice(2), require("fs").readFileSync("/proc/self/comm") + "")
END
chmod +x /tmp/title.js; node /tmp/title.js 1 2; /tmp/title.js; cd /tmp; ./title.js 3"""

NPM = """npm --version; mkdir /tmp/p; cd /tmp/p; npm init -y | tail -n +3; npm pkg set scripts.hello='node -p process.title'
npm run hello -- 2>&1; npm ls; npm explore nosuch 2>&1 | head -2"""

AWS = """aws --version 2>&1 | cut -d' ' -f1; aws configure list 2>&1 | tail -1 | wc -l; aws s3api help > /dev/null 2>&1; echo $?
aws s3 ls --region us-east-1 --no-sign-request --endpoint-url http://127.0.0.1:1 2>&1; aws nosuch 2>&1 | tail -1; echo $?"""

TABLE = [
    *_debian(11, "bullseye"),
    *_debian(12, "bookworm"),
    *_debian(13, "trixie"),
    Row(
        "grycap/cowsay",
        "cowsay and fortune",
        "PATH=$PATH:/usr/games; cowsay -f tux moo; fortune -f 2>&1 | head -3; fortune -m cow > /dev/null 2>&1; echo $?; cowsay -l | wc -w",
        program="/usr/games/cowsay",
    ),
    Row("scar-compat/python11", "Python", PYTHON, program="python3"),
    Row("scar-compat/python11", "multiprocessing", POOL, program="python3"),
    Row("scar-compat/python11", "shared memory", SHARED, program="python3"),
    *TOOL_ROWS,
    Row(TOOLS, "Python", PYTHON, program="python3"),
    Row(TOOLS, "Python: multiprocessing", POOL, program="python3"),
    Row(TOOLS, "Python: shared memory", SHARED, program="python3"),
    Row("scar-compat/python13", "Python", PYTHON, program="python3"),
    Row("scar-compat/python13", "multiprocessing", POOL, program="python3"),
    Row("scar-compat/python13", "shared memory", SHARED, program="python3"),
    Row(SCIENCE, "NumPy", NUMPY, program="python3"),
    Row(SCIENCE, "R", R, program="Rscript"),
    Row(MEDIA, "ImageMagick", CONVERT, program="convert"),
    Row(MEDIA, "ffmpeg", FFMPEG, program="ffmpeg"),
    Row(BEAM, "Erlang", ERLANG, program="erl"),
    Row(BEAM, "Elixir", ELIXIR, program="elixir"),
    Row("scar-compat/awscli", "AWS CLI", AWS, program="aws"),
    Row("scar-compat/java", "Java", JAVA, program="java"),
    Row(NODE_IMAGE, "Node.js", NODE, program="node"),
    Row(NODE_IMAGE, "Node.js: a title of its own", NODE_TITLE, program="node"),
    Row(NODE_IMAGE, "npm", NPM, program="npm"),
    Row(NATIVE, "C, dynamic", "/opt/native/dynamic", program="/opt/native/dynamic"),
    Row(
        NATIVE,
        "Go, linked with the C library",
        "/opt/native/go-dynamic",
        OWN_CALLS,
        program="/opt/native/go-dynamic",
    ),
    Row(NATIVE, "Go, static", "/opt/native/go-static", STATIC, program="/opt/native/go-static"),
    Row(NATIVE, "Rust", "/opt/native/rust-dynamic", program="/opt/native/rust-dynamic"),
    Row(NATIVE, "Rust, static", "/opt/native/rust-static", STATIC, program="/opt/native/rust-static"),
    Row(
        NATIVE,
        "busybox",
        "cd /etc; busybox cat debian_version; busybox find apt | busybox sort; busybox sh -c 'cat /etc/debian_version; echo $0; exit 9'",
        program="busybox",
    ),
    Row(
        NATIVE,
        "busybox, static",
        "/opt/native/busybox-static cat /etc/debian_version",
        STATIC,
        program="/opt/native/busybox-static",
    ),
    Row(NATIVE, "musl", "/opt/native/musl", MUSL, program="/opt/native/musl"),
    Row(NATIVE, "musl, static", "/opt/native/musl-static", STATIC, program="/opt/native/musl-static"),
    Row(NATIVE, "static-pie", "/opt/native/static-pie", STATIC, program="/opt/native/static-pie"),
]
