from ctcore.ops cimport L3Ops, L4Ops


cdef class L3Slot:
    cdef public L3Ops ops
    cdef public int addrs_at, addrs_len, l3num, ethertype
    cdef public bint ask_l4proto, has_broadcast
    cdef public dict broadcasts
    cdef public list chains, local, suffix
    cdef public object hooks
    cdef public object checksum, checksum_partial, defrag, get_l4proto, hook_ops, info, invert_tuple, name
    cdef public object nlattr_to_tuple, parse_network, pkt_to_tuple, plugin, print_tuple, rcv, route, sysctls
    cdef public object tuple_to_nlattr


cdef class L4Slot:
    cdef public L4Ops ops
    cdef public int u_at, error_before_lookup
    cdef public bint allow_clash
    cdef public object can_early_drop, destroy, error, from_nlattr, info, invert_tuple, name, new
    cdef public object nlattr_to_tuple, packet, pkt_to_tuple, plugin, print_conntrack, print_save, print_tuple
    cdef public object print_save_private, print_xml, print_xml_state, protoinfo, state_names, sysctls, to_nlattr, tuple_to_nlattr


cdef class ExtSlot:
    cdef public int id
    cdef public object column, create, destroy, dump, event, info, move, name, packet, plugin, switch
