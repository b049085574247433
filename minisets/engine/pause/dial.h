/*
 * pause dial: our input to a TCP connection, and what comes from there to our output. A part of pause.c.
 *
 *     input --up--> peer      its end: the peer is told that nothing more comes (half-close)
 *     output <--down-- peer   its end: our output is closed
 *
 * Each way holds one buffer, and reads on only when that is empty: who takes nothing is sent nothing.
 */

#if defined(__x86_64__)
enum { SOCKET = 41, CONNECT = 42, SHUTDOWN = 48, PPOLL = 271 };
#else
enum { PPOLL = 73, SOCKET = 198, CONNECT = 203, SHUTDOWN = 210 };
#endif
enum { EAGAIN = 11, ETIMEDOUT = 110, EINPROGRESS = 115 };
enum { IPV4 = 2, IPV6 = 10, SOCK_STREAM = 1, SOCK_NONBLOCK = 04000, SHUT_RD = 0, SHUT_WR = 1 };
enum { POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32, GONE = POLLERR | POLLHUP | POLLNVAL };
enum { STDIN = 0, SIGPIPE = 13, WITHIN_SECONDS = 10, NOBODY = -1 };
enum { WAY_SIZE = sizeof block / 2, PIPE_TAKES = 4096 };

struct poll { int file; short wanted, seen; };
struct address { unsigned short family, port; unsigned char flow_or_ipv4[4], ipv6[16], scope[4]; };
struct way { long from, to; char *held; long at, end; int over; };

/* Reads up to four digits of a base that something else follows; -1 where there are none. */
static long group_of(const char **text, int base)
{
    long value = 0;
    int n;
    for (n = 0; n < 4; n++, (*text)++) {
        char c = **text | 0x20;
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
        if (digit >= base || **text < '0')
            break;
        value = value * base + digit;
    }
    return n ? value : -1;
}

static int read_ipv4(const char *text, unsigned char *to)
{
    int n;
    for (n = 0; n < 4; n++) {
        long value = group_of(&text, 10);
        if (value < 0 || value > 255 || *text++ != (n < 3 ? '.' : 0))
            return 0;
        to[n] = (unsigned char)value;
    }
    return 1;
}

/* `::` stands once for as many zeros as are missing; no dotted end, no zone. */
static int read_ipv6(const char *text, unsigned char *to)
{
    int n = 0, gap = -1, i;
    if (text[0] == ':' && text[1] == ':')
        gap = 0, text += 2;
    while (*text) {
        long value = n < 8 ? group_of(&text, 16) : -1;
        if (value < 0)
            return 0;
        to[2 * n] = (unsigned char)(value >> 8), to[2 * n + 1] = (unsigned char)value;
        n++;
        if (*text == 0)
            break;
        if (*text++ != ':')
            return 0;
        if (*text == ':') {
            if (gap >= 0)
                return 0;
            gap = n, text++;
        } else if (*text == 0)
            return 0;
    }
    if (gap < 0 ? n != 8 : n == 8)
        return 0;
    for (i = 2 * n - 1; gap >= 0 && i >= 2 * gap; i--)
        to[i + 16 - 2 * n] = to[i], to[i] = 0;
    return 1;
}

/* A connected socket, or the error; 0 for what is no address. */
static long connected(const char *host, long port)
{
    struct address address = {0};
    struct poll ready = {0, POLLOUT, 0};
    long within[2] = {WITHIN_SECONDS, 0}, file, bytes, result;
    if (read_ipv4(host, address.flow_or_ipv4))
        address.family = IPV4, bytes = 16;
    else if (read_ipv6(host, address.ipv6))
        address.family = IPV6, bytes = 28;
    else
        return 0;
    address.port = (unsigned short)(port >> 8 | port << 8);
    file = call(SOCKET, address.family, SOCK_STREAM | SOCK_NONBLOCK, 0, 0);
    if (file < 0)
        return file;
    result = call(CONNECT, file, (long)&address, bytes, 0);
    if (result == -EINPROGRESS) {
        ready.file = (int)file;
        result = call5(PPOLL, (long)&ready, 1, (long)within, 0, 0);
        result = result == 0 ? -ETIMEDOUT : call(CONNECT, file, (long)&address, bytes, 0); /* says how it went */
    }
    if (result < 0)
        call(CLOSE, file, 0, 0, 0);
    return result < 0 ? result : file;
}

static int is_to_try_again(long result)
{
    return result == -EAGAIN || result == -EINTR;
}

/* The end of what it reads, or of what it writes to: the one who is there yet is told. */
static void finish_way(struct way *way)
{
    way->over = 1;
    if (way->to == STDOUT) {
        call(CLOSE, STDOUT, 0, 0, 0);
        /* Why: Docker tells an end only when both outputs have ended. */
        call(CLOSE, STDERR, 0, 0, 0);
        call(SHUTDOWN, way->from, SHUT_RD, 0, 0);
    } else
        call(SHUTDOWN, way->to, SHUT_WR, 0, 0);
}

static void take_in(struct way *way)
{
    long n = call(READ, way->from, (long)way->held, WAY_SIZE, 0);
    if (n > 0)
        way->at = 0, way->end = n;
    else if (!is_to_try_again(n))
        finish_way(way);
}

/* Why so little to our output: a pipe that is ready may still have no room for more, and writing would wait. */
static void give_out(struct way *way)
{
    long most = way->to == STDOUT ? PIPE_TAKES : WAY_SIZE, left = way->end - way->at;
    long n = call(WRITE, way->to, (long)way->held + way->at, left < most ? left : most, 0);
    if (n > 0)
        way->at += n;
    else if (!is_to_try_again(n))
        finish_way(way);
}

static int is_wanted(const struct way *way, int holds)
{
    return !way->over && (way->at < way->end) == holds;
}

/*
 * Trap: an end and an error are told even where nothing is asked for, and again at once. So whoever has nothing to
 * move is left out (NOBODY), and an error of who is to write to ends that way.
 */
static void splice(long peer)
{
    struct way up = {STDIN, peer, block, 0, 0, 0}, down = {peer, STDOUT, block + WAY_SIZE, 0, 0, 0};
    while (!up.over || !down.over) {
        struct poll files[3];
        int is_peer_there = is_wanted(&down, 0) || !up.over;
        files[0].file = is_wanted(&up, 0) ? STDIN : NOBODY;
        files[1].file = is_peer_there ? (int)peer : NOBODY;
        files[2].file = down.over ? NOBODY : STDOUT;
        files[0].wanted = POLLIN;
        files[1].wanted = (short)((is_wanted(&down, 0) ? POLLIN : 0) | (is_wanted(&up, 1) ? POLLOUT : 0));
        files[2].wanted = is_wanted(&down, 1) ? POLLOUT : 0;
        files[0].seen = files[1].seen = files[2].seen = 0;
        if (call5(PPOLL, (long)files, 3, 0, 0, 0) < 0)
            continue;
        if (files[2].seen & GONE)
            finish_way(&down);
        if (files[1].seen & GONE && !up.over)
            finish_way(&up);
        if (files[0].seen && is_wanted(&up, 0))
            take_in(&up);
        if (files[1].seen & POLLOUT && is_wanted(&up, 1))
            give_out(&up);
        if (files[1].seen & (POLLIN | GONE) && is_wanted(&down, 0))
            take_in(&down);
        if (files[2].seen & POLLOUT && is_wanted(&down, 1))
            give_out(&down);
    }
}

/* Returns for words that are no address and port. */
static void dial(const char *host, const char *port)
{
    static char where[PATH_SIZE];
    long to = number(port), peer, other;
    if (to < 1 || to > 65535)
        return;
    /* Kubernetes: a port-forward dials `localhost` in the pod's network, which is 127.0.0.1 and then ::1. */
    peer = connected(equal(host, "localhost") ? "127.0.0.1" : host, to);
    if (peer < 0 && equal(host, "localhost") && (other = connected("::1", to)) > 0)
        peer = other;
    if (peer == 0)
        return;
    join(where, host, port);
    where[length(host)] = ':';
    if (peer < 0)
        fail("cannot connect", where, peer);
    ignore(SIGPIPE);
    splice(peer);
    leave(0);
}
