/*
 * Process 1 of a pod's sandbox, without a C library: a few kilobytes that need nothing around them.
 *
 *   pause               writes /etc/resolv.conf from MINISETS_RESOLV_CONF and /etc/hosts from MINISETS_HOSTS
 *                       (the whole texts) where they are set, reaps every orphan, and leaves with 0 on SIGTERM
 *                       or SIGINT, at once
 *   pause swap DIR NEW  points the symlink DIR/..data at NEW, atomically; then DIR gets a link to whatever is new in
 *                       NEW, and loses the links that lead nowhere and what ..data pointed at before
 *   pause own DIR GID   gives DIR and all that is in it to the group, which may then read and write it
 *   pause match DIR GID the same, unless DIR itself is so already
 *
 * Exit codes: 0 done, 1 failed (said on stderr), 2 wrong usage.
 */

#if !defined(__linux__) || !(defined(__x86_64__) || defined(__aarch64__))
#error "pause is written for Linux on amd64 and arm64"
#endif

typedef unsigned long size;

enum { AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, O_WRONLY = 1, O_TRUNC = 01000, STDERR = 2 };
enum { ENOENT = 2, EINTR = 4, EEXIST = 17, EISDIR = 21, ENAMETOOLONG = 36 };
enum { S_IFMT = 0170000, S_IFDIR = 040000, S_IFLNK = 0120000, ALL_BITS = 07777 };
enum { GROUP_OF_FILE = 0660, GROUP_OF_FOLDER = 02770 };
enum { SIGINT = 2, SIGTERM = 15, SIGCHLD = 17, SIG_BLOCK = 0 };
enum { PATH_SIZE = 4096 };

#if defined(__x86_64__)
enum { WRITE = 1, CLOSE = 3, RT_SIGACTION = 13, RT_SIGPROCMASK = 14, GETPID = 39, RT_SIGTIMEDWAIT = 128,
       GETDENTS64 = 217, EXIT_GROUP = 231, OPENAT = 257, FCHOWNAT = 260, NEWFSTATAT = 262, UNLINKAT = 263,
       RENAMEAT = 264, SYMLINKAT = 266, READLINKAT = 267, FCHMODAT = 268 };
enum { O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000 };
struct status { unsigned long before[3]; unsigned mode, owner, group, after[27]; };
#else
enum { UNLINKAT = 35, SYMLINKAT = 36, RENAMEAT = 38, FCHMODAT = 53, FCHOWNAT = 54, OPENAT = 56, CLOSE = 57,
       GETDENTS64 = 61, WRITE = 64, READLINKAT = 78, NEWFSTATAT = 79, EXIT_GROUP = 94, RT_SIGACTION = 134,
       RT_SIGPROCMASK = 135, RT_SIGTIMEDWAIT = 137, GETPID = 172 };
enum { O_DIRECTORY = 040000, O_NOFOLLOW = 0100000 };
struct status { unsigned long before[2]; unsigned mode, links, owner, group, after[24]; };
#endif

/* ---- the kernel ---- */

static long call5(long number, long a, long b, long c, long d, long e)
{
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
#else
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
#endif
}

static long call(long number, long a, long b, long c, long d)
{
    return call5(number, a, b, c, d, 0);
}

static void leave(int code) __attribute__((noreturn));
static void leave(int code)
{
    for (;;)
        call(EXIT_GROUP, code, 0, 0, 0);
}

/* ---- text ---- */

static size length(const char *text)
{
    size n = 0;
    while (text[n])
        n++;
    return n;
}

static int equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static long write_all(long file, const char *text)
{
    size left = length(text);
    while (left > 0) {
        long n = call(WRITE, file, (long)text, (long)left, 0);
        if (n == -EINTR)
            continue;
        if (n < 0)
            return n;
        text += n;
        left -= (size)n;
    }
    return 0;
}

/* Says "pause: WHAT PATH: error N" and leaves with 1; N is the positive errno. */
static void fail(const char *what, const char *path, long error) __attribute__((noreturn));
static void fail(const char *what, const char *path, long error)
{
    char digits[8];
    int at = sizeof digits - 1;
    digits[at] = 0;
    error = -error;
    do {
        digits[--at] = (char)('0' + error % 10);
        error /= 10;
    } while (error && at > 0);
    write_all(STDERR, "pause: ");
    write_all(STDERR, what);
    write_all(STDERR, " ");
    write_all(STDERR, path);
    write_all(STDERR, ": error ");
    write_all(STDERR, digits + at);
    write_all(STDERR, "\n");
    leave(1);
}

/* ---- pause ---- */

/*
 * Why not rename: the engine bind-mounts the file into every container of the pod; a new file in its place would be
 * refused (EBUSY), and the others would go on seeing the old one.
 */
static void write_file(char **environment, const char *name, const char *path)
{
    for (; *environment; environment++) {
        size n = 0;
        while (name[n] && (*environment)[n] == name[n])
            n++;
        if (name[n])
            continue;
        long file = call(OPENAT, AT_FDCWD, (long)path, O_WRONLY | O_TRUNC, 0);
        long result = file < 0 ? file : write_all(file, *environment + n);
        if (result < 0)
            fail("cannot write", path, result);
        return;
    }
}

/*
 * Process 1 gets no signal that it neither handles nor blocks, so the ends are blocked and waited for. An ignored
 * SIGCHLD has the kernel reap every child, also those that were dead when they were handed to us.
 */
static void sandbox(char **environment)
{
    struct { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; } ignore = {0};
    unsigned long ends = 1ul << (SIGTERM - 1) | 1ul << (SIGINT - 1);
    ignore.handler = (void (*)(int))1; /* SIG_IGN */
    call(RT_SIGPROCMASK, SIG_BLOCK, (long)&ends, 0, sizeof ends);
    call(RT_SIGACTION, SIGCHLD, (long)&ignore, 0, sizeof ignore.mask);
    if (call(GETPID, 0, 0, 0, 0) == 1) { /* elsewhere they would be the machine's own files */
        write_file(environment, "MINISETS_RESOLV_CONF=", "/etc/resolv.conf");
        write_file(environment, "MINISETS_HOSTS=", "/etc/hosts");
    }
    while (call(RT_SIGTIMEDWAIT, (long)&ends, 0, 0, sizeof ends) < 0)
        ;
    leave(0);
}

/* ---- folders ---- */

struct entry { unsigned long inode; long offset; unsigned short length; unsigned char kind; char name[]; };

static long open_folder(long at, const char *name)
{
    return call(OPENAT, at, (long)name, O_DIRECTORY | O_NOFOLLOW, 0);
}

static void each_entry(long folder, void (*visit)(long at, const char *name))
{
    char buffer[2048] __attribute__((aligned(8)));
    long n, at;
    while ((n = call(GETDENTS64, folder, (long)buffer, sizeof buffer, 0)) > 0)
        for (at = 0; at < n; at += ((struct entry *)(buffer + at))->length) {
            const char *name = ((struct entry *)(buffer + at))->name;
            if (!equal(name, ".") && !equal(name, ".."))
                visit(folder, name);
        }
    if (n < 0)
        fail("cannot read", "a folder", n);
}

static void remove_all(long at, const char *name)
{
    long folder, result = call(UNLINKAT, at, (long)name, 0, 0);
    if (result == -EISDIR) {
        folder = open_folder(at, name);
        if (folder < 0)
            fail("cannot open", name, folder);
        each_entry(folder, remove_all);
        call(CLOSE, folder, 0, 0, 0);
        result = call(UNLINKAT, at, (long)name, AT_REMOVEDIR, 0);
    }
    if (result < 0 && result != -ENOENT)
        fail("cannot remove", name, result);
}

/* ---- pause swap ---- */

static void join(char *path, const char *directory, const char *name)
{
    size a = length(directory), b = length(name), i;
    if (a + b + 2 > PATH_SIZE)
        fail("cannot use", directory, -ENAMETOOLONG);
    for (i = 0; i < a; i++)
        path[i] = directory[i];
    path[a] = '/';
    for (i = 0; i <= b; i++)
        path[a + 1 + i] = name[i];
}

static long volume, content; /* the folders DIR and DIR/NEW */
static const char *kept;     /* NEW */

static void link_to(long at, const char *name)
{
    static char path[PATH_SIZE];
    long result;
    (void)at;
    join(path, "..data", name);
    result = call(SYMLINKAT, (long)path, volume, (long)name, 0);
    if (result < 0 && result != -EEXIST)
        fail("cannot make", name, result);
}

static void clear(long at, const char *name)
{
    char target[2];
    struct status status;
    if (name[0] == '.' && name[1] == '.') {
        if (!equal(name, "..data") && !equal(name, kept))
            remove_all(at, name);
    } else if (call(READLINKAT, at, (long)name, (long)target, sizeof target) > 0
               && call(NEWFSTATAT, content, (long)name, (long)&status, AT_SYMLINK_NOFOLLOW) == -ENOENT)
        remove_all(at, name);
}

/* Kubernetes: AtomicWriter's ..data and ..data_tmp. A temporary link that a killed swap left behind is replaced. */
static void swap(const char *directory, const char *target)
{
    static char link[PATH_SIZE], temporary[PATH_SIZE];
    long result;
    join(link, directory, "..data");
    join(temporary, directory, "..data_tmp");
    result = call(UNLINKAT, AT_FDCWD, (long)temporary, 0, 0);
    if (result < 0 && result != -ENOENT)
        fail("cannot remove", temporary, result);
    result = call(SYMLINKAT, (long)target, AT_FDCWD, (long)temporary, 0);
    if (result < 0)
        fail("cannot make", temporary, result);
    result = call(RENAMEAT, AT_FDCWD, (long)temporary, AT_FDCWD, (long)link);
    if (result < 0) {
        call(UNLINKAT, AT_FDCWD, (long)temporary, 0, 0);
        fail("cannot replace", link, result);
    }
    volume = open_folder(AT_FDCWD, directory);
    content = volume < 0 ? volume : open_folder(volume, target);
    if (content >= 0) {
        kept = target;
        each_entry(content, link_to);
        each_entry(volume, clear);
    }
    leave(0);
}

/* ---- pause own, pause match ---- */

static long group;

/*
 * Kubernetes: pkg/volume/volume_linux.go changeFilePermission. What goes away meanwhile needs no owner, and what
 * may not be given keeps its own: some file systems and user namespaces refuse.
 */
static void own(long at, const char *name)
{
    struct status status;
    unsigned mode;
    long folder;
    if (call(NEWFSTATAT, at, (long)name, (long)&status, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    call5(FCHOWNAT, at, (long)name, -1, group, AT_SYMLINK_NOFOLLOW);
    if ((status.mode & S_IFMT) == S_IFLNK)
        return;
    mode = (status.mode & S_IFMT) == S_IFDIR ? GROUP_OF_FOLDER : GROUP_OF_FILE;
    call(FCHMODAT, at, (long)name, (status.mode & ALL_BITS) | mode, 0);
    if ((status.mode & S_IFMT) != S_IFDIR)
        return;
    folder = open_folder(at, name);
    if (folder == -ENOENT)
        return;
    if (folder < 0)
        fail("cannot open", name, folder);
    each_entry(folder, own);
    call(CLOSE, folder, 0, 0, 0);
}

/* Kubernetes: requiresPermissionChange. */
static int is_owned(const char *directory)
{
    struct status status;
    long result = call(NEWFSTATAT, AT_FDCWD, (long)directory, (long)&status, AT_SYMLINK_NOFOLLOW);
    return result >= 0 && status.group == (unsigned)group && (status.mode & GROUP_OF_FOLDER) == GROUP_OF_FOLDER;
}

/* Returns -1 for what is no number. */
static long number(const char *text)
{
    long value = 0;
    size n = 0;
    for (; text[n] >= '0' && text[n] <= '9' && n < 10; n++)
        value = value * 10 + (text[n] - '0');
    return n && !text[n] ? value : -1;
}

/* ---- the way in: the kernel puts argc, argv, 0, environment, 0 on the stack ---- */

__attribute__((used)) static void run(long *stack)
{
    long count = stack[0];
    char **arguments = (char **)(stack + 1);
    if (count == 1)
        sandbox(arguments + count + 1);
    if (count == 4 && equal(arguments[1], "swap"))
        swap(arguments[2], arguments[3]);
    if (count == 4 && (equal(arguments[1], "own") || equal(arguments[1], "match")) && number(arguments[3]) >= 0) {
        group = number(arguments[3]);
        volume = open_folder(AT_FDCWD, arguments[2]);
        if (volume < 0)
            fail("cannot open", arguments[2], volume);
        if (equal(arguments[1], "own") || !is_owned(arguments[2]))
            own(AT_FDCWD, arguments[2]);
        leave(0);
    }
    write_all(STDERR, "usage: pause | pause swap DIR NEW | pause own|match DIR GID\n");
    leave(2);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call run\n");
#else
__asm__(".globl _start\n_start:\n mov x29,#0\n mov x30,#0\n mov x0,sp\n bl run\n");
#endif
