#!/bin/sh
# kernel.sh plain|tracked|unverified TUNFEED PATH: the kernel forwards a capture's packets from one TUN device to another,
# behind which nobody listens, in a network namespace of its own. plain: a rule that no packet meets; tracked: the same rule, but it
# asks connection tracking, which therefore runs; unverified: so, without checksums.
set -eu
if [ -z "${IN_NAMESPACE:-}" ]; then
    IN_NAMESPACE=1 exec unshare --net sh "$0" "$@"
fi
ip link set lo up
ip tuntap add dev in0 mode tun
ip link set in0 up
ip tuntap add dev out0 mode tun
ip link set out0 up
ip route add default dev out0
for setting in ip_forward=1 conf.all.rp_filter=0 conf.in0.rp_filter=0; do
    echo "${setting#*=}" >"/proc/sys/net/ipv4/$(echo "${setting%=*}" | tr . /)"
done
rule="meta mark 0xffffff drop"
[ "$1" = plain ] || rule="ct mark 0xffffff drop"
nft "add table ip bench; add chain ip bench forward { type filter hook forward priority 0; }; add rule ip bench forward $rule"
[ "$1" != unverified ] || echo 0 >/proc/sys/net/netfilter/nf_conntrack_checksum
# No flow ends while the capture runs, however long that takes.
for timeout in tcp_timeout_close icmp_timeout udp_timeout; do
    [ "$1" = plain ] || echo 3600 >"/proc/sys/net/netfilter/nf_conntrack_$timeout"
done
"$2" in0 "$3"
forwarded=$(awk '/^Ip: [0-9]/ { print $7 }' /proc/net/snmp)
echo "$forwarded forwarded $(cat /proc/sys/net/netfilter/nf_conntrack_count) flows"
