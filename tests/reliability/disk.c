/* Preloaded into a process, it writes down what the process does to the files below DISK_ROOT, in the order in which it
 * happens, to the file DISK_TRACE; disk_fail_after(n, error) lets everything after the next n operations fail.
 *
 * A record: operation, inode, offset, lengths of two paths and of the data (little endian, packed), paths, data.
 *     c create   t truncate to offset   w write   s sync a file   d sync a folder
 *     r rename   u unlink               l link    m make a folder   x remove a folder
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct __attribute__((packed)) head {
    char operation;
    uint64_t inode, offset;
    uint32_t path, other, data;
};

static pthread_mutex_t turn = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static int trace = -1, failing = 0;
static long left = 0;
static const char *root = NULL;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define HOLD pthread_mutex_lock(&turn)
#define LET_GO pthread_mutex_unlock(&turn)

__attribute__((constructor)) static void begin(void)
{
    root = getenv("DISK_ROOT");
    const char *to = getenv("DISK_TRACE");
    unsetenv("LD_PRELOAD"); /* children only read */
    if (root && to)
        trace = REAL(open)(to, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
}

void disk_fail_after(long operations, int error)
{
    HOLD;
    left = operations;
    failing = error;
    LET_GO;
}

/* How many operations disk_fail_after still lets pass; below 0: how many failed. */
long disk_left(void)
{
    return left;
}

static int below_root(const char *path)
{
    return root && path && strncmp(path, root, strlen(root)) == 0;
}

static int whole(const char *path, char *out)
{
    char folder[PATH_MAX];
    if (!root || !path)
        return 0;
    int size = -1;
    if (path[0] == '/')
        size = snprintf(out, PATH_MAX, "%s", path);
    else if (getcwd(folder, sizeof folder))
        size = snprintf(out, PATH_MAX, "%s/%s", folder, path);
    return size > 0 && size < PATH_MAX && below_root(out);
}

static int path_of(int fd, char *out)
{
    char link[64];
    if (!root)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, out, PATH_MAX - 1);
    if (n <= 0)
        return 0;
    out[n] = 0;
    return below_root(out);
}

/* ``whole`` for a path that is relative to an open folder, as Python's rmtree gives it. */
static int whole_in(int folder, const char *path, char *out)
{
    char base[PATH_MAX];
    if (folder == AT_FDCWD || !path || path[0] == '/')
        return whole(path, out);
    if (!path_of(folder, base))
        return 0;
    int size = snprintf(out, PATH_MAX, "%s/%s", base, path);
    return size > 0 && size < PATH_MAX;
}

static int refused(void)
{
    if (failing && left-- <= 0) {
        errno = failing;
        return 1;
    }
    return 0;
}

static uint64_t inode_of(int fd)
{
    struct stat about;
    return fstat(fd, &about) == 0 ? about.st_ino : 0;
}

static uint64_t inode_at(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0 ? about.st_ino : 0;
}

static void note(char operation, uint64_t inode, uint64_t offset, const char *path, const char *other,
                 const void *data, size_t size)
{
    struct head head = {operation, inode, offset, strlen(path), other ? strlen(other) : 0, size};
    struct iovec parts[] = {
        {&head, sizeof head}, {(void *)path, head.path}, {(void *)other, head.other}, {(void *)data, size}};
    if (trace >= 0 && REAL(writev)(trace, parts, 4) < 0)
        abort();
}

static int opened(const char *path, int flags, mode_t mode, int folder, int wide)
{
    char full[PATH_MAX];
    HOLD;
    int mine = folder == AT_FDCWD && whole(path, full) && (flags & (O_WRONLY | O_RDWR));
    int there = mine && access(full, F_OK) == 0;
    int fd = -1;
    if (!(mine && !there && (flags & O_CREAT) && refused()))
        fd = wide ? REAL(openat64)(folder, path, flags, mode) : REAL(openat)(folder, path, flags, mode);
    if (mine && fd >= 0) {
        if (!there)
            note('c', inode_of(fd), 0, full, NULL, NULL, 0);
        else if (flags & O_TRUNC)
            note('t', inode_of(fd), 0, full, NULL, NULL, 0);
    }
    LET_GO;
    return fd;
}

#define MODE                                                                                                          \
    mode_t mode = 0;                                                                                                  \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                                              \
        va_list rest;                                                                                                 \
        va_start(rest, flags);                                                                                        \
        mode = va_arg(rest, mode_t);                                                                                  \
        va_end(rest);                                                                                                 \
    }

int open(const char *path, int flags, ...) { MODE return opened(path, flags, mode, AT_FDCWD, 0); }
int open64(const char *path, int flags, ...) { MODE return opened(path, flags, mode, AT_FDCWD, 1); }
int openat(int folder, const char *path, int flags, ...) { MODE return opened(path, flags, mode, folder, 0); }
int openat64(int folder, const char *path, int flags, ...) { MODE return opened(path, flags, mode, folder, 1); }

static FILE *streamed(const char *path, const char *how, int wide)
{
    char full[PATH_MAX];
    HOLD;
    int mine = whole(path, full) && how[0] != 'r';
    int there = mine && access(full, F_OK) == 0;
    FILE *file = NULL;
    if (!(mine && !there && refused()))
        file = wide ? REAL(fopen64)(path, how) : REAL(fopen)(path, how);
    if (mine && file) {
        if (!there)
            note('c', inode_of(fileno(file)), 0, full, NULL, NULL, 0);
        else if (how[0] == 'w')
            note('t', inode_of(fileno(file)), 0, full, NULL, NULL, 0);
    }
    LET_GO;
    return file;
}

FILE *fopen(const char *path, const char *how) { return streamed(path, how, 0); }
FILE *fopen64(const char *path, const char *how) { return streamed(path, how, 1); }

#define WRITTEN(call, offset_after, bytes)                                                                            \
    char path[PATH_MAX];                                                                                              \
    HOLD;                                                                                                             \
    int mine = path_of(fd, path);                                                                                     \
    ssize_t n = mine && refused() ? -1 : (call);                                                                      \
    if (mine && n > 0)                                                                                                \
        note('w', inode_of(fd), (offset_after), path, NULL, (bytes), n);                                              \
    LET_GO;                                                                                                           \
    return n;

ssize_t write(int fd, const void *data, size_t size)
{
    WRITTEN(REAL(write)(fd, data, size), lseek(fd, 0, SEEK_CUR) - n, data)
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { WRITTEN(REAL(pwrite)(fd, data, size, at), at, data) }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    WRITTEN(REAL(pwrite64)(fd, data, size, at), at, data)
}

/* What came into a file without passing through this process is read back. */
static void read_back(int fd, const char *path, off_t from, ssize_t size)
{
    char self[64], piece[1 << 16];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    int back = REAL(open)(self, O_RDONLY | O_CLOEXEC);
    while (size > 0) {
        ssize_t n = pread(back, piece, size < (ssize_t)sizeof piece ? size : (ssize_t)sizeof piece, from);
        if (n <= 0)
            abort();
        note('w', inode_of(fd), from, path, NULL, piece, n);
        from += n;
        size -= n;
    }
    close(back);
}

#define ARRIVED(fd, call)                                                                                             \
    char path[PATH_MAX];                                                                                              \
    HOLD;                                                                                                             \
    int mine = path_of(fd, path);                                                                                     \
    ssize_t n = mine && refused() ? -1 : (call);                                                                      \
    if (mine && n > 0)                                                                                                \
        read_back(fd, path, lseek(fd, 0, SEEK_CUR) - n, n);                                                           \
    LET_GO;                                                                                                           \
    return n;

ssize_t writev(int fd, const struct iovec *parts, int count) { ARRIVED(fd, REAL(writev)(fd, parts, count)) }
ssize_t sendfile(int to, int from, off_t *at, size_t size) { ARRIVED(to, REAL(sendfile)(to, from, at, size)) }
ssize_t sendfile64(int to, int from, off64_t *at, size_t size) { ARRIVED(to, REAL(sendfile64)(to, from, at, size)) }

#define DONE(fd, operation, offset, call)                                                                             \
    char path[PATH_MAX];                                                                                              \
    HOLD;                                                                                                             \
    int mine = path_of(fd, path);                                                                                     \
    int bad = mine && refused() ? -1 : (call);                                                                        \
    if (mine && bad == 0)                                                                                             \
        note((operation), inode_of(fd), (offset), path, NULL, NULL, 0);                                               \
    LET_GO;                                                                                                           \
    return bad;

static char kind_of(int fd)
{
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISDIR(about.st_mode) ? 'd' : 's';
}

int fsync(int fd) { DONE(fd, kind_of(fd), 0, REAL(fsync)(fd)) }
int fdatasync(int fd) { DONE(fd, kind_of(fd), 0, REAL(fdatasync)(fd)) }
int ftruncate(int fd, off_t size) { DONE(fd, 't', size, REAL(ftruncate)(fd, size)) }
int ftruncate64(int fd, off64_t size) { DONE(fd, 't', size, REAL(ftruncate64)(fd, size)) }

#define NAMED(operation, path, other_path, call) NAMED_IN(AT_FDCWD, operation, path, other_path, call)
#define NAMED_IN(folder, operation, path, other_path, call)                                                           \
    char full[PATH_MAX], other[PATH_MAX] = {0};                                                                        \
    HOLD;                                                                                                             \
    int mine = whole_in(folder, path, full);                                                                          \
    uint64_t inode = mine ? inode_at(full) : 0;                                                                       \
    whole(other_path, other);                                                                                         \
    int bad = mine && (inode || (operation) == 'm') && refused() ? -1 : (call);                                       \
    if (mine && bad == 0)                                                                                             \
        note((operation), inode, 0, full, other, NULL, 0);                                                            \
    LET_GO;                                                                                                           \
    return bad;

int rename(const char *from, const char *to) { NAMED('r', from, to, REAL(rename)(from, to)) }
int unlink(const char *path) { NAMED('u', path, (char *)NULL, REAL(unlink)(path)) }
int link(const char *from, const char *to) { NAMED('l', from, to, REAL(link)(from, to)) }
int mkdir(const char *path, mode_t mode) { NAMED('m', path, (char *)NULL, REAL(mkdir)(path, mode)) }
int rmdir(const char *path) { NAMED('x', path, (char *)NULL, REAL(rmdir)(path)) }

/* Python calls these with AT_FDCWD. */
int unlinkat(int folder, const char *path, int flags)
{
    char kind = flags & AT_REMOVEDIR ? 'x' : 'u';
    NAMED_IN(folder, kind, path, (char *)NULL, REAL(unlinkat)(folder, path, flags))
}
int linkat(int of, const char *from, int to_folder, const char *to, int flags)
{
    NAMED('l', from, to, REAL(linkat)(of, from, to_folder, to, flags))
}
int renameat(int of, const char *from, int to_folder, const char *to)
{
    NAMED('r', from, to, REAL(renameat)(of, from, to_folder, to))
}
