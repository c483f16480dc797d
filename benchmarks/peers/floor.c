/* What no tracker can go below: floor read PATH    reads a capture with libpcap and adds up packets and IP bytes
                                 floor hash PATH    also looks each packet's flow up in an open hash table

   The table is as bare as can be: 40 bytes of key (two addresses of 16 bytes, two ports, the protocol), 8 of value, linear
   probing, at most half full, both directions of a flow in it as in conntrack. Nothing is checked, nothing expires.
   Prints packets, bytes, flows. Ethernet and IPv4 only, which is all that the benchmark's captures have. */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key { uint8_t source[16], target[16]; uint16_t from, to; uint32_t protocol; };
struct slot { struct key key; uint64_t packets; };

static struct slot *slots;
static uint64_t mask, entries;

static uint64_t hash(const struct key *key)
{
    uint64_t words[5], h = 0x9e3779b97f4a7c15u;
    memcpy(words, key, sizeof words);
    for (int i = 0; i < 5; i++) {
        h = (h ^ words[i]) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    return h;
}

static struct slot *find(const struct key *key)
{
    uint64_t i = hash(key) & mask;
    while (slots[i].packets && memcmp(&slots[i].key, key, sizeof *key))
        i = (i + 1) & mask;
    return &slots[i];
}

static void grow(uint64_t size)
{
    struct slot *old = slots;
    uint64_t count = old ? mask + 1 : 0;
    slots = calloc(size, sizeof *slots);
    if (!slots) {
        fprintf(stderr, "floor: no memory for %llu slots\n", (unsigned long long)size);
        exit(1);
    }
    mask = size - 1;
    for (uint64_t i = 0; i < count; i++)
        if (old[i].packets)
            *find(&old[i].key) = old[i];
    free(old);
}

static void insert(const struct key *key)
{
    struct slot *slot = find(key);
    slot->key = *key;
    slot->packets = 1;
    if (++entries * 2 > mask)
        grow((mask + 1) * 2);
}

static void track(const uint8_t *ip)
{
    const uint8_t *transport = ip + (ip[0] & 15) * 4;
    struct key key = {.protocol = ip[9]}, reverse = {.protocol = ip[9]};
    memcpy(key.source, ip + 12, 4);
    memcpy(key.target, ip + 16, 4);
    memcpy(reverse.source, key.target, 16);
    memcpy(reverse.target, key.source, 16);
    if (ip[9] == 1) { /* an echo's identifier, the same in both directions */
        memcpy(&key.from, transport + 4, 2);
        reverse.from = key.from;
    } else {
        memcpy(&key.from, transport, 4);
        reverse.from = key.to;
        reverse.to = key.from;
    }
    struct slot *slot = find(&key);
    if (slot->packets) {
        slot->packets++;
    } else {
        insert(&key);
        insert(&reverse);
    }
}

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE];
    struct pcap_pkthdr *header;
    const u_char *frame;
    uint64_t packets = 0, bytes = 0;
    int status;
    if (argc != 3 || (strcmp(argv[1], "read") && strcmp(argv[1], "hash"))) {
        fputs("usage: floor read|hash PATH\n", stderr);
        return 2;
    }
    pcap_t *capture = pcap_open_offline(argv[2], error);
    if (!capture) {
        fprintf(stderr, "floor: %s\n", error);
        return 1;
    }
    int hashing = argv[1][0] == 'h';
    if (hashing)
        grow(4096);
    while ((status = pcap_next_ex(capture, &header, &frame)) == 1) {
        if (header->caplen < 42 || frame[12] != 8 || frame[13])
            continue;
        packets++;
        bytes += frame[16] << 8 | frame[17];
        if (hashing)
            track(frame + 14);
    }
    printf("%llu %llu %llu\n", (unsigned long long)packets, (unsigned long long)bytes, (unsigned long long)entries / 2);
    return status == PCAP_ERROR_BREAK ? 0 : 1;
}
