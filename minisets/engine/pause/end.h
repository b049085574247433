/*
 * pause end: a command of a container ended from outside, as the loss of its terminal would end it. A part of pause.c.
 *
 *     SIGHUP, SIGTERM to the command; SIGHUP to its session --2 s--> SIGKILL to the command; SIGHUP to what is left
 *
 * Why only SIGHUP to the others: that is what a lost terminal does; what was started to outlive it (nohup, setsid) does.
 * Why the rest to the command: nobody will ever see its output, and some take SIGHUP for `read your files again`.
 * Every process is held by a descriptor before it is looked at, so that a number's next owner gets no signal.
 */

enum { PIDFD_SEND_SIGNAL = 424, PIDFD_OPEN = 434 };
enum { ESRCH = 3, EINVAL = 22 };
enum { SIGHUP = 1, SIGKILL = 9, SIGCONT = 18 };
enum { GRACE_SECONDS = 2, ID_AT_LEAST = 12 };

static char told[1 << 14]; /* what a file of /proc says */

/* Reads /proc/PROCESS/NAME into `told`; empty where the process is gone. */
static void read_of(const char *process, const char *name)
{
    static char folder[PATH_SIZE], path[PATH_SIZE];
    long file, n, at = 0;
    join(folder, "/proc", process);
    join(path, folder, name);
    file = call(OPENAT, AT_FDCWD, (long)path, 0, 0);
    while (file >= 0 && (n = call(READ, file, (long)told + at, (long)sizeof told - 1 - at, 0)) > 0)
        at += n;
    told[at] = 0;
    if (file >= 0)
        call(CLOSE, file, 0, 0, 0);
}

static int contains(const char *text, const char *what)
{
    for (; *text; text++) {
        size n = 0;
        while (what[n] && text[n] == what[n])
            n++;
        if (!what[n])
            return 1;
    }
    return 0;
}

/*
 * Its cgroup is named after the container in every layout: /docker/ID, docker-ID.scope, libpod-ID.scope, and /../ID
 * seen from a cgroup namespace of our own.
 */
static int is_of(const char *process, const char *container)
{
    read_of(process, "cgroup");
    return contains(told, container);
}

/* Its session's number, the sixth word of `stat`; the second one is a name that may hold anything. */
static long session_of(const char *process)
{
    size at, after = 0;
    long value = 0;
    int spaces = 0;
    read_of(process, "stat");
    for (at = 0; told[at]; at++)
        if (told[at] == ')')
            after = at + 1;
    for (at = after; told[at] && spaces < 5; at++) {
        if (told[at] == ' ')
            spaces++;
        else if (spaces == 4)
            value = value * 10 + (told[at] - '0');
    }
    return value;
}

/* Whether the process has ended by then. */
static int ended(long process, long seconds)
{
    struct poll end = {(int)process, POLLIN, 0};
    long left[2] = {seconds, 0}, result; /* the kernel counts it down */
    do
        result = call5(PPOLL, (long)&end, 1, (long)left, 0, 0);
    while (result == -EINTR);
    return result > 0;
}

static void send(long process, int signal)
{
    call(PIDFD_SEND_SIGNAL, process, signal, 0, 0);
}

static long leader;            /* the command, which begins a session of its own */
static const char *container;

static void hang_up_one(long at, const char *process)
{
    long held;
    (void)at;
    if (number(process) < 1 || number(process) == leader)
        return;
    held = call(PIDFD_OPEN, number(process), 0, 0, 0);
    if (held < 0)
        return;
    if (session_of(process) == leader && is_of(process, container)) {
        send(held, SIGHUP);
        send(held, SIGCONT);
    }
    call(CLOSE, held, 0, 0, 0);
}

static void hang_up_session(void)
{
    long all = open_folder(AT_FDCWD, "/proc");
    if (all < 0)
        fail("cannot open", "/proc", all);
    each_entry(all, hang_up_one);
    call(CLOSE, all, 0, 0, 0);
}

/* The command first: a shell whose child ends before it would go on to its next line. */
static void end_held(const char *process, long held)
{
    int has_ended;
    send(held, SIGHUP);
    send(held, SIGTERM);
    send(held, SIGCONT);
    hang_up_session();
    has_ended = ended(held, GRACE_SECONDS);
    if (!has_ended) {
        send(held, SIGKILL);
        has_ended = ended(held, GRACE_SECONDS);
    }
    hang_up_session();
    if (!has_ended)
        fail("cannot end", process, -ETIMEDOUT);
}

/* Returns for words that are no process and container. */
static void end(const char *process, const char *of)
{
    long held;
    leader = number(process);
    container = of;
    if (leader < 1 || length(of) < ID_AT_LEAST)
        return;
    held = call(PIDFD_OPEN, leader, 0, 0, 0);
    if (held == -ESRCH || held == -EINVAL || held == -ENOENT)
        leave(0); /* EINVAL, ENOENT: the number is a thread's by now */
    if (held < 0)
        fail("cannot hold", process, held);
    if (is_of(process, of))
        end_held(process, held);
    else if (!ended(held, 0)) /* of one that has ended some kernels say no cgroup */
        fail("not touched, it is not of that container:", process, -ESRCH);
    leave(0);
}
