/* tunfeed DEVICE PATH    writes the packets of an Ethernet pcap file, without their frames, to a TUN device
   Prints packets and the nanoseconds of processor time that this thread needed: the kernel routes each packet, and tracks
   it where somebody asked for that, within the write. */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

int main(int argc, char **argv)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    struct stat about;
    uint64_t packets = 0, refused = 0;
    if (argc != 3) {
        fputs("usage: tunfeed DEVICE PATH\n", stderr);
        return 2;
    }
    strncpy(request.ifr_name, argv[1], IFNAMSIZ - 1);
    int tun = open("/dev/net/tun", O_RDWR), file = open(argv[2], O_RDONLY);
    if (tun < 0 || ioctl(tun, TUNSETIFF, &request) < 0 || file < 0 || fstat(file, &about) < 0) {
        perror("tunfeed");
        return 1;
    }
    const uint8_t *data = mmap(NULL, about.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
    if (data == MAP_FAILED) {
        perror("tunfeed");
        return 1;
    }
    const uint8_t *end = data + about.st_size, *at = data + 24;
    uint64_t start = now();
    while (at + 16 <= end) {
        uint32_t size;
        memcpy(&size, at + 8, 4);
        if (at + 16 + size > end)
            break;
        refused += write(tun, at + 30, size - 14) < 0;
        packets++;
        at += 16 + size;
    }
    printf("%llu packets %llu ns %llu refused\n", (unsigned long long)packets, (unsigned long long)(now() - start),
           (unsigned long long)refused);
    return 0;
}
