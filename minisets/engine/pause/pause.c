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
 *   pause copy FROM TO [FROM TO]...
 *                       makes the folder TO, if need be, hold what FROM holds and nothing else, and says how many bytes
 *                       that is, a line each; while TO/.minisets-copy is there it does not hold all of it yet
 *   pause dial HOST PORT
 *                       our input and output become a TCP connection's: dial.h
 *   pause end PID ID    ends a command of the container ID, seen from the machine: end.h
 *
 * Exit codes: 0 done, 1 failed (said on stderr), 2 wrong usage.
 */

#if !defined(__linux__) || !(defined(__x86_64__) || defined(__aarch64__))
#error "pause is written for Linux on amd64 and arm64"
#endif

typedef unsigned long size;

enum { AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, STDOUT = 1, STDERR = 2 };
enum { O_WRONLY = 1, O_CREAT = 0100, O_EXCL = 0200, O_TRUNC = 01000, O_NONBLOCK = 04000 };
enum { ENOENT = 2, EINTR = 4, EIO = 5, ENXIO = 6, EEXIST = 17, EISDIR = 21, ENAMETOOLONG = 36 };
enum { S_IFMT = 0170000, S_IFREG = 0100000, S_IFDIR = 040000, S_IFLNK = 0120000, ALL_BITS = 07777 };
enum { SEEK_SET = 0, SEEK_DATA = 3, SEEK_HOLE = 4, FICLONE = 0x40049409 };
enum { GROUP_OF_FILE = 0660, GROUP_OF_FOLDER = 02770 };
enum { SIGINT = 2, SIGTERM = 15, SIGCHLD = 17, SIG_BLOCK = 0 };
enum { PATH_SIZE = 4096 };

#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, CLOSE = 3, LSEEK = 8, RT_SIGACTION = 13, RT_SIGPROCMASK = 14, IOCTL = 16, GETPID = 39,
       FTRUNCATE = 77, RT_SIGTIMEDWAIT = 128, FSETXATTR = 190, FGETXATTR = 193, FLISTXATTR = 196, FREMOVEXATTR = 199, GETDENTS64 = 217,
       EXIT_GROUP = 231, OPENAT = 257, MKDIRAT = 258, MKNODAT = 259, FCHOWNAT = 260, NEWFSTATAT = 262, UNLINKAT = 263,
       RENAMEAT = 264, LINKAT = 265, SYMLINKAT = 266, READLINKAT = 267, FCHMODAT = 268, UTIMENSAT = 280, SYNCFS = 306,
       COPY_FILE_RANGE = 326 };
enum { O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000 };
struct status { unsigned long device, inode, links; unsigned mode, owner, group, pad; unsigned long special; long bytes;
                unsigned long block, blocks, accessed[2], changed[2], after[5]; };
#else
enum { FSETXATTR = 7, FGETXATTR = 10, FLISTXATTR = 13, FREMOVEXATTR = 16, IOCTL = 29, MKNODAT = 33, MKDIRAT = 34, UNLINKAT = 35,
       SYMLINKAT = 36, LINKAT = 37, RENAMEAT = 38, FTRUNCATE = 46, FCHMODAT = 53, FCHOWNAT = 54, OPENAT = 56, CLOSE = 57,
       GETDENTS64 = 61, LSEEK = 62, READ = 63, WRITE = 64, READLINKAT = 78, NEWFSTATAT = 79, UTIMENSAT = 88,
       EXIT_GROUP = 94, RT_SIGACTION = 134, RT_SIGPROCMASK = 135, RT_SIGTIMEDWAIT = 137, GETPID = 172, SYNCFS = 267,
       COPY_FILE_RANGE = 285 };
enum { O_DIRECTORY = 040000, O_NOFOLLOW = 0100000 };
struct status { unsigned long device, inode; unsigned mode, links, owner, group; unsigned long special, pad; long bytes;
                unsigned block, pad2; unsigned long blocks, accessed[2], changed[2], after[3]; };
#endif

/* ---- the kernel ---- */

static long call6(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#else
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
#endif
}

static long call5(long number, long a, long b, long c, long d, long e)
{
    return call6(number, a, b, c, d, e, 0);
}

static long call(long number, long a, long b, long c, long d)
{
    return call6(number, a, b, c, d, 0, 0);
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

/* The number as text, in a place that the next one takes. */
static const char *decimal(unsigned long value)
{
    static char digits[24];
    int at = sizeof digits - 1;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return digits + at;
}

/* Says "pause: WHAT PATH: error N" and leaves with 1; N is the positive errno. */
static void fail(const char *what, const char *path, long error) __attribute__((noreturn));
static void fail(const char *what, const char *path, long error)
{
    const char *words[] = {"pause: ", what, " ", path, ": error ", decimal((unsigned long)-error), "\n"};
    size n;
    for (n = 0; n < sizeof words / sizeof *words; n++)
        write_all(STDERR, words[n]);
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

static void ignore(int signal)
{
    struct { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; } action = {0};
    action.handler = (void (*)(int))1; /* SIG_IGN */
    call(RT_SIGACTION, signal, (long)&action, 0, sizeof action.mask);
}

/*
 * Process 1 gets no signal that it neither handles nor blocks, so the ends are blocked and waited for. An ignored
 * SIGCHLD has the kernel reap every child, also those that were dead when they were handed to us.
 */
static void sandbox(char **environment)
{
    unsigned long ends = 1ul << (SIGTERM - 1) | 1ul << (SIGINT - 1);
    call(RT_SIGPROCMASK, SIG_BLOCK, (long)&ends, 0, sizeof ends);
    ignore(SIGCHLD);
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

/* ---- pause copy ---- */

/*
 * The folder TO/.minisets-copy says that the copy is not whole, and in it lies a link to each file that has several
 * names, called by its number, so that its next name becomes a link too. Nothing is looked up by a path, and no link
 * is followed. The files must not change meanwhile.
 */
static const char mark[] = ".minisets-copy";
static long marked;         /* TO/.minisets-copy */
static long target_folder;  /* where the copies of the entries of the folder that is being read go */
static int is_top;          /* whether that is TO itself */
static unsigned long copied;
static char block[1 << 17];

static long must(long result, const char *what, const char *name)
{
    if (result < 0)
        fail(what, name, result);
    return result;
}

/* From where both are, up to the end. Copied by the kernel where it can, and shared where the file system does that. */
static void copy_bytes(long from, long to, long start, long end, const char *name)
{
    long in = start, out = start, n, written, m;
    while (in < end) {
        n = call6(COPY_FILE_RANGE, from, (long)&in, to, (long)&out, end - in, 0);
        if (n <= 0)
            break;
    }
    must(call(LSEEK, from, in, SEEK_SET, 0), "cannot read", name);
    must(call(LSEEK, to, in, SEEK_SET, 0), "cannot write", name);
    for (; in < end; in += n) {
        n = must(call(READ, from, (long)block, end - in < (long)sizeof block ? end - in : (long)sizeof block, 0),
                 "cannot read", name);
        if (n == 0)
            fail("cannot read", name, -EIO); /* it became shorter */
        for (written = 0; written < n; written += m)
            m = must(call(WRITE, to, (long)block + written, n - written, 0), "cannot write", name);
    }
}

static void copy_data(long from, long to, long bytes, const char *name)
{
    long start = 0, end;
    if (call(IOCTL, to, FICLONE, from, 0) == 0)
        return;
    while (start < bytes) {
        start = call(LSEEK, from, start, SEEK_DATA, 0);
        if (start == -ENXIO)
            break; /* a hole up to the end */
        end = start < 0 ? bytes : call(LSEEK, from, start, SEEK_HOLE, 0);
        if (start < 0)
            start = 0; /* a file system that tells no holes */
        if (end < 0 || end > bytes)
            end = bytes;
        copy_bytes(from, to, start, end, name);
        start = end;
    }
    must(call(FTRUNCATE, to, bytes, 0, 0), "cannot write", name);
}

/* What may not be set stays away, as with `cp -a`: some file systems and user namespaces refuse. */
static void copy_attributes(long from, long to)
{
    static char names[1 << 16], value[1 << 16];
    long at, bytes, n = call(FLISTXATTR, from, (long)names, sizeof names, 0);
    for (at = 0; at < n; at += (long)length(names + at) + 1) {
        bytes = call(FGETXATTR, from, (long)(names + at), (long)value, sizeof value);
        if (bytes >= 0)
            call5(FSETXATTR, to, (long)(names + at), (long)value, bytes, 0);
    }
}

/* Or what is made in the folder would inherit its old rules of access. */
static void forget_attributes(long folder)
{
    static char names[1 << 16];
    long at, n = call(FLISTXATTR, folder, (long)names, sizeof names, 0);
    for (at = 0; at < n; at += (long)length(names + at) + 1)
        call(FREMOVEXATTR, folder, (long)(names + at), 0, 0);
}

/* The owner before the attributes and the mode: a change of owner takes some of these away. The times last. */
static void finish(long at, const char *name, const struct status *like, long from, long to)
{
    unsigned long times[4] = {like->accessed[0], like->accessed[1], like->changed[0], like->changed[1]};
    must(call5(FCHOWNAT, at, (long)name, like->owner, like->group, AT_SYMLINK_NOFOLLOW), "cannot give away", name);
    if (from >= 0)
        copy_attributes(from, to);
    if ((like->mode & S_IFMT) != S_IFLNK)
        must(call(FCHMODAT, at, (long)name, like->mode & ALL_BITS, 0), "cannot set the mode of", name);
    must(call(UTIMENSAT, at, (long)name, (long)times, AT_SYMLINK_NOFOLLOW), "cannot set the times of", name);
}

static void copy_entry(long at, const char *name);

static void copy_folder(long at, const char *name, const struct status *like)
{
    long from, outer = target_folder;
    int was_top = is_top;
    must(call(MKDIRAT, outer, (long)name, 0700, 0), "cannot make", name);
    from = must(open_folder(at, name), "cannot open", name);
    target_folder = must(open_folder(outer, name), "cannot open", name);
    is_top = 0;
    each_entry(from, copy_entry);
    finish(outer, name, like, from, target_folder);
    call(CLOSE, target_folder, 0, 0, 0);
    call(CLOSE, from, 0, 0, 0);
    target_folder = outer;
    is_top = was_top;
}

static void copy_file(long at, const char *name, const struct status *like)
{
    long from, to;
    from = must(call(OPENAT, at, (long)name, O_NOFOLLOW | O_NONBLOCK, 0), "cannot open", name);
    to = must(call(OPENAT, target_folder, (long)name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600), "cannot make", name);
    copy_data(from, to, like->bytes, name);
    copied += (unsigned long)like->bytes;
    finish(target_folder, name, like, from, to);
    call(CLOSE, to, 0, 0, 0);
    call(CLOSE, from, 0, 0, 0);
}

static void copy_link(long at, const char *name, const struct status *like)
{
    static char target[PATH_SIZE];
    long n = must(call(READLINKAT, at, (long)name, (long)target, sizeof target - 1), "cannot read", name);
    target[n] = 0;
    must(call(SYMLINKAT, (long)target, target_folder, (long)name, 0), "cannot make", name);
    finish(target_folder, name, like, -1, -1);
}

static void copy_entry(long at, const char *name)
{
    struct status like;
    const char *number;
    int has_names;
    if (is_top && equal(name, mark))
        return;
    must(call(NEWFSTATAT, at, (long)name, (long)&like, AT_SYMLINK_NOFOLLOW), "cannot look at", name);
    has_names = like.links > 1 && (like.mode & S_IFMT) != S_IFDIR;
    number = decimal(like.inode);
    if (has_names && call5(LINKAT, marked, (long)number, target_folder, (long)name, 0) == 0)
        return;
    if ((like.mode & S_IFMT) == S_IFDIR)
        copy_folder(at, name, &like);
    else if ((like.mode & S_IFMT) == S_IFREG)
        copy_file(at, name, &like);
    else if ((like.mode & S_IFMT) == S_IFLNK)
        copy_link(at, name, &like);
    else {
        must(call(MKNODAT, target_folder, (long)name, like.mode, (long)like.special), "cannot make", name);
        finish(target_folder, name, &like, -1, -1);
    }
    if (has_names)
        must(call5(LINKAT, target_folder, (long)name, marked, (long)decimal(like.inode), 0), "cannot link", name);
}

static void remove_all_but_mark(long at, const char *name)
{
    if (!equal(name, mark))
        remove_all(at, name);
}

static void copy(const char *source, const char *target)
{
    struct status like;
    long from = must(open_folder(AT_FDCWD, source), "cannot open", source), result;
    must(call(NEWFSTATAT, AT_FDCWD, (long)source, (long)&like, AT_SYMLINK_NOFOLLOW), "cannot look at", source);
    result = call(MKDIRAT, AT_FDCWD, (long)target, 0700, 0);
    if (result < 0 && result != -EEXIST)
        fail("cannot make", target, result);
    target_folder = must(open_folder(AT_FDCWD, target), "cannot open", target);
    result = call(MKDIRAT, target_folder, (long)mark, 0700, 0);
    if (result < 0 && result != -EEXIST)
        fail("cannot make", mark, result);
    marked = must(open_folder(target_folder, mark), "cannot open", mark);
    each_entry(marked, remove_all); /* what a killed one left */
    each_entry(target_folder, remove_all_but_mark);
    forget_attributes(target_folder);
    copied = 0;
    is_top = 1;
    each_entry(from, copy_entry);
    must(call(SYNCFS, target_folder, 0, 0, 0), "cannot keep", target);
    call(CLOSE, marked, 0, 0, 0);
    remove_all(target_folder, mark);
    finish(AT_FDCWD, target, &like, from, target_folder);
    must(call(SYNCFS, target_folder, 0, 0, 0), "cannot keep", target);
    call(CLOSE, target_folder, 0, 0, 0);
    call(CLOSE, from, 0, 0, 0);
    write_all(STDOUT, decimal(copied));
    write_all(STDOUT, "\n");
}

#include "dial.h"
#include "end.h"

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
    if (count >= 4 && count % 2 == 0 && equal(arguments[1], "copy")) {
        long pair;
        for (pair = 2; pair < count; pair += 2)
            copy(arguments[pair], arguments[pair + 1]);
        leave(0);
    }
    if (count == 4 && equal(arguments[1], "dial"))
        dial(arguments[2], arguments[3]);
    if (count == 4 && equal(arguments[1], "end"))
        end(arguments[2], arguments[3]);
    write_all(STDERR, "usage: pause | pause swap DIR NEW | pause own|match DIR GID | pause copy FROM TO... |"
                      " pause dial ADDRESS|localhost PORT | pause end PID CONTAINER\n");
    leave(2);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call run\n");
#else
__asm__(".globl _start\n_start:\n mov x29,#0\n mov x30,#0\n mov x0,sp\n bl run\n");
#endif
