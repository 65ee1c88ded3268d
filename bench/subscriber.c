/* As little as a subscriber can do: take QoS 1 messages, count them, acknowledge them.
   subscriber PORT FILTER COUNT: writes "subscribed", then how many came and the seconds from the first to the last. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static unsigned char in[1 << 20], out[1 << 20];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void send_all(int s, const unsigned char *from, size_t left) {
    while (left) {
        ssize_t sent = write(s, from, left);
        if (sent <= 0) exit(1);
        from += sent;
        left -= (size_t)sent;
    }
}

static void receive(int s, unsigned char *to, size_t left) {
    while (left) {
        ssize_t got = read(s, to, left);
        if (got <= 0) exit(1);
        to += got;
        left -= (size_t)got;
    }
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
    inet_pton(AF_INET, "127.0.0.1", &there.sin_addr);
    long wanted = atol(argv[3]), count = 0;
    int s = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (connect(s, (struct sockaddr *)&there, sizeof there)) return 1;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);

    static const unsigned char hello[] = {0x10, 15, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 3, 's', 'u', 'b'};
    send_all(s, hello, sizeof hello);
    receive(s, in, 4);
    size_t length = strlen(argv[2]);
    unsigned char ask[128] = {0x82, (unsigned char)(length + 5), 0, 1, 0, (unsigned char)length};
    if (length > 100) return 2;
    memcpy(ask + 6, argv[2], length);
    ask[6 + length] = 1;
    send_all(s, ask, 7 + length);
    receive(s, in, 5);
    puts("subscribed");
    fflush(stdout);

    size_t held = 0;
    double first = 0, last = 0;
    while (count < wanted) {
        ssize_t got = read(s, in + held, sizeof in - held);
        if (got <= 0) break;
        held += (size_t)got;
        size_t at = 0, owed = 0;
        for (;;) {
            size_t body = 0, start = at + 1;
            int shift = 0, whole = 0;
            for (; start < held && shift < 28; shift += 7) {
                body |= (size_t)(in[start] & 0x7f) << shift;
                if (!(in[start++] & 0x80)) {
                    whole = 1;
                    break;
                }
            }
            if (!whole || start + body > held) break;
            if (in[at] >> 4 == 3) {
                size_t id = start + 2 + ((size_t)in[start] << 8 | in[start + 1]);
                if (in[at] & 0x06) {
                    unsigned char paid[] = {0x40, 2, in[id], in[id + 1]};
                    memcpy(out + owed, paid, 4);
                    owed += 4;
                }
                count++;
            }
            at = start + body;
        }
        memmove(in, in + at, held - at);
        held -= at;
        send_all(s, out, owed);
        last = now();
        if (!first && count) first = last;
    }
    printf("%ld %.6f\n", count, last - first);
    return count < wanted;
}
